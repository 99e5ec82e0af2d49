extension ConvolutionPlane {
  /// `result` = the convolution of `input`, as the sum over its stride phases.
  func winogradForward(
    _ form: WinogradForm, input activation: UnsafePointer<Float>, weight: Tensor,
    result: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let packed = weight.packed(.convolution(PackedWeightsForm(.tiles(form), self, kernels)), kernels) {
      WinogradWeights(
        form: form, phaseTaps: residues.map { windowTaps($0, form) }, areSummed: true, taps: taps,
        depth: (inputChannels, taps), columns: (outputChannels, inputChannels * taps))
    }
    let tiles = form.tiles(output)
    let product = WinogradProduct(
      form: form, sources: residues.map { inputSquares($0, form) }, channels: inputChannels,
      activation: activation, weights: packed.pointer,
      target: TileSquares(
        images: images, extents: output, channels: outputChannels, tiles: tiles, side: form.outputs,
        spacing: form.outputs, step: .one, origin: .zero),
      columns: outputChannels, result: result)
    WinogradProduct.run([product], kernels)
  }

  /// `result` = the derivative of the convolution with respect to its input, applied to `upstream`, one
  /// stride phase of the result after the other.
  func winogradInputGradient(
    _ form: WinogradForm, upstream: UnsafePointer<Float>, weight: Tensor,
    result: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let packed = weight.packed(.convolution(PackedWeightsForm(.adjointTiles(form), self, kernels)), kernels) {
      WinogradWeights(
        form: form, phaseTaps: residues.map { windowTaps($0, form).reversed() }, areSummed: false, taps: taps,
        depth: (outputChannels, inputChannels * taps), columns: (inputChannels, taps))
    }
    let matrices = kernels.panels(inputChannels).packedCount(depth: form.positions * outputChannels)
    let products = phases.enumerated().map { index, phase in
      let tiles = form.tiles(phase.grid)
      return WinogradProduct(
        form: form,
        sources: [
          TileSquares(
            images: images, extents: output, channels: outputChannels, tiles: tiles, side: form.inputs,
            spacing: form.outputs, step: .one, origin: phase.origin)
        ],
        channels: outputChannels, activation: upstream, weights: packed.pointer + index * matrices,
        target: TileSquares(
          images: images, extents: input, channels: inputChannels, tiles: tiles, side: form.outputs,
          spacing: form.outputs, step: stride, origin: phase.first),
        columns: inputChannels, result: result)
    }
    WinogradProduct.run(products, kernels)
  }

  /// The input pixels of one stride phase under the tiles of the output.
  func inputSquares(_ residue: Triple, _ form: WinogradForm) -> TileSquares {
    TileSquares(
      images: images, extents: input, channels: inputChannels, tiles: form.tiles(output), side: form.inputs,
      spacing: form.outputs, step: stride, origin: residue.zip(padding) { $0 - $1 })
  }

  /// The kernel positions that meet a phase, in the order of its pixels.
  func windowTaps(_ residue: Triple, _ form: WinogradForm) -> [Int] {
    (0..<form.taps).flatMap { y in
      (0..<form.taps).map { x in tapIndex(0, residue.y + y * stride.y, residue.x + x * stride.x) }
    }
  }
}
