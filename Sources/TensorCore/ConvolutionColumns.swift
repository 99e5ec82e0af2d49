extension ConvolutionPlane {
  /// Multiplies every upstream pixel by the whole weight, which gives a column of taps × input channels, and folds
  /// the columns into the input.
  func inputGradientByColumns(
    upstream: UnsafePointer<Float>, weight: Tensor, result: UnsafeMutablePointer<Float>,
    _ kernels: KernelTable
  ) {
    let packed = weight.packed(PackedWeightsKey(.columns, of: weight, self, kernels), kernels) {
      [columnWeights]
    }
    let columns = taps * inputChannels
    if output == .one, padding == .zero, input == kernel {
      // A projection: the column of the only upstream pixel is the image.
      let product = columnProduct(images: 0..<images, upstream, packed, result: result)
      return PatchProduct.run([product], kernels)
    }
    // Groups of images whose columns stay in the cache until they are folded.
    let group = max(PatchProduct.rowBlock / output.product, 1)
    let groups = (images + group - 1) / group
    ComputeThreads.run(jobs: groups) { index in
      let range = index * group..<min((index + 1) * group, images)
      let scratch = TensorStorage(count: range.count * output.product * columns)
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
  private var columnWeights: PackedWeights {
    PackedWeights(
      depthOffsets: (0..<outputChannels).map { $0 * inputChannels * taps },
      columnOffsets: (0..<taps).flatMap { tap in (0..<inputChannels).map { $0 * taps + tap } })
  }

  /// Adds the columns of one image, upstream pixels in row-major order, to the input pixels under their taps.
  private func fold(_ columns: UnsafePointer<Float>, to image: UnsafeMutablePointer<Float>) {
    clear(image, input.product * inputChannels)
    let run = kernel.x * inputChannels
    var column = columns
    for z in 0..<output.z {
      for y in 0..<output.y {
        for x in 0..<output.x {
          let left = x * stride.x - padding.x
          let from = max(-left, 0) * inputChannels
          let to = min(input.x - left, kernel.x) * inputChannels
          for tz in 0..<kernel.z {
            for ty in 0..<kernel.y {
              let iz = z * stride.z - padding.z + tz
              let iy = y * stride.y - padding.y + ty
              if iz >= 0, iz < input.z, iy >= 0, iy < input.y, from < to {
                let line = (iz * input.y + iy) * input.x + left
                accumulate(column + from, to: image + (line * inputChannels + from), to - from)
              }
              column += run
            }
          }
        }
      }
    }
  }
}

/// Adds floats to those at `destination`.
@inline(__always)
private func accumulate(
  _ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>, _ count: Int
) {
  var from = UnsafeRawPointer(source)
  var to = UnsafeMutableRawPointer(destination)
  var remaining = count
  while remaining >= 8 {
    let sum = to.loadUnaligned(as: SIMD8<Float>.self) + from.loadUnaligned(as: SIMD8<Float>.self)
    to.storeBytes(of: sum, as: SIMD8<Float>.self)
    from += 32
    to += 32
    remaining &-= 8
  }
  while remaining > 0 {
    to.storeBytes(of: to.load(as: Float.self) + from.load(as: Float.self), as: Float.self)
    from += 4
    to += 4
    remaining &-= 1
  }
}
