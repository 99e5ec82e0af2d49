/// Pooling and nearest-neighbour upsampling of two-dimensional activations `[N, H, W, C]`, windows without
/// padding.
extension Tensor {
  /// The flat index of each window's largest element, the first of equals; where the window holds a NaN, of
  /// its last one, as in PyTorch. Max pooling is a gather of them.
  package func windowMaxima(kernel: Int, stride: Int) -> (indices: [Int], shape: Shape) {
    let (batch, height, width, channels) = activationExtents
    let target = shape.pooled(kernel: kernel, stride: stride)
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
                  if best < 0 || source[index] > source[best] || source[index].isNaN { best = index }
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
    let target = shape.pooled(kernel: kernel, stride: stride)
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
  /// - Precondition: these are the windows of `target`.
  package func windowSpread(kernel: Int, stride: Int, shape target: Shape) -> Tensor {
    let (batch, height, width, channels) = activationExtents
    precondition(
      shape == target.pooled(kernel: kernel, stride: stride), "\(shape) are not the windows of \(target)")
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
}

extension Shape {
  /// One element for each window of `[N, H, W, C]`.
  fileprivate func pooled(kernel: Int, stride: Int) -> Shape {
    precondition(
      rank == 4 && kernel > 0 && stride > 0 && kernel <= self[1] && kernel <= self[2],
      "windows of \(kernel) in \(self)")
    return [self[0], (self[1] - kernel) / stride + 1, (self[2] - kernel) / stride + 1, self[3]]
  }
}
