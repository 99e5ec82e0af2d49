public import TensorCore

/// Arithmetic with broadcasting. The gradient of a repeated operand is summed over the repetition.
extension Variable {
  /// The sum, broadcasting.
  public static func + (left: Variable, right: Variable) -> Variable {
    left.recorder(with: right).record(left.value + right.value, from: [left, right]) { step in
      [
        step.needs[0] ? step.upstream.sum(to: step.inputs[0].shape) : nil,
        step.needs[1] ? step.upstream.sum(to: step.inputs[1].shape) : nil,
      ]
    }
  }

  /// The difference, broadcasting.
  public static func - (left: Variable, right: Variable) -> Variable {
    left.recorder(with: right).record(left.value - right.value, from: [left, right]) { step in
      [
        step.needs[0] ? step.upstream.sum(to: step.inputs[0].shape) : nil,
        step.needs[1] ? (-step.upstream).sum(to: step.inputs[1].shape) : nil,
      ]
    }
  }

  /// The elementwise product, broadcasting.
  public static func * (left: Variable, right: Variable) -> Variable {
    left.recorder(with: right).record(left.value * right.value, from: [left, right]) { step in
      [
        step.needs[0] ? (step.upstream * step.inputs[1]).sum(to: step.inputs[0].shape) : nil,
        step.needs[1] ? (step.upstream * step.inputs[0]).sum(to: step.inputs[1].shape) : nil,
      ]
    }
  }

  /// The quotient, broadcasting: d(a/b) = da/b - (a/b) db/b.
  public static func / (left: Variable, right: Variable) -> Variable {
    left.quotient(by: right, left.value / right.value)
  }

  /// A weight divided by a number, of shape `[]`, as by `/`. The quotient is kept with the weight while
  /// neither changes, so that what kernels derive from it is derived once for many passes.
  public func dividedOnce(by number: Variable) -> Variable {
    quotient(by: number, value.keptQuotient(by: number.value.scalar))
  }

  private func quotient(by divisor: Variable, _ value: Tensor) -> Variable {
    recorder(with: divisor).record(value, from: [self, divisor]) { step in
      let share = step.upstream / step.inputs[1]
      return [
        step.needs[0] ? share.sum(to: step.inputs[0].shape) : nil,
        step.needs[1] ? (-(share * step.output)).sum(to: step.inputs[1].shape) : nil,
      ]
    }
  }

  /// -x.
  public static prefix func - (operand: Variable) -> Variable {
    operand.tape.record(operand.value.negated(), from: [operand]) { [-$0.upstream] }
  }

  /// x + c.
  public static func + (left: Variable, right: Float) -> Variable {
    left.tape.record(left.value.adding(right), from: [left]) { [$0.upstream] }
  }

  /// x - c.
  public static func - (left: Variable, right: Float) -> Variable { left + (-right) }

  /// c - x.
  public static func - (left: Float, right: Variable) -> Variable { -right + left }

  /// x · c.
  public static func * (left: Variable, right: Float) -> Variable {
    left.tape.record(left.value.multiplied(by: right), from: [left]) { [$0.upstream * right] }
  }

  /// c · x.
  public static func * (left: Float, right: Variable) -> Variable { right * left }

  /// x².
  public func squared() -> Variable { self * self }

  /// The elements repeated to fill `shape`.
  public func broadcast(to shape: Shape) -> Variable {
    guard shape != self.shape else { return self }
    return tape.record(value.broadcast(to: shape), from: [self]) { [$0.upstream.sum(to: $0.inputs[0].shape)] }
  }

  /// The sum over every axis along which `target` would be broadcast to this shape. Where samples of several
  /// parts would be added, each part has its own sum: `[parts] + target`.
  public func sum(to target: Shape) -> Variable {
    guard target != shape else { return self }
    if addsSamples(to: target) { return sumByPart(to: target) }
    return tape.record(value.sum(to: target), from: [self]) {
      [$0.upstream.broadcast(to: $0.inputs[0].shape)]
    }
  }

  /// The sum over `axes`, which are kept with extent 1.
  public func sum(along axes: [Int]) -> Variable { sum(to: shape.reduced(along: axes)) }

  /// The sum of all elements, of shape `[]`; that of each part where there are several.
  public func sum() -> Variable { sum(to: .scalar) }

  /// The mean of all elements, of shape `[]`; that of each part where there are several.
  public func mean() -> Variable { sum() * (1 / Float(value.count / parts)) }

  /// The mean over `axes`, which are kept with extent 1.
  public func mean(along axes: [Int]) -> Variable {
    let total = sum(along: axes)
    return total * (Float(total.value.count) / Float(value.count))
  }

  /// The tape that an operation of two variables is recorded on: that of the one that derivatives flow
  /// through.
  func recorder(with other: Variable) -> Tape {
    isRecorded ? tape : (other.isRecorded ? other.tape : tape)
  }
}
