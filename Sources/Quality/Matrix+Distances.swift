/// |x - y|² of two vectors.
func squaredDistance(_ x: [Double], _ y: [Double]) -> Double {
  zip(x, y).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
}

extension Matrix {
  /// Calls `body` for blocks of ``Moments/block`` rows, in order, with the first row of each.
  func forEachBlock(_ body: (_ start: Int, _ block: Matrix) -> Void) {
    for start in stride(from: 0, to: rows, by: Moments.block) {
      body(start, rows(start..<min(start + Moments.block, rows)))
    }
  }

  /// The squared Euclidean distances of every row of this matrix, `[n, d]`, from every row of `other`, `[m,
  /// d]`: `[n, m]`, as |x|² + |y|² - 2 x·y cut off at 0.
  public func squaredDistances(to other: Matrix) -> Matrix {
    var result = product(other, transposingOther: true)
    let (own, others) = (squaredNorms, other.squaredNorms)
    let width = result.columns
    result.values.withUnsafeMutableBufferPointer { values in
      for row in 0..<own.count {
        for column in 0..<width {
          let distance = own[row] + others[column] - 2 * values[row * width + column]
          values[row * width + column] = distance < 0 ? 0 : distance
        }
      }
    }
    return result
  }

  /// The squared Euclidean norm of every row.
  var squaredNorms: [Double] {
    (0..<rows).map { row in (0..<columns).reduce(0) { $0 + self[row, $1] * self[row, $1] } }
  }

  /// For every row of this matrix the squared distance to the nearest row of `other`, a few rows at a time.
  /// - Parameter places: for every row of this matrix the row of `other` that is left out, because it is the
  ///   same sample.
  public func nearestSquaredDistances(in other: Matrix, leavingOut places: [Int]? = nil) -> [Double] {
    var nearest: [Double] = []
    nearest.reserveCapacity(rows)
    forEachBlock { start, part in
      let distances = part.squaredDistances(to: other)
      for row in 0..<part.rows {
        var least = Double.infinity
        let own = places?[start + row]
        for column in 0..<other.rows where column != own { least = min(least, distances[row, column]) }
        nearest.append(least)
      }
    }
    return nearest
  }
}
