import TensorCore

/// The softmax family, over the innermost axis.
extension Variable {
  /// log Σ e^x over the innermost axis, which is kept with extent 1; shifted by the maximum, so nothing
  /// overflows.
  public func logSumExp() -> Variable {
    let shift = constant(value.rowMaximum())
    return (self - shift).exp().sum(along: [-1]).log() + shift
  }

  /// x - log Σ e^x.
  public func logSoftmax() -> Variable { self - logSumExp() }

  /// e^x / Σ e^x.
  public func softmax() -> Variable {
    let powers = (self - constant(value.rowMaximum())).exp()
    return powers / powers.sum(along: [-1])
  }
}
