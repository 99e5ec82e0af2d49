extension ConvolutionPlane {
  /// Multiplies every upstream pixel by the whole weight, which gives a column of taps × input channels, and
  /// folds the columns into the input.
  func inputGradientByColumns(
    upstream: UnsafePointer<Float>, weight: Tensor, result: UnsafeMutablePointer<Float>,
    _ kernels: KernelTable
  ) {
    let packed = weight.packed(.convolution(PackedWeightsForm(.columns, self, kernels)), kernels) {
      columnWeights(kernels)
    }
    let columns = taps * inputChannels
    if output == .one, padding == .zero, input == kernel {
      // A projection: the column of the only upstream pixel is the image.
      let product = columnProduct(images: 0..<images, upstream, packed, result: result)
      return PatchProduct.run([product], kernels)
    }
    // Groups of images whose columns stay in the cache until they are folded.
    let group = max(ProductJob.rowBlock / output.product, 1)
    let groups = (images + group - 1) / group
    ComputeThreads.run(jobs: groups) { index in
      let range = index * group..<min((index + 1) * group, images)
      let scratch = Scratch(count: range.count * output.product * columns)
      defer { scratch.end() }
      let product = columnProduct(images: range, upstream, packed, result: scratch.pointer)
      PatchProduct.run([product], kernels)
      for image in range {
        fold(
          scratch.pointer + (image - range.lowerBound) * output.product * columns,
          to: result + image * input.product * inputChannels)
      }
    }
  }

  private func columnProduct(
    images: Range<Int>, _ upstream: UnsafePointer<Float>, _ packed: TensorStorage,
    result: UnsafeMutablePointer<Float>
  ) -> PatchProduct {
    PatchProduct(
      patches: Patches(
        images: images.count, source: output, channels: outputChannels, taps: .one, step: .one,
        origin: .zero, grid: output),
      activation: upstream + images.lowerBound * output.product * outputChannels, weights: packed.pointer,
      columns: taps * inputChannels, result: result,
      placement: .dense(output, channels: taps * inputChannels))
  }

  /// Depth: output channels. Columns: taps, then input channels.
  private func columnWeights(_ kernels: KernelTable) -> PackedWeights {
    let kernelLength = inputChannels * taps
    guard inputChannels % (2 * kernels.lanes) == 0 else {
      return PackedWeights(
        depths: [outputChannels],
        rows: (0..<outputChannels).map { PackedWeights.Row(source: $0 * kernelLength, matrix: 0, depth: $0) },
        columns: (0..<taps).flatMap { tap in (0..<inputChannels).map { $0 * taps + tap } })
    }
    // Every tap fills whole panels, so that the matrix is that of each tap, one behind the other.
    return PackedWeights(
      depths: [Int](repeating: outputChannels, count: taps),
      rows: (0..<outputChannels).flatMap { output in
        (0..<taps).map { PackedWeights.Row(source: output * kernelLength + $0, matrix: $0, depth: output) }
      },
      columns: (0..<inputChannels).map { $0 * taps })
  }

  /// Adds the columns of one image, upstream pixels in row-major order, to the input pixels under their taps.
  private func fold(_ columns: UnsafePointer<Float>, to image: UnsafeMutablePointer<Float>) {
    clear(image, input.product * inputChannels)
    let run = kernel.x * inputChannels
    let line = input.x * inputChannels
    let columnLength = taps * inputChannels
    for z in 0..<output.z {
      for y in 0..<output.y {
        let iz = z * stride.z - padding.z
        let iy = y * stride.y - padding.y
        var column = columns + (z * output.y + y) * output.x * columnLength
        var left = 0 &- padding.x
        var remaining = output.x
        while remaining > 0 {
          let from = max(0 &- left, 0) &* inputChannels
          let to = min(input.x &- left, kernel.x) &* inputChannels
          var part = column
          var tz = iz
          while tz < iz &+ kernel.z {
            var ty = iy
            while ty < iy &+ kernel.y {
              if UInt(bitPattern: tz) < UInt(bitPattern: input.z),
                UInt(bitPattern: ty) < UInt(bitPattern: input.y),
                from < to
              {
                let corner = (tz &* input.y &+ ty) &* line &+ left &* inputChannels
                let target = image + (corner &+ from)
                VectorSum.add(target, part + from, into: target, count: to &- from)
              }
              part += run
              ty &+= 1
            }
            tz &+= 1
          }
          column += columnLength
          left &+= stride.x
          remaining &-= 1
        }
      }
    }
  }
}
