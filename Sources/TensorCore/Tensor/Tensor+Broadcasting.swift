/// Arithmetic with NumPy's broadcasting rule: shapes are aligned at their last axis, and an extent of 1 (or a
/// missing axis) is repeated.
extension Tensor {
  /// The sum, broadcasting.
  public static func + (left: Tensor, right: Tensor) -> Tensor { combine(left, right) { $0 + $1 } }
  /// The difference, broadcasting.
  public static func - (left: Tensor, right: Tensor) -> Tensor { combine(left, right) { $0 - $1 } }
  /// The elementwise product, broadcasting.
  public static func * (left: Tensor, right: Tensor) -> Tensor { combine(left, right) { $0 * $1 } }
  /// The quotient, broadcasting.
  public static func / (left: Tensor, right: Tensor) -> Tensor { combine(left, right) { $0 / $1 } }

  /// The elements repeated to fill `shape`.
  /// - Precondition: the shape broadcasts to `shape`.
  public func broadcast(to shape: Shape) -> Tensor {
    if shape == self.shape { return self }
    let strides = broadcastStrides(to: shape)
    if count == 1 { return Tensor(repeating: withUnsafePointer { $0[0] }, shape: shape) }
    return Tensor(shape) { result in
      withUnsafePointer { source in
        Self.forEachRow(of: shape, strides, strides) { row, from, _ in
          let step = strides.last ?? 0
          for i in 0..<shape.channels { result[row &+ i] = source[from &+ i &* step] }
        }
      }
    }
  }

  @inline(__always)
  private static func combine(_ left: Tensor, _ right: Tensor, _ body: (Float, Float) -> Float) -> Tensor {
    if left.shape == right.shape { return left.zipped(with: right, body) }
    let shape = Shape.broadcast(left.shape, right.shape)
    if right.count == 1 && left.shape == shape {
      let scalar = right.withUnsafePointer { $0[0] }
      return left.map { body($0, scalar) }
    }
    if left.count == 1 && right.shape == shape {
      let scalar = left.withUnsafePointer { $0[0] }
      return right.map { body(scalar, $0) }
    }
    let leftStrides = left.broadcastStrides(to: shape)
    let rightStrides = right.broadcastStrides(to: shape)
    let leftStep = leftStrides.last ?? 0
    let rightStep = rightStrides.last ?? 0
    let length = shape.channels
    return Tensor(shape) { result in
      left.withUnsafePointer { a in
        right.withUnsafePointer { b in
          forEachRow(of: shape, leftStrides, rightStrides) { row, i, j in
            let result = result + row
            let a = a + i
            let b = b + j
            switch (leftStep, rightStep) {
            case (1, 1): for k in 0..<length { result[k] = body(a[k], b[k]) }
            case (1, 0):
              let scalar = b[0]
              for k in 0..<length { result[k] = body(a[k], scalar) }
            case (0, 1):
              let scalar = a[0]
              for k in 0..<length { result[k] = body(scalar, b[k]) }
            default: for k in 0..<length { result[k] = body(a[k &* leftStep], b[k &* rightStep]) }
            }
          }
        }
      }
    }
  }

  /// Element strides of this tensor when it is seen as `shape`: 0 along every repeated axis.
  package func broadcastStrides(to shape: Shape) -> [Int] {
    let missing = shape.rank - self.shape.rank
    precondition(missing >= 0, "\(self.shape) does not broadcast to \(shape)")
    let own = self.shape.strides
    return (0..<shape.rank).map { axis in
      guard axis >= missing else { return 0 }
      let extent = self.shape[axis - missing]
      if extent == shape[axis] { return extent == 1 ? 0 : own[axis - missing] }
      precondition(extent == 1, "\(self.shape) does not broadcast to \(shape)")
      return 0
    }
  }

  /// Visits the innermost rows of `shape`: the row's start in the result and in two strided operands.
  @inline(__always)
  package static func forEachRow(
    of shape: Shape, _ first: [Int], _ second: [Int], _ body: (Int, Int, Int) -> Void
  ) {
    guard shape.count > 0 else { return }
    let outer = Swift.max(shape.rank - 1, 0)
    var index = [Int](repeating: 0, count: outer)
    var i = 0
    var j = 0
    let length = shape.channels
    for row in 0..<shape.rows {
      body(row &* length, i, j)
      var axis = outer - 1
      while axis >= 0 {
        index[axis] += 1
        i += first[axis]
        j += second[axis]
        if index[axis] < shape[axis] { break }
        i -= index[axis] * first[axis]
        j -= index[axis] * second[axis]
        index[axis] = 0
        axis -= 1
      }
    }
  }
}

extension Shape {
  /// The shape that both broadcast to.
  /// - Precondition: there is one.
  public static func broadcast(_ left: Shape, _ right: Shape) -> Shape {
    let rank = Swift.max(left.rank, right.rank)
    return Shape(
      (0..<rank).map { axis in
        let a = axis - (rank - left.rank) < 0 ? 1 : left[axis - (rank - left.rank)]
        let b = axis - (rank - right.rank) < 0 ? 1 : right[axis - (rank - right.rank)]
        precondition(a == b || a == 1 || b == 1, "\(left) and \(right) do not broadcast together")
        return a == 1 ? b : a
      })
  }
}

extension Tensor {
  /// This weight divided by a number, as by `/`: the quotient at hand if neither has changed.
  package func keptQuotient(by divisor: Float) -> Tensor {
    let source = offset..<offset + count
    func kept() -> TensorStorage {
      storage.derived(.quotient, from: source) { _ in
        let kept = TensorStorage(count: count + 1, isLasting: true)
        (self / Tensor(divisor)).withUnsafePointer { copyFloats($0, to: kept.pointer, count) }
        kept.pointer[count] = divisor
        return kept
      }
    }
    if kept().pointer[count].bitPattern != divisor.bitPattern { storage.invalidateDerived(in: source) }
    return Tensor(viewOf: kept(), offset: 0, shape: shape)
  }
}
