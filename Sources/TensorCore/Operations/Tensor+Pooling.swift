/// Pooling and nearest-neighbour upsampling of two-dimensional activations `[N, H, W, C]`, windows without
/// padding.
extension Tensor {
  /// The flat index of each window's largest element (the first of equals): max pooling is a gather of them.
  package func windowMaxima(kernel: Int, stride: Int) -> (indices: [Int], shape: Shape) {
    let (batch, height, width, channels) = activationExtents
    let target = pooledShape(kernel: kernel, stride: stride)
    var indices = [Int]()
    indices.reserveCapacity(target.count)
    withUnsafePointer { source in
      for n in 0..<batch {
        for y in 0..<target[1] {
          for x in 0..<target[2] {
            for c in 0..<channels {
              var best = -1
              for dy in 0..<kernel {
                for dx in 0..<kernel {
                  let index = ((n * height + y * stride + dy) * width + x * stride + dx) * channels + c
                  if best < 0 || source[index] > source[best] { best = index }
                }
              }
              indices.append(best)
            }
          }
        }
      }
    }
    return (indices, target)
  }

  /// The sum of each window: `[N, H, W, C]` to `[N, H', W', C]`.
  package func windowSums(kernel: Int, stride: Int) -> Tensor {
    let (batch, height, width, channels) = activationExtents
    let target = pooledShape(kernel: kernel, stride: stride)
    return Tensor(target) { result in
      withUnsafePointer { source in
        ComputeThreads.run(jobs: batch) { n in
          var to = result + n &* target[1] &* target[2] &* channels
          for y in 0..<target[1] {
            for x in 0..<target[2] {
              clear(to, channels)
              for dy in 0..<kernel {
                for dx in 0..<kernel {
                  let row = (n &* height &+ y &* stride &+ dy) &* width &+ x &* stride &+ dx
                  VectorSum.add(to, source + row &* channels, into: to, count: channels)
                }
              }
              to += channels
            }
          }
        }
      }
    }
  }

  /// The adjoint of ``windowSums(kernel:stride:)``: every window's value is added to each of its elements.
  package func windowSpread(kernel: Int, stride: Int, shape target: Shape) -> Tensor {
    let (batch, height, width, channels) = activationExtents
    let isTiling = kernel == stride && height &* stride == target[1] && width &* stride == target[2]
    return Tensor(target) { result in
      withUnsafePointer { source in
        ComputeThreads.run(jobs: batch) { n in
          if !isTiling {
            let image = target[1] &* target[2] &* channels
            clear(result + n &* image, image)
          }
          var from = source + n &* height &* width &* channels
          for y in 0..<height {
            for x in 0..<width {
              for dy in 0..<kernel {
                for dx in 0..<kernel {
                  let row = (n &* target[1] &+ y &* stride &+ dy) &* target[2] &+ x &* stride &+ dx
                  let to = result + row &* channels
                  if isTiling {
                    copyFloats(from, to: to, channels)
                  } else {
                    VectorSum.add(to, from, into: to, count: channels)
                  }
                }
              }
              from += channels
            }
          }
        }
      }
    }
  }

  private var activationExtents: (Int, Int, Int, Int) {
    precondition(shape.rank == 4, "pooling takes [N, H, W, C], not \(shape)")
    return (shape[0], shape[1], shape[2], shape[3])
  }

  private func pooledShape(kernel: Int, stride: Int) -> Shape {
    let (batch, height, width, channels) = activationExtents
    precondition(
      kernel > 0 && stride > 0 && kernel <= height && kernel <= width, "window \(kernel) of \(shape)")
    return [batch, (height - kernel) / stride + 1, (width - kernel) / stride + 1, channels]
  }
}
