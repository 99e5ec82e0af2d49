/// How a pass of a convolution is computed.
///
/// The choice is part of a result's definition, as each algorithm rounds differently: it follows from the
/// shapes of the weight and of one image alone, never from a timing, the number of images or threads, or the
/// processor.
///
/// | pass | kernel | channels in and out | products per output | algorithm | error, RMS | error, maximum |
/// |---|---|---|---|---|---|---|
/// | all | 2 x 2 for each stride phase | 32 or more, multiples of 16 | 25 : 64 | F(4 × 4, 2 × 2) | 1.7 | 1.7 |
/// | all | 2 x 2 for each stride phase | 32 or more, multiples of 16 | 9 : 16 | F(2 × 2, 2 × 2) | 1.3 | 1.1 |
/// | all | 3 x 3 for each stride phase | 32 or more, multiples of 16 | 1 : 4 | F(4 × 4, 3 × 3) | 2.3 | 1.9 |
/// | all | 3 x 3 for each stride phase | 32 or more, multiples of 16 | 4 : 9 | F(2 × 2, 3 × 3) | 1.3 | 0.8 |
/// | all | any other | | 1 : 1 | direct | 1 | 1 |
///
/// The errors are the largest found over the layers of DCGANs, of residual networks and of a GAN of volumes,
/// as multiples of the direct algorithm's against Float64. Tiles that reach beyond the edge spoil the ratio
/// of products, so that of the two forms the one with fewer products is taken, if it needs no more than three
/// quarters of the direct algorithm's; and no image is cut into fewer than four tiles, as then reading the
/// transformed weights takes longer than multiplying by them.
package enum ConvolutionAlgorithm: Hashable, Sendable {
  /// By definition, each product once.
  case direct
  /// Fewer multiplications; see ``WinogradForm``.
  case winograd(WinogradForm)

  /// The algorithm for the convolution of images of `inputExtents`, and for both of its gradients.
  package static func chosen(
    for geometry: ConvolutionGeometry, inputExtents: [Int], inputChannels: Int, outputChannels: Int
  ) -> ConvolutionAlgorithm {
    ConvolutionPlane(
      geometry, images: 1, input: inputExtents, output: geometry.outputExtents(of: inputExtents),
      inputChannels: inputChannels, outputChannels: outputChannels
    ).algorithm
  }
}

extension ConvolutionPlane {
  /// The table's choice.
  var algorithm: ConvolutionAlgorithm {
    guard min(inputChannels, outputChannels) >= 32 else { return .direct }
    var best = ConvolutionAlgorithm.direct
    var fewest = output.product * taps * 3 / 4
    for form in WinogradForm.allCases where supports(form) {
      let tiles = form.tiles(output).product
      let products = tiles * form.positions * layers.count
      if tiles >= 4, products <= fewest { (best, fewest) = (.winograd(form), products) }
    }
    return best
  }

  /// Whether each stride phase of the kernel in the plane has the form's taps, those along z have equally
  /// many taps, and channels fill whole vectors.
  func supports(_ form: WinogradForm) -> Bool {
    kernel.z.isMultiple(of: stride.z) && stride.y == stride.x && kernel.y == kernel.x
      && kernel.y == form.taps * stride.y && inputChannels % 16 == 0
      && outputChannels % 16 == 0
  }
}
