import CProcessor
import CSLEEF

/// One thread's part of an elementwise function.
///
/// Functions are closures that are called once for each part and have the loop in them. A closure that calls
/// another one, which it was given, would be compiled once for all functions, and call it for every element.
package struct ElementwisePart {
  let source: UnsafePointer<Float>
  let result: UnsafeMutablePointer<Float>
  let count: Int

  /// Each element becomes what `body` makes of it.
  @inline(__always)
  package func map(_ body: (Float) -> Float) {
    for i in 0..<count { result[i] = body(source[i]) }
  }
}

extension ElementwisePart {
  /// √x; eight at a time, since `squareRoot()` in a loop stays scalar.
  fileprivate func squareRoot() {
    var index = 0
    while index &+ 8 <= count {
      store(lockstep_sqrt8(load(source + index)), to: result + index)
      index &+= 8
    }
    while index < count {
      result[index] = source[index].squareRoot()
      index &+= 1
    }
  }
}

/// One thread's part of an elementwise combination of two operands, one of which may be a number for all.
package struct CombinedPart {
  let left: UnsafePointer<Float>
  var isLeftRepeated = false
  let right: UnsafePointer<Float>
  var isRightRepeated = false
  let result: UnsafeMutablePointer<Float>
  let count: Int

  /// Each pair of elements becomes what `body` makes of it.
  @inline(__always)
  package func combine(_ body: (Float, Float) -> Float) {
    if isRightRepeated {
      let right = right[0]
      for i in 0..<count { result[i] = body(left[i], right) }
    } else if isLeftRepeated {
      let left = left[0]
      for i in 0..<count { result[i] = body(left, right[i]) }
    } else {
      for i in 0..<count { result[i] = body(left[i], right[i]) }
    }
  }
}

/// Elementwise functions. All keep the shape and write new storage.
extension Tensor {
  /// New storage that `function` fills, a thread's part at a time.
  package func elementwise(_ function: (ElementwisePart) -> Void) -> Tensor {
    Tensor(shape) { result in
      withUnsafePointer { source in
        ComputeThreads.split(count, grain: Self.elementsPerThread) { part in
          function(
            ElementwisePart(
              source: source + part.lowerBound, result: result + part.lowerBound, count: part.count))
        }
      }
    }
  }

  /// The same of the elements of two tensors.
  /// - Precondition: the shapes are equal.
  package func elementwise(with other: Tensor, _ function: (CombinedPart) -> Void) -> Tensor {
    precondition(shape == other.shape, "\(shape) and \(other.shape) differ")
    return Self.combineRow(self, step: 1, other, step: 1, to: shape, function)
  }

  /// Elements that follow each other in both operands; of one whose step is 0 its only number.
  static func combineRow(
    _ left: Tensor, step leftStep: Int, _ right: Tensor, step rightStep: Int, to shape: Shape,
    _ function: (CombinedPart) -> Void
  ) -> Tensor {
    Tensor(shape) { result in
      withUnsafePointers(left, right) { left, right in
        ComputeThreads.split(shape.count, grain: elementsPerThread) { part in
          let start = part.lowerBound
          function(
            CombinedPart(
              left: left + start * leftStep, isLeftRepeated: leftStep == 0,
              right: right + start * rightStep,
              isRightRepeated: rightStep == 0, result: result + start, count: part.count))
        }
      }
    }
  }

  /// So many elements are worth a thread of their own.
  static let elementsPerThread = 16_384

  /// So many runs of `length` elements are.
  static func grain(_ length: Int) -> Int { elementsPerThread / Swift.max(length, 1) + 1 }

  /// e^x, within 1 ulp (SLEEF).
  public func exp() -> Tensor { elementwise { lockstep_exp($0.source, $0.result, $0.count) } }
  /// Natural logarithm, within 1 ulp (SLEEF).
  public func log() -> Tensor { elementwise { lockstep_log($0.source, $0.result, $0.count) } }
  /// log(1 + x), within 1 ulp (SLEEF).
  public func log1p() -> Tensor { elementwise { lockstep_log1p($0.source, $0.result, $0.count) } }
  /// Hyperbolic tangent, within 1 ulp (SLEEF).
  public func tanh() -> Tensor { elementwise { lockstep_tanh($0.source, $0.result, $0.count) } }
  /// Sine, within 1 ulp (SLEEF).
  public func sin() -> Tensor { elementwise { lockstep_sin($0.source, $0.result, $0.count) } }
  /// Cosine, within 1 ulp (SLEEF).
  public func cos() -> Tensor { elementwise { lockstep_cos($0.source, $0.result, $0.count) } }
  /// The error function, within 1 ulp (SLEEF).
  public func erf() -> Tensor { elementwise { lockstep_erf($0.source, $0.result, $0.count) } }
  /// √x, correctly rounded.
  public func squareRoot() -> Tensor { elementwise { $0.squareRoot() } }
  /// -x.
  public func negated() -> Tensor { elementwise { $0.map { -$0 } } }
  /// |x|.
  public func magnitude() -> Tensor { elementwise { $0.map { Swift.abs($0) } } }
  /// x + c.
  public func adding(_ constant: Float) -> Tensor { elementwise { $0.map { $0 + constant } } }
  /// x · c.
  public func multiplied(by constant: Float) -> Tensor { elementwise { $0.map { $0 * constant } } }
  /// max(x, 0); not a number stays one.
  public func rectified() -> Tensor { elementwise { $0.map { Rectifier.pass($0, at: $0, slope: 0) } } }
  /// x where positive, slope · x elsewhere; not a number stays one.
  public func leakyRectified(slope: Float) -> Tensor {
    elementwise { $0.map { Rectifier.pass($0, at: $0, slope: slope) } }
  }
  /// The gradient of ``leakyRectified(slope:)`` with respect to its input, `input`: this upstream gradient
  /// where that is positive or not a number, slope times it elsewhere.
  public func leakyRectifierGradient(at input: Tensor, slope: Float) -> Tensor {
    elementwise(with: input) { $0.combine { Rectifier.pass($0, at: $1, slope: slope) } }
  }
  /// 1 where positive or not a number, `otherwise` elsewhere: the derivative of the (leaky) rectifier.
  public func positiveMask(otherwise: Float = 0) -> Tensor {
    elementwise { $0.map { Rectifier.pass(1, at: $0, slope: otherwise) } }
  }
  /// -1, 0 or 1.
  public func sign() -> Tensor { elementwise { $0.map { $0 > 0 ? 1 : ($0 < 0 ? -1 : 0) } } }

  /// 1 / (1 + e^-x), from e^-|x| so that nothing overflows.
  public func sigmoid() -> Tensor {
    let decay = magnitude().negated().exp()
    return elementwise(with: decay) { $0.combine { x, e in (x >= 0 ? 1 : e) / (1 + e) } }
  }

  /// log(1 + e^x), as max(x, 0) + log(1 + e^-|x|).
  public func softplus() -> Tensor {
    let tail = magnitude().negated().exp().log1p()
    return elementwise(with: tail) { $0.combine { x, t in (x > 0 ? x : 0) + t } }
  }
}
