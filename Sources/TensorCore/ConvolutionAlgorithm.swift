/// How a pass of a convolution is computed.
///
/// The choice is part of a result's definition, as each algorithm rounds differently: it follows from the shapes of
/// one image and of the weight alone, never from a timing, the number of images, of threads or the processor.
package enum ConvolutionAlgorithm: Hashable, Sendable {
  /// By definition, each product once.
  case direct
  /// Fewer multiplications; see ``WinogradForm``.
  case winograd(WinogradForm)

  /// One of the three kernels.
  package enum Pass: Hashable, Sendable, CaseIterable {
    case forward, inputGradient, weightGradient
  }

  /// Names the table below; it changes whenever a choice or an algorithm's arithmetic does.
  package static let tableIdentity = "winograd-1"
}

extension ConvolutionPlane {
  /// The table.
  func algorithm(for pass: ConvolutionAlgorithm.Pass) -> ConvolutionAlgorithm {
    guard min(inputChannels, outputChannels) >= 32 else { return .direct }
    let tiles = WinogradForm.f4x2.tiles(output).product
    let form: WinogradForm = tiles >= 4 ? .f4x2 : .f2x2
    return supports(form) ? .winograd(form) : .direct
  }

  /// Whether the kernel falls into stride phases of the form's taps, and channels into whole vectors.
  func supports(_ form: WinogradForm) -> Bool {
    input.z == 1 && kernel.z == 1 && stride.y == stride.x && kernel.y == kernel.x
      && kernel.y == form.taps * stride.y && inputChannels % 16 == 0 && outputChannels % 16 == 0
  }
}
