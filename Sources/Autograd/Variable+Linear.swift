public import TensorCore

extension Variable {
  /// x Wᵀ + b and a rectifier, in one pass over the product.
  ///
  /// - Parameters:
  ///   - weight: W, `[out, in]`.
  ///   - bias: b, `[out]`.
  ///   - activation: applied last; its derivative at 0 is that of the negative side.
  /// - Returns: `[…, out]` for `[…, in]`.
  /// - Precondition: the activation's slope is not negative, so that the output tells on which side it is.
  public func linear(weight: Variable, bias: Variable?, activation: FusedActivation = .identity) -> Variable {
    precondition(activation.slope >= 0, "the derivative of a fused rectifier is taken from its output")
    let outputs = weight.shape[0]
    var product = value.asRows.matrixProduct(weight.value, transposingOther: true)
    product.addToRows(bias?.value, activation)
    let inputs = bias.map { [self, weight, $0] } ?? [self, weight]
    let tape = isRecorded ? tape : weight.recorder(with: bias ?? weight)
    return tape.record(
      product.reshaped(shape.replacingChannels(by: outputs)), from: inputs
    ) { step in
      let (x, weight) = (step.inputs[0], step.inputs[1])
      let (rows, sums) = step.upstream.rowsThroughRectifier(
        activation.slope, step, summing: step.needs[2])
      return [
        step.needs[0] ? rows.matrixProduct(weight).reshaped(x.shape) : nil,
        step.needs[1] ? rows.weightGradient(at: x, in: step.room(1)) : nil,
        step.needs[2] ? sums ?? rows.sum(to: [outputs]) : nil,
      ]
    }
  }

  /// The gradient of the weights, this being the upstream rows `[N, out]`: `[out, in]`, for each part, or
  /// summed over them where there is room for that.
  private func weightGradient(at input: Variable, in room: Tensor?) -> Variable {
    guard let room else {
      return matrixProduct(input.reshaped(input.value.asRows.shape), transposingSelf: true)
    }
    return tape.constant(value.matrixProductOverRows(input.value.asRows, parts: parts, in: room))
  }

  /// The gradient in front of a rectifier with this one behind it, as rows, and the sum of the rows of each
  /// part where that comes with it.
  private func rowsThroughRectifier(
    _ slope: Float, _ step: Tape.Backward, summing: Bool
  ) -> (rows: Variable, sums: Variable?) {
    let output = step.output.value.asRows
    let rows = reshaped(output.shape)
    if slope == 1 { return (rows, nil) }
    guard step.isFirstOrder, summing, output.shape.channels > 1 else {
      return (rows.throughRectifier(slope, at: output, step), nil)
    }
    let (gradient, sums) = rows.value.leakyRectifierGradient(at: output, slope: slope, parts: parts)
    return (constant(gradient), constant(parts == 1 ? sums.reshaped([output.shape.channels]) : sums))
  }
}
