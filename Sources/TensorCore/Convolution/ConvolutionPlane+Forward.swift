extension ConvolutionPlane {
  /// The output pixels as rows of A: a patch of the input each.
  var forwardPatches: Patches {
    Patches(
      images: images, source: input, channels: inputChannels, taps: kernel, step: stride,
      origin: padding.map { -$0 }, grid: output)
  }

  /// `result` = the convolution of `input`.
  func forward(
    input: UnsafePointer<Float>, weight: Tensor, result: UnsafeMutablePointer<Float>,
    by algorithm: ConvolutionAlgorithm, _ kernels: KernelTable
  ) {
    if case .winograd(let form) = algorithm {
      return winogradForward(form, input: input, weight: weight, result: result, kernels)
    }
    if isThin { return thinForward(input: input, weight: weight, result: result, kernels) }
    let packed = weight.packed(.convolution(PackedWeightsForm(.taps, self, kernels)), kernels) {
      forwardWeights
    }
    let product = PatchProduct(
      patches: forwardPatches, activation: input, weights: packed.pointer, columns: outputChannels,
      result: result, placement: .dense(output, channels: outputChannels))
    PatchProduct.run([product], kernels)
  }

  /// Depth: taps, then input channels. Columns: output channels.
  private var forwardWeights: PackedWeights {
    PackedWeights(
      depths: [taps * inputChannels],
      rows: (0..<inputChannels).flatMap { input in
        (0..<taps).map {
          PackedWeights.Row(source: input * taps + $0, matrix: 0, depth: $0 * inputChannels + input)
        }
      },
      columns: (0..<outputChannels).map { $0 * inputChannels * taps })
  }
}

extension PatchProduct.Placement {
  /// Row after row of an activation `[images, extents, channels]`.
  static func dense(_ extents: Triple, channels: Int) -> Self {
    Self(
      base: 0, image: extents.product * channels, z: extents.y * extents.x * channels,
      y: extents.x * channels, x: channels)
  }
}
