import TensorCore

/// Elementwise functions, differentiable to any order.
extension Variable {
  private func unary(_ value: Tensor, _ derivative: @escaping (Tape.Backward) -> Variable) -> Variable {
    tape.record(value, from: [self]) { [$0.upstream * derivative($0)] }
  }

  /// e^x.
  public func exp() -> Variable { unary(value.exp()) { $0.output } }

  /// Natural logarithm.
  public func log() -> Variable { tape.record(value.log(), from: [self]) { [$0.upstream / $0.inputs[0]] } }

  /// Sine.
  public func sin() -> Variable { unary(value.sin()) { $0.inputs[0].cos() } }

  /// Cosine.
  public func cos() -> Variable { unary(value.cos()) { -$0.inputs[0].sin() } }

  /// √x.
  public func squareRoot() -> Variable {
    tape.record(value.squareRoot(), from: [self]) { [$0.upstream / ($0.output * 2)] }
  }

  /// Hyperbolic tangent.
  public func tanh() -> Variable { unary(value.tanh()) { 1 - $0.output.squared() } }

  /// 1 / (1 + e^-x).
  public func sigmoid() -> Variable { unary(value.sigmoid()) { $0.output * (1 - $0.output) } }

  /// log(1 + e^x).
  public func softplus() -> Variable { unary(value.softplus()) { $0.inputs[0].sigmoid() } }

  /// log(sigmoid(x)) = -softplus(-x).
  public func logSigmoid() -> Variable { -(-self).softplus() }

  /// The error function.
  public func erf() -> Variable {
    unary(value.erf()) { (-$0.inputs[0].squared()).exp() * (2 / Float.pi.squareRoot()) }
  }

  /// |x|, with derivative 0 at 0.
  public func magnitude() -> Variable {
    tape.record(value.magnitude(), from: [self]) {
      [$0.upstream * $0.upstream.constant($0.inputs[0].value.sign())]
    }
  }

  /// max(x, 0), with derivative 0 at 0.
  public func relu() -> Variable { leakyReLU(slope: 0) }

  /// x where positive, slope · x elsewhere.
  public func leakyReLU(slope: Float = 0.2) -> Variable {
    let result = slope == 0 ? value.rectified() : value.leakyRectified(slope: slope)
    return tape.record(result, from: [self]) {
      [$0.upstream.throughRectifier(slope, at: $0.inputs[0].value, $0)]
    }
  }

  /// The gradient in front of a rectifier with this one behind it.
  /// - Parameter sides: the rectifier's input or its output, as the forward pass has made it: computed anew
  ///   it may round to the other side of 0.
  func throughRectifier(_ slope: Float, at sides: Tensor, _ step: Tape.Backward) -> Variable {
    step.isFirstOrder
      ? constant(value.leakyRectifierGradient(at: sides, slope: slope))
      : self * constant(sides.positiveMask(otherwise: slope))
  }

  /// x where positive, alpha · (e^x - 1) elsewhere (Clevert et al. 2016); the derivative at 0 is alpha.
  public func elu(alpha: Float = 1) -> Variable {
    let powers = value.negated().rectified().negated().exp()
    let result = value.rectified() + powers.adding(-1).multiplied(by: alpha)
    return unary(result) { step in
      let positive = step.inputs[0].value.positiveMask()
      let negative = positive.negated().adding(1)
      return step.upstream.constant(positive) + step.upstream.constant(negative) * (step.output + alpha)
    }
  }

  /// x · sigmoid(x), also called swish.
  public func silu() -> Variable { self * sigmoid() }

  /// The Gaussian error linear unit x · Φ(x) (Hendrycks and Gimpel 2016).
  public func gelu() -> Variable {
    self * 0.5 * ((self * Float(0.5).squareRoot()).erf() + 1)
  }

  /// GELU with its tanh approximation: 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).
  public func geluTanh() -> Variable {
    let inner = (self + self * squared() * 0.044715) * (2 / Float.pi).squareRoot()
    return self * 0.5 * (inner.tanh() + 1)
  }
}
