public import TensorCore

extension Variable {
  /// Batch normalisation (Ioffe and Szegedy 2015) of `[…, C]` over all but the channel axis, scale, shift and
  /// a rectifier, in one pass over memory each way.
  ///
  /// - Parameters:
  ///   - weight: the scale γ, `[C]`.
  ///   - bias: the shift β, `[C]`.
  ///   - activation: applied last; its derivative at 0 is that of the negative side.
  /// - Returns: the output, and the mean and biased variance that the input of each part had, `[parts, C]`.
  public func batchNormalized(
    weight: Variable, bias: Variable, epsilon: Float, activation: FusedActivation = .identity
  ) -> (output: Variable, mean: Tensor, variance: Tensor) {
    let parts = parts
    let moments = (0..<parts).map { value.part($0, of: parts).channelMoments() }
    let normalizations = moments.map { mean, variance in
      ChannelNormalization(
        mean: mean,
        inverseDeviation: variance.elementwise {
          $0.map { Float(1 / (Double($0) + Double(epsilon)).squareRoot()) }
        },
        scale: weight.value, shift: bias.value, activation: activation)
    }
    let tape = isRecorded ? tape : weight.recorder(with: bias)
    let output = tape.record(value.normalized(by: normalizations), from: [self, weight, bias]) { step in
      guard step.isFirstOrder else {
        precondition(parts == 1, "slopes through batch norm are computed for one micro-batch a pass")
        return Self.batchNormGradients(step, epsilon: epsilon, slope: activation.slope)
      }
      let (upstream, input) = (step.upstream.value, step.inputs[0].value)
      let sums = (0..<parts).map {
        Tensor.normalizationGradientSums(
          upstream.part($0, of: parts), input: input.part($0, of: parts), normalizations[$0])
      }
      func gradient(_ ofPart: (Int) -> Tensor) -> Variable {
        step.upstream.constant(parts == 1 ? ofPart(0) : Tensor(stacking: parts, ofPart))
      }
      return [
        step.needs[0]
          ? step.upstream.constant(
            Tensor.normalizationInputGradient(upstream, input: input, normalizations, sums: sums)) : nil,
        gradient { sums[$0].scale }, gradient { sums[$0].shift },
      ]
    }
    return (
      output, Tensor(stacking: parts) { moments[$0].mean }, Tensor(stacking: parts) { moments[$0].variance }
    )
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
    let g = step.upstream.throughRectifier(slope, at: step.output.value, step)
    let shift = g.sum(along: axes)
    let scale = (g * standardized).sum(along: axes)
    let input = weight / deviation * (g - shift * share - standardized * (scale * share))
    return [input, scale.reshaped(weight.shape), shift.reshaped(bias.shape)]
  }
}
