extension Tensor {
  /// The mean of max(x, 0) - x t + log(1 + e^-|x|), summed in Float64, and e^-|x|, which the gradient needs again.
  package func sigmoidCrossEntropy(targets: Tensor) -> (mean: Tensor, decay: Tensor) {
    precondition(shape == targets.shape, "\(shape) logits and \(targets.shape) targets")
    let decay = map { -Swift.abs($0) }.exp()
    let tail = decay.log1p()
    let sum = withUnsafePointer { x in
      targets.withUnsafePointer { t in
        tail.withUnsafePointer { tail in
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
          return sum.sum()
        }
      }
    }
    return (Tensor(Float(sum / Double(Swift.max(count, 1)))), decay)
  }

  /// (σ(x) - t) · `scale`, the derivative of ``sigmoidCrossEntropy(targets:)`` times `scale` · count.
  /// - Parameter decay: e^-|x|.
  package func sigmoidCrossEntropyGradient(targets: Tensor, decay: Tensor, scale: Float) -> Tensor {
    Tensor(shape) { result in
      withUnsafePointer { x in
        targets.withUnsafePointer { t in
          decay.withUnsafePointer { e in
            for i in 0..<count { result[i] = ((x[i] >= 0 ? 1 : e[i]) / (1 + e[i]) - t[i]) * scale }
          }
        }
      }
    }
  }
}
