extension ConvolutionPlane {
  /// `result` = the convolution of `input`, as the sum over its taps along z and its stride phases in the
  /// plane.
  func winogradForward(
    _ form: WinogradForm, input activation: UnsafePointer<Float>, weight: Tensor,
    result: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let packed = weight.packed(.convolution(PackedWeightsForm(.tiles(form), self, kernels)), kernels) {
      WinogradWeights(
        form: form, matrices: [layers.map { windowTaps($0, form) }], taps: taps,
        depth: (inputChannels, taps), columns: (outputChannels, inputChannels * taps))
    }
    let tiles = form.tiles(output)
    let product = WinogradProduct(
      form: form, sources: layers.map { inputSquares($0, form) }, channels: inputChannels,
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
        form: form,
        matrices: residues.map { residue in
          descendingTaps(kernel.z / stride.z, residue.z, stride.z).map {
            windowTaps(Triple($0, residue.y, residue.x), form).reversed()
          }
        }, taps: taps, depth: (outputChannels, inputChannels * taps), columns: (inputChannels, taps))
    }
    // Each phase has a matrix, and all are equally large.
    let matrixCount = packed.count / residues.count
    let products = phases.enumerated().map { index, phase in
      let tiles = form.tiles(phase.grid)
      return WinogradProduct(
        form: form,
        sources: (0..<phase.taps.z).map { plane in
          TileSquares(
            images: images, extents: output, channels: outputChannels, tiles: tiles, side: form.inputs,
            spacing: form.outputs, step: .one,
            origin: Triple(phase.origin.z + plane, phase.origin.y, phase.origin.x))
        },
        channels: outputChannels, activation: upstream,
        weights: packed.pointer + index * matrixCount,
        target: TileSquares(
          images: images, extents: input, channels: inputChannels, tiles: tiles, side: form.outputs,
          spacing: form.outputs, step: stride, origin: phase.first),
        columns: inputChannels, result: result)
    }
    WinogradProduct.run(products, kernels)
  }

  /// The two-dimensional correlations that the convolution is the sum of: each tap along z with each residue
  /// of the stride in the plane.
  var layers: [Triple] { Triple(kernel.z, stride.y, stride.x).places }

  /// The input pixels of one layer under the tiles of the output.
  func inputSquares(_ layer: Triple, _ form: WinogradForm) -> TileSquares {
    TileSquares(
      images: images, extents: input, channels: inputChannels, tiles: form.tiles(output), side: form.inputs,
      spacing: form.outputs, step: stride, origin: layer.zip(padding) { $0 - $1 })
  }

  /// The kernel positions of a layer, in the order of its pixels.
  func windowTaps(_ layer: Triple, _ form: WinogradForm) -> [Int] {
    (0..<form.taps).flatMap { y in
      (0..<form.taps).map { x in tapIndex(layer.z, layer.y + y * stride.y, layer.x + x * stride.x) }
    }
  }
}
