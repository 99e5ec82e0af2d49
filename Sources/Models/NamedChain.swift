import Autograd
import Networks

/// Gives the layers of a network PyTorch's names: `main.0.weight`.
struct NamedChain {
  let main: Sequential
}

extension [Network] {
  /// A generator with its average, and a discriminator, with uninitialised parameters.
  /// - Parameters:
  ///   - weightLimit: what the discriminator's weights are cut off at.
  ///   - isSpectral: whether the discriminator has spectrally normalised layers.
  static func adversarial(
    generator: Sequential, average: Sequential, discriminator: Sequential, weightLimit: Float?,
    isSpectral: Bool
  ) -> [Network] {
    [
      Network(
        ParameterStore(name: "generator", module: NamedChain(main: generator)),
        average: ParameterStore(name: "generator", module: NamedChain(main: average))),
      Network(
        ParameterStore(name: "discriminator", module: NamedChain(main: discriminator)),
        weightLimit: weightLimit, afterUpdate: isSpectral ? { discriminator.iterateSpectralNorms() } : nil),
    ]
  }
}
