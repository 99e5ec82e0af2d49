import TensorCore

extension Variable {
  /// The mean over all elements of -t log σ(x) - (1 - t) log(1 - σ(x)) for these logits x, computed as
  /// max(x, 0) - x t + log(1 + e^-|x|), so that nothing overflows.
  ///
  /// - Parameter targets: t in [0, 1], of the logits' shape.
  /// - Returns: a scalar.
  public func sigmoidCrossEntropy(targets: Variable) -> Variable {
    let (mean, decay) = value.sigmoidCrossEntropy(targets: targets.value)
    return recorder(with: targets).record(mean, from: [self, targets]) { step in
      let (x, t, share) = (step.inputs[0], step.inputs[1], 1 / Float(decay.count))
      let upstream = step.upstream * share
      guard step.isFirstOrder else {
        return [
          step.needs[0] ? upstream * (x.sigmoid() - t) : nil, step.needs[1] ? -(upstream * x) : nil,
        ]
      }
      return [
        step.needs[0]
          ? step.upstream.constant(
            x.value.sigmoidCrossEntropyGradient(
              targets: t.value, decay: decay, scale: upstream.value.scalar)) : nil,
        step.needs[1] ? -(upstream * x) : nil,
      ]
    }
  }
}
