public import TensorCore

extension Variable {
  /// Batch normalisation (Ioffe and Szegedy 2015) of `[…, C]` over all but the channel axis, scale, shift and a
  /// rectifier, in one pass over memory each way.
  ///
  /// - Parameters:
  ///   - weight: the scale γ, `[C]`.
  ///   - bias: the shift β, `[C]`.
  ///   - activation: applied last; its derivative at 0 is that of the negative side.
  /// - Returns: the output, and the mean and biased variance, `[C]`, that the input had.
  public func batchNormalized(
    weight: Variable, bias: Variable, epsilon: Float, activation: FusedActivation = .identity
  ) -> (output: Variable, mean: Tensor, variance: Tensor) {
    precondition(parts == 1, "a pass over several micro-batches has the moments of each")
    let (mean, variance) = value.channelMoments()
    let inverseDeviation = variance.map { Float(1 / (Double($0) + Double(epsilon)).squareRoot()) }
    let normalization = ChannelNormalization(
      mean: mean, inverseDeviation: inverseDeviation, scale: weight.value, shift: bias.value,
      activation: activation)
    let tape = isRecorded ? tape : weight.recorder(with: bias)
    let output = tape.record(value.normalized(by: normalization), from: [self, weight, bias]) { step in
      guard step.isFirstOrder else {
        return Self.batchNormGradients(step, epsilon: epsilon, slope: activation.slope)
      }
      let (upstream, input) = (step.upstream.value, step.inputs[0].value)
      let sums = Tensor.normalizationGradientSums(upstream, input: input, normalization)
      return [
        step.needs[0]
          ? step.upstream.constant(
            Tensor.normalizationInputGradient(upstream, input: input, normalization, sums: sums)) : nil,
        step.upstream.constant(sums.scale), step.upstream.constant(sums.shift),
      ]
    }
    return (output, mean, variance)
  }

  /// The gradients written with recordable operations: with g the upstream behind the rectifier,
  /// dβ = Σ g, dγ = Σ g x̂, dx = γ σ⁻¹ (g - dβ / rows - x̂ dγ / rows).
  private static func batchNormGradients(
    _ step: Tape.Backward, epsilon: Float, slope: Float
  ) -> [Variable?] {
    let (x, weight, bias) = (step.inputs[0], step.inputs[1], step.inputs[2])
    let axes = Array(0..<(x.shape.rank - 1))
    let share = 1 / Float(x.shape.rows)
    let centred = x - x.mean(along: axes)
    let deviation = (centred.squared().mean(along: axes) + epsilon).squareRoot()
    let standardized = centred / deviation
    let before = standardized.value * weight.value + bias.value
    let g = step.upstream * step.upstream.constant(before.positiveMask(otherwise: slope))
    let shift = g.sum(along: axes)
    let scale = (g * standardized).sum(along: axes)
    let input = weight / deviation * (g - shift * share - standardized * (scale * share))
    return [input, scale.reshaped(weight.shape), shift.reshaped(bias.shape)]
  }
}
