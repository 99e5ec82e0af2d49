public import TensorCore

extension Variable {
  /// Group normalisation (Wu and He 2018) of `[N, …, C]` with the moments of each sample's groups of
  /// channels, scale, shift and a rectifier, in one pass over memory each way.
  ///
  /// - Parameters:
  ///   - groups: equal groups of neighbouring channels.
  ///   - weight: the scale γ, `[C]`, or `[N, C]` if each sample has its own.
  ///   - bias: the shift β, likewise.
  ///   - epsilon: added to each variance.
  ///   - activation: applied last; its derivative at 0 is that of the negative side.
  /// - Precondition: `groups` divides C.
  public func groupNormalized(
    groups: Int, weight: Variable, bias: Variable, epsilon: Float,
    activation: FusedActivation = .identity
  ) -> Variable {
    let normalizations = value.groupNormalizations(
      groups, scale: weight.value, shift: bias.value, epsilon: epsilon, activation: activation)
    let tape = isRecorded ? tape : weight.recorder(with: bias)
    return tape.record(value.normalized(by: normalizations), from: [self, weight, bias]) { step in
      guard step.isFirstOrder else {
        precondition(
          step.output.parts == 1, "slopes through group norm are computed for one micro-batch a pass")
        return Self.groupNormGradients(step, groups: groups, epsilon: epsilon, slope: activation.slope)
      }
      let (upstream, input) = (step.upstream.value, step.inputs[0].value)
      let samples = normalizations.count
      let sums = (0..<samples).map {
        Tensor.normalizationGradientSums(
          upstream.part($0, of: samples), input: input.part($0, of: samples), normalizations[$0])
      }
      func gradient(of position: Int, _ ofSample: (Int) -> Tensor) -> Variable? {
        guard step.needs[position] else { return nil }
        return step.upstream.constant(Tensor(stacking: samples, ofSample)).sum(
          to: step.inputs[position].shape)
      }
      return [
        step.needs[0]
          ? step.upstream.constant(
            Tensor.groupNormalizationInputGradient(
              upstream, input: input, normalizations, groups: groups, sums: sums)) : nil,
        gradient(of: 1) { sums[$0].scale }, gradient(of: 2) { sums[$0].shift },
      ]
    }
  }

  /// The gradients written with recordable operations: with g the upstream behind the rectifier and means
  /// over a group, dβ = Σ g, dγ = Σ g x̂, dx = σ⁻¹ (γ g - mean(γ g) - x̂ mean(γ g x̂)).
  private static func groupNormGradients(
    _ step: Tape.Backward, groups: Int, epsilon: Float, slope: Float
  ) -> [Variable?] {
    let shape = step.inputs[0].shape
    let (samples, channels) = (shape[0], shape.channels)
    let split: Shape = [samples, shape.count / (samples * channels), groups, channels / groups]
    let x = step.inputs[0].reshaped(split)
    let weight = step.inputs[1]
    let weights = weight.reshaped([weight.shape.rank == 1 ? 1 : samples, 1, groups, channels / groups])
    let centred = x - x.mean(along: [1, 3])
    let deviation = (centred.squared().mean(along: [1, 3]) + epsilon).squareRoot()
    let standardized = centred / deviation
    let g = step.upstream.throughRectifier(slope, at: step.output.value, step).reshaped(split)
    let scaled = g * weights
    let input =
      (scaled - scaled.mean(along: [1, 3]) - standardized * (scaled * standardized).mean(along: [1, 3]))
      / deviation
    func gradient(_ sums: Variable, of position: Int) -> Variable {
      sums.sum(along: [1]).reshaped([samples, channels]).sum(to: step.inputs[position].shape)
    }
    return [input.reshaped(shape), gradient(g * standardized, of: 1), gradient(g, of: 2)]
  }
}
