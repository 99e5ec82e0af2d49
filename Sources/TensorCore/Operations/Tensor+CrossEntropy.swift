extension Tensor {
  /// The mean of max(x, 0) - x t + log(1 + e^-|x|) over each of `parts` equal parts, summed in Float64,
  /// `[parts]`; and e^-|x|, which the gradient needs again.
  package func sigmoidCrossEntropy(targets: Tensor, parts: Int = 1) -> (means: Tensor, decay: Tensor) {
    precondition(
      shape == targets.shape && count.isMultiple(of: parts),
      "\(shape) logits and \(targets.shape) targets in \(parts) parts")
    let decay = elementwise { $0.map { -Swift.abs($0) } }.exp()
    let tail = decay.log1p()
    let length = count / parts
    let means = Tensor([parts]) { means in
      withUnsafePointers(self, targets, tail) { x, t, tail in
        ComputeThreads.split(parts, grain: Self.grain(length)) { parts in
          for part in parts {
            let start = part * length
            let sum = Self.sigmoidCrossEntropy(x + start, t + start, tail + start, count: length)
            means[part] = Float(sum / Double(Swift.max(length, 1)))
          }
        }
      }
    }
    return (means, decay)
  }

  private static func sigmoidCrossEntropy(
    _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ tail: UnsafePointer<Float>, count: Int
  ) -> Double {
    var sum = SIMD8<Double>.zero
    var index = 0
    while index &+ 8 <= count {
      let x = load(x + index)
      let positive = x.replacing(with: 0, where: x .< 0)
      sum += SIMD8<Double>(positive - x * load(t + index) + load(tail + index))
      index &+= 8
    }
    while index < count {
      sum[0] += Double(max(x[index], 0) - x[index] * t[index] + tail[index])
      index &+= 1
    }
    return sumInOrder(sum)
  }

  /// (σ(x) - t) · scale, the derivative of ``sigmoidCrossEntropy(targets:parts:)`` times scale · count.
  /// - Parameters:
  ///   - decay: e^-|x|.
  ///   - scales: one for each of the equal parts.
  package func sigmoidCrossEntropyGradient(targets: Tensor, decay: Tensor, scales: Tensor) -> Tensor {
    precondition(
      shape == targets.shape && shape == decay.shape && count.isMultiple(of: scales.count),
      "\(shape) logits and \(targets.shape) targets in \(scales.count) parts")
    let (scales, length) = (scales.scalars, count / scales.count)
    return Tensor(shape) { result in
      withUnsafePointers(self, targets, decay) { x, t, e in
        ComputeThreads.split(scales.count, grain: Self.grain(length)) { parts in
          for part in parts {
            let scale = scales[part]
            for i in part * length..<(part + 1) * length {
              result[i] = ((x[i] >= 0 ? 1 : e[i]) / (1 + e[i]) - t[i]) * scale
            }
          }
        }
      }
    }
  }
}
