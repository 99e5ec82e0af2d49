import Autograd
import Networks
import TensorCore

/// The layers of Radford et al. (2016): convolutions of stride 2 all the way, weights from N(0, 0.02). With a
/// third axis they are those of 3D-GAN (Wu et al. 2016), but for its sigmoid at the end.
enum DCGANNetworks {
  static let weights = Initializer.normal(mean: 0, deviation: 0.02)
  static let scales = Initializer.normal(mean: 1, deviation: 0.02)

  /// `[N, 1…, latent]` to `[N, size…, channels]`: project to 4 pixels a side, then double it and halve the
  /// channels.
  static func generator(_ configuration: ConvolutionalGAN.Configuration) -> [any Layer] {
    let (project, double) = (configuration.whole, configuration.halving)
    var width = configuration.generatorFeatures << (configuration.doublings - 1)
    var layers: [any Layer] = [
      TransposedConvolution(
        from: configuration.inputCount, to: width, project, bias: false, initializer: weights),
      BatchNorm(channels: width, initializer: scales), Rectifier(),
    ]
    for _ in 1..<configuration.doublings {
      layers += [
        TransposedConvolution(from: width, to: width / 2, double, bias: false, initializer: weights),
        BatchNorm(channels: width / 2, initializer: scales), Rectifier(),
      ]
      width /= 2
    }
    layers += [
      TransposedConvolution(
        from: width, to: configuration.channels, double, bias: false, initializer: weights),
      Tanh(),
    ]
    return layers
  }

  /// `[N, size…, channels]` to features: halve the side and double the channels, down to 4 pixels a side.
  static func features(
    _ configuration: ConvolutionalGAN.Configuration, _ normalization: ConvolutionalPair.Normalization
  ) -> DiscriminatorFeatures {
    let halve = configuration.halving
    var width = configuration.discriminatorFeatures
    var layers: [any Layer] = [
      normalization.convolution(
        from: configuration.discriminatorChannels, to: width, halve,
        bias: configuration.hasDiscriminatorBias, weights),
      Rectifier(slope: 0.2),
    ]
    for _ in 1..<configuration.doublings {
      layers.append(
        normalization.convolution(
          from: width, to: width * 2, halve, bias: configuration.hasDiscriminatorBias, weights))
      if normalization == .batch { layers.append(BatchNorm(channels: width * 2, initializer: scales)) }
      layers.append(Rectifier(slope: 0.2))
      width *= 2
    }
    return DiscriminatorFeatures(layers: layers, side: 4, channels: width)
  }
}
