import TensorCore

extension Variable {
  /// The mean over all elements of -t log σ(x) - (1 - t) log(1 - σ(x)) for these logits x, computed as
  /// max(x, 0) - x t + log(1 + e^-|x|), so that nothing overflows.
  ///
  /// - Parameter targets: t in [0, 1], of the logits' shape.
  /// - Returns: a scalar; that of each part where there are several.
  public func sigmoidCrossEntropy(targets: Variable) -> Variable {
    precondition(parts == targets.parts, "each logit has its target")
    let parts = parts
    let (means, decay) = value.sigmoidCrossEntropy(targets: targets.value, parts: parts)
    return recorder(with: targets).record(
      parts == 1 ? means.reshaped(.scalar) : means, from: [self, targets]
    ) { step in
      let (x, t, share) = (step.inputs[0], step.inputs[1], 1 / Float(decay.count / parts))
      let upstream = step.upstream * share
      let everywhere: () -> Variable = { parts == 1 ? upstream : upstream.spread(over: x) }
      guard step.isFirstOrder else {
        return [
          step.needs[0] ? everywhere() * (x.sigmoid() - t) : nil,
          step.needs[1] ? -(everywhere() * x) : nil,
        ]
      }
      return [
        step.needs[0]
          ? step.upstream.constant(
            x.value.sigmoidCrossEntropyGradient(
              targets: t.value, decay: decay, scales: upstream.value)) : nil,
        step.needs[1] ? -(everywhere() * x) : nil,
      ]
    }
  }
}
