/// Arithmetic with NumPy's broadcasting rule: shapes are aligned at their last axis, and an extent of 1 (or a
/// missing axis) is repeated.
extension Tensor {
  /// The sum, broadcasting.
  public static func + (left: Tensor, right: Tensor) -> Tensor {
    combine(left, right) { $0.combine { $0 + $1 } }
  }
  /// The difference, broadcasting.
  public static func - (left: Tensor, right: Tensor) -> Tensor {
    combine(left, right) { $0.combine { $0 - $1 } }
  }
  /// The elementwise product, broadcasting.
  public static func * (left: Tensor, right: Tensor) -> Tensor {
    combine(left, right) { $0.combine { $0 * $1 } }
  }
  /// The quotient, broadcasting.
  public static func / (left: Tensor, right: Tensor) -> Tensor {
    combine(left, right) { $0.combine { $0 / $1 } }
  }

  /// The elements repeated to fill `shape`.
  /// - Precondition: the shape broadcasts to `shape`.
  public func broadcast(to shape: Shape) -> Tensor {
    if shape == self.shape { return self }
    let strides = self.shape.strides(within: shape)
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

  private static func combine(_ left: Tensor, _ right: Tensor, _ function: (CombinedPart) -> Void) -> Tensor {
    if left.shape == right.shape { return left.elementwise(with: right, function) }
    let shape = Shape.broadcast(left.shape, right.shape)
    let (axes, leftStrides, rightStrides) = merged(
      shape, left.shape.strides(within: shape), right.shape.strides(within: shape))
    let (leftStep, rightStep) = (leftStrides.last!, rightStrides.last!)
    if axes.rank == 1 { return combineRow(left, step: leftStep, right, step: rightStep, to: shape, function) }
    return Tensor(shape) { result in
      withUnsafePointers(left, right) { left, right in
        ComputeThreads.split(axes.rows, grain: grain(axes.channels)) { rows in
          forEachRow(rows, of: axes, leftStrides, rightStrides) { row, i, j in
            function(
              CombinedPart(
                left: left + i, isLeftRepeated: leftStep == 0, right: right + j,
                isRightRepeated: rightStep == 0, result: result + row, count: axes.channels))
          }
        }
      }
    }
  }

  /// A shape of as few axes as two operands with these strides allow, at least one: neighbouring axes along
  /// which both go on evenly are one.
  private static func merged(
    _ shape: Shape, _ first: [Int], _ second: [Int]
  ) -> (axes: Shape, first: [Int], second: [Int]) {
    var axes: [(extent: Int, first: Int, second: Int)] = []
    for (axis, extent) in shape.extents.enumerated() where extent != 1 {
      if let outer = axes.last, outer.first == extent * first[axis], outer.second == extent * second[axis] {
        axes[axes.count - 1] = (outer.extent * extent, first[axis], second[axis])
      } else {
        axes.append((extent, first[axis], second[axis]))
      }
    }
    if axes.isEmpty { axes = [(1, 1, 1)] }
    return (Shape(axes.map(\.extent)), axes.map(\.first), axes.map(\.second))
  }

  /// Visits innermost rows of `shape`, all if not said otherwise: the row's start in the result and in two
  /// strided operands.
  @inline(__always)
  static func forEachRow(
    _ rows: Range<Int>? = nil, of shape: Shape, _ first: [Int], _ second: [Int],
    _ body: (Int, Int, Int) -> Void
  ) {
    guard shape.count > 0 else { return }
    let rows = rows ?? 0..<shape.rows
    let outer = Swift.max(shape.rank - 1, 0)
    var index = [Int](repeating: 0, count: outer)
    var i = 0
    var j = 0
    var before = rows.lowerBound
    for axis in (0..<outer).reversed() {
      index[axis] = before % shape[axis]
      before /= shape[axis]
      i += index[axis] * first[axis]
      j += index[axis] * second[axis]
    }
    let length = shape.channels
    for row in rows {
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

  /// Element strides of a tensor of this shape where it is seen as `larger`: 0 along every repeated axis.
  /// - Precondition: this broadcasts to `larger`.
  func strides(within larger: Shape) -> [Int] {
    let missing = larger.rank - rank
    precondition(missing >= 0, "\(self) does not broadcast to \(larger)")
    let own = strides
    return (0..<larger.rank).map { axis in
      guard axis >= missing else { return 0 }
      let extent = self[axis - missing]
      precondition(extent == larger[axis] || extent == 1, "\(self) does not broadcast to \(larger)")
      return extent == 1 ? 0 : own[axis - missing]
    }
  }
}
