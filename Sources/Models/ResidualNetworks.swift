import Autograd
import Networks
import TensorCore

/// The residual networks of Miyato et al. (2018, "Spectral normalization for generative adversarial
/// networks", tables 5 and 6), after Gulrajani et al. (2017): 3 x 3 convolutions in blocks that double or
/// halve the side, weights by Glorot and Bengio (2010).
///
/// A shortcut's 1 x 1 convolution is computed where there are fewer pixels: before they are doubled, behind
/// their mean. It commutes with both.
enum ResidualNetworks {
  private static let three = ConvolutionGeometry.three
  private static let one = ConvolutionGeometry.whole(1)

  /// Uniform in ± gain · √(6 / (inputs + outputs of a weight)). Those of the generator's projection are
  /// counted as PyTorch counts a transposed convolution's, both times the taps; the paper has a dense layer.
  static func weights(_ inputs: Int, _ outputs: Int, taps: Int, gain: Float = 1) -> Initializer {
    .uniform(bound: gain * (6 / Float((inputs + outputs) * taps)).squareRoot())
  }

  /// The gain of convolutions in front of a rectifier.
  private static let gain = Float(2).squareRoot()

  /// `[N, 1, 1, latent]` to `[N, size, size, channels]`: project to 4 x 4, then blocks that double the side
  /// and, but for the first, halve the channels.
  static func generator(_ configuration: ConvolutionalGAN.Configuration) -> [any Layer] {
    var width = configuration.generatorFeatures << (configuration.doublings - 1)
    var layers: [any Layer] = [
      TransposedConvolution(
        from: configuration.inputCount, to: width, .whole(4),
        initializer: weights(configuration.inputCount, width, taps: 16))
    ]
    for level in 0..<configuration.doublings {
      let next = level == 0 ? width : width / 2
      layers.append(doubling(from: width, to: next))
      width = next
    }
    return layers + [
      BatchNorm(channels: width), Rectifier(),
      Convolution(
        from: width, to: configuration.channels, three,
        initializer: weights(width, configuration.channels, taps: 9)),
      Tanh(),
    ]
  }

  private static func doubling(from inputs: Int, to outputs: Int) -> Residual {
    Residual(
      [
        BatchNorm(channels: inputs), Rectifier(), Upsampling(),
        Convolution(
          from: inputs, to: outputs, three, initializer: weights(inputs, outputs, taps: 9, gain: gain)),
        BatchNorm(channels: outputs), Rectifier(),
        Convolution(
          from: outputs, to: outputs, three, initializer: weights(outputs, outputs, taps: 9, gain: gain)),
      ],
      shortcut: [
        Convolution(from: inputs, to: outputs, one, initializer: weights(inputs, outputs, taps: 1)),
        Upsampling(),
      ])
  }

  /// `[N, size, size, channels]` to the sums of features over all places: blocks that halve the side and, but
  /// for the first, double the channels down to 4 x 4, and one more there. There is no batch norm.
  static func features(
    _ configuration: ConvolutionalGAN.Configuration, _ normalization: ConvolutionalPair.Normalization
  ) -> DiscriminatorFeatures {
    var width = configuration.discriminatorFeatures
    var layers: [any Layer] = [
      halving(from: configuration.discriminatorChannels, to: width, normalization, isFirst: true)
    ]
    for _ in 1..<configuration.doublings {
      layers.append(halving(from: width, to: width * 2, normalization, isFirst: false))
      width *= 2
    }
    layers += [
      Residual([
        Rectifier(), convolution(from: width, to: width, normalization), Rectifier(),
        convolution(from: width, to: width, normalization),
      ]),
      Rectifier(), SumPool(side: 4),
    ]
    return DiscriminatorFeatures(layers: layers, side: 1, channels: width)
  }

  /// - Parameter isFirst: whether the input are samples, which are not rectified.
  private static func halving(
    from inputs: Int, to outputs: Int, _ normalization: ConvolutionalPair.Normalization, isFirst: Bool
  ) -> Residual {
    let inner = isFirst ? outputs : inputs
    return Residual(
      (isFirst ? [] : [Rectifier()]) + [
        convolution(from: inputs, to: inner, normalization), Rectifier(),
        convolution(from: inner, to: outputs, normalization), AveragePool(),
      ],
      shortcut: [
        AveragePool(),
        normalization.convolution(
          from: inputs, to: outputs, one, bias: true, weights(inputs, outputs, taps: 1)),
      ])
  }

  private static func convolution(
    from inputs: Int, to outputs: Int, _ normalization: ConvolutionalPair.Normalization
  ) -> any Layer {
    normalization.convolution(
      from: inputs, to: outputs, three, bias: true, weights(inputs, outputs, taps: 9, gain: gain))
  }
}
