internal import CSLEEF

/// Elementwise functions. All keep the shape and write new storage.
extension Tensor {
  @inline(__always)
  package func map(_ body: (Float) -> Float) -> Tensor {
    Tensor(shape) { result in
      withUnsafePointer { source in
        ComputeThreads.split(count, grain: Self.elementsPerThread) { part in
          for i in part { result[i] = body(source[i]) }
        }
      }
    }
  }

  /// So many elements are worth a thread of their own.
  static let elementsPerThread = 16_384

  /// So many runs of `length` elements are.
  static func grain(_ length: Int) -> Int { elementsPerThread / Swift.max(length, 1) + 1 }

  @inline(__always)
  private func array(_ function: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void) -> Tensor {
    Tensor(shape) { result in
      withUnsafePointer { source in
        ComputeThreads.split(count, grain: Self.elementsPerThread) { part in
          function(source + part.lowerBound, result + part.lowerBound, part.count)
        }
      }
    }
  }

  /// e^x, within 1 ulp (SLEEF).
  public func exp() -> Tensor { array(lockstep_exp) }
  /// Natural logarithm, within 1 ulp (SLEEF).
  public func log() -> Tensor { array(lockstep_log) }
  /// log(1 + x), within 1 ulp (SLEEF).
  public func log1p() -> Tensor { array(lockstep_log1p) }
  /// Hyperbolic tangent, within 1 ulp (SLEEF).
  public func tanh() -> Tensor { array(lockstep_tanh) }
  /// Sine, within 1 ulp (SLEEF).
  public func sin() -> Tensor { array(lockstep_sin) }
  /// Cosine, within 1 ulp (SLEEF).
  public func cos() -> Tensor { array(lockstep_cos) }
  /// The error function, within 1 ulp (SLEEF).
  public func erf() -> Tensor { array(lockstep_erf) }
  /// √x, correctly rounded.
  public func squareRoot() -> Tensor { map { $0.squareRoot() } }
  /// -x.
  public func negated() -> Tensor { map { -$0 } }
  /// |x|.
  public func magnitude() -> Tensor { map { Swift.abs($0) } }
  /// x + c.
  public func adding(_ constant: Float) -> Tensor { map { $0 + constant } }
  /// x · c.
  public func multiplied(by constant: Float) -> Tensor { map { $0 * constant } }
  /// max(x, 0); not a number stays one.
  public func rectified() -> Tensor { map { $0 <= 0 ? 0 : $0 } }
  /// x where positive, slope · x elsewhere.
  public func leakyRectified(slope: Float) -> Tensor { map { $0 > 0 ? $0 : slope * $0 } }
  /// The gradient of ``leakyRectified(slope:)`` with respect to its input, `input`: this upstream gradient
  /// where that is positive, slope times it elsewhere.
  public func leakyRectifierGradient(at input: Tensor, slope: Float) -> Tensor {
    zipped(with: input) { $1 <= 0 ? slope * $0 : $0 }
  }
  /// 1 where positive, `otherwise` elsewhere: the derivative of the (leaky) rectifier.
  public func positiveMask(otherwise: Float = 0) -> Tensor { map { $0 > 0 ? 1 : otherwise } }
  /// -1, 0 or 1.
  public func sign() -> Tensor { map { $0 > 0 ? 1 : ($0 < 0 ? -1 : 0) } }

  /// 1 / (1 + e^-x), from e^-|x| so that nothing overflows.
  public func sigmoid() -> Tensor {
    let decay = magnitude().negated().exp()
    return zipped(with: decay) { x, e in (x >= 0 ? 1 : e) / (1 + e) }
  }

  /// log(1 + e^x), as max(x, 0) + log(1 + e^-|x|).
  public func softplus() -> Tensor {
    let tail = magnitude().negated().exp().log1p()
    return zipped(with: tail) { x, t in (x > 0 ? x : 0) + t }
  }

  /// Elementwise combination with a tensor of the same shape.
  @inline(__always)
  package func zipped(with other: Tensor, _ body: (Float, Float) -> Float) -> Tensor {
    precondition(shape == other.shape, "\(shape) and \(other.shape) differ")
    return Tensor(shape) { result in
      withUnsafePointer { left in
        other.withUnsafePointer { right in
          ComputeThreads.split(count, grain: Self.elementsPerThread) { part in
            for i in part { result[i] = body(left[i], right[i]) }
          }
        }
      }
    }
  }
}
