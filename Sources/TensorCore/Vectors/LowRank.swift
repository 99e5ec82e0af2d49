/// Products of a matrix M, `[n, m]`, with thin matrices P, `[n, r]`, and Q, `[m, r]`, that lie transposed: Pᵀ
/// is `[r, n]`, Qᵀ `[r, m]`.
///
/// Additions have one fixed order and no multiplication is fused with one, so that the bits are the same on
/// every processor.
package struct LowRank {
  /// n.
  package let rows: Int
  /// m.
  package let columns: Int
  /// r.
  package let rank: Int

  /// Products of matrices of these extents.
  package init(rows: Int, columns: Int, rank: Int) {
    (self.rows, self.columns, self.rank) = (rows, columns, rank)
  }

  /// P = M Q.
  package func multiply(
    _ matrix: UnsafePointer<Float>, by right: UnsafePointer<Float>, into left: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<rows {
      for column in 0..<rank {
        left[column &* rows &+ row] = Self.dot(
          matrix + row &* columns, right + column &* columns, count: columns)
      }
    }
  }

  /// Q = Mᵀ P, each element a chain over the rows of M in ascending order.
  package func multiplyTransposed(
    _ matrix: UnsafePointer<Float>, by left: UnsafePointer<Float>, into right: UnsafeMutablePointer<Float>
  ) {
    right.update(repeating: 0, count: rank * columns)
    for row in 0..<rows {
      for column in 0..<rank {
        Self.add(
          matrix + row &* columns, times: left[column &* rows &+ row], to: right + column &* columns,
          count: columns)
      }
    }
  }

  /// M += s P Qᵀ.
  package func addProduct(
    of left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, times scale: Float = 1,
    to matrix: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<rows {
      for column in 0..<rank {
        Self.add(
          right + column &* columns, times: scale * left[column &* rows &+ row], to: matrix + row &* columns,
          count: columns)
      }
    }
  }

  /// Makes the columns of P orthonormal by the modified Gram-Schmidt process in Float64, one after another.
  ///
  /// A column that is a combination of those before it, but for what rounding it to Float32 leaves, becomes
  /// zero; what is not finite does not become so.
  package func orthonormalise(_ left: UnsafeMutablePointer<Float>) {
    var numbers = (0..<rank * rows).map { Double(left[$0]) }
    numbers.withUnsafeMutableBufferPointer { numbers in
      guard let first = numbers.baseAddress else { return }
      for index in 0..<rank {
        let column = first + index * rows
        let length = Self.dot(column, column, count: rows).squareRoot()
        for earlier in 0..<index {
          let direction = first + earlier * rows
          let share = Self.dot(direction, column, count: rows)
          for row in 0..<rows { column[row] -= share * direction[row] }
        }
        let rest = Self.dot(column, column, count: rows).squareRoot()
        let isLost = rest.isFinite && rest <= length * 0x1p-24
        for row in 0..<rows { column[row] = isLost ? 0 : column[row] / rest }
      }
      for index in 0..<rank * rows { left[index] = Float(first[index]) }
    }
  }

  /// Gives every column of Q length 1; one that has none becomes that of `others`.
  package func normalise(_ right: UnsafeMutablePointer<Float>, or others: UnsafePointer<Float>) {
    for index in 0..<rank {
      let column = right + index * columns
      var square = 0.0
      for row in 0..<columns { square += Double(column[row]) * Double(column[row]) }
      let length = square.squareRoot()
      if length == 0 {
        column.update(from: others + index * columns, count: columns)
      } else {
        for row in 0..<columns { column[row] = Float(Double(column[row]) / length) }
      }
    }
  }

  private typealias Lanes = SIMD16<Float>

  /// The sum of 32 interleaved chains: each of the first half and its counterpart, these in order, then what
  /// is left.
  private static func dot(_ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, count: Int) -> Float {
    let (a, b) = (UnsafeRawPointer(left), UnsafeRawPointer(right))
    var (even, odd) = (Lanes.zero, Lanes.zero)
    let whole = count & ~31
    var index = 0
    while index < whole {
      let offset = index &* 4
      even +=
        a.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
        * b.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
      odd +=
        a.loadUnaligned(fromByteOffset: offset &+ 64, as: Lanes.self)
        * b.loadUnaligned(fromByteOffset: offset &+ 64, as: Lanes.self)
      index &+= 32
    }
    var sum = sumInOrder(even + odd)
    while index < count {
      sum += left[index] * right[index]
      index &+= 1
    }
    return sum
  }

  private static func dot(_ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, count: Int)
    -> Double
  {
    let (a, b) = (UnsafeRawPointer(left), UnsafeRawPointer(right))
    var sums = SIMD8<Double>.zero
    let whole = count & ~7
    var index = 0
    while index < whole {
      sums +=
        a.loadUnaligned(fromByteOffset: index &* 8, as: SIMD8<Double>.self)
        * b.loadUnaligned(fromByteOffset: index &* 8, as: SIMD8<Double>.self)
      index &+= 8
    }
    var sum = sumInOrder(sums)
    while index < count {
      sum += left[index] * right[index]
      index &+= 1
    }
    return sum
  }

  /// `sum[i] += factor * numbers[i]`.
  private static func add(
    _ numbers: UnsafePointer<Float>, times factor: Float, to sum: UnsafeMutablePointer<Float>, count: Int
  ) {
    let source = UnsafeRawPointer(numbers)
    let target = UnsafeMutableRawPointer(sum)
    let factors = Lanes(repeating: factor)
    let whole = count & ~15
    var index = 0
    while index < whole {
      let offset = index &* 4
      let lanes =
        target.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
        + factors * source.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
      target.storeBytes(of: lanes, toByteOffset: offset, as: Lanes.self)
      index &+= 16
    }
    while index < count {
      sum[index] += factor * numbers[index]
      index &+= 1
    }
  }
}
