import Networks
import TensorCore

/// The generator of ``Pix2Pix``, a U-Net (Ronneberger et al. 2015): the layers of DCGAN's discriminator down
/// to 4 places a side, then those of its generator up again, each joined by what stands at its side on the
/// way down. As chains around one another its parameters have names such as `main.0.inner.2.inner.0.weight`.
enum Pix2PixNetworks {
  /// `[N, size…, C + 1]` to `[N, size…, C]`.
  static func generator(_ configuration: Pix2Pix.Configuration) -> Completion {
    Completion(
      layers(
        configuration.halving, from: configuration.channels + 1, to: configuration.channels,
        width: configuration.generatorFeatures, halvings: configuration.halvings, isNormalized: false)
        + [Tanh()])
  }

  /// The layers from a side to its half, all that is within that, and back.
  /// - Parameters:
  ///   - width: channels of the half.
  ///   - halvings: of the side, down to 4 places.
  ///   - isNormalized: whether batch norm stands behind the first convolution.
  private static func layers(
    _ halving: ConvolutionGeometry, from inputs: Int, to outputs: Int, width: Int, halvings: Int,
    isNormalized: Bool = true
  ) -> [any Layer] {
    func norm() -> BatchNorm { BatchNorm(channels: width, initializer: DCGANNetworks.scales) }
    var chain: [any Layer] = [
      Convolution(from: inputs, to: width, halving, bias: false, initializer: DCGANNetworks.weights)
    ]
    if isNormalized { chain.append(norm()) }
    chain.append(Rectifier(slope: 0.2))
    if halvings > 1 {
      let inner = layers(halving, from: width, to: width, width: 2 * width, halvings: halvings - 1)
      chain.append(Skip(inner + [norm(), Rectifier()]))
    }
    chain.append(
      TransposedConvolution(
        from: halvings > 1 ? 2 * width : width, to: outputs, halving, bias: false,
        initializer: DCGANNetworks.weights))
    return chain
  }
}
