/// The kernel distance (Bińkowski et al. 2018, "Demystifying MMD GANs", section 4): the unbiased estimate of
/// the squared maximum mean discrepancy under the kernel (x·y / d + 1)³, over all pairs rather than random
/// subsets.
public enum KernelDistance {
  /// The distance between the rows of two matrices of features.
  /// - Parameter noteProgress: called after every ``Moments/block`` rows, with all of the other matrix.
  /// - Precondition: each has two rows or more.
  public static func between(_ x: Matrix, _ y: Matrix, noteProgress: () -> Void = {}) -> Double {
    precondition(min(x.rows, y.rows) > 1 && x.columns == y.columns, "features of two samples and more")
    func within(_ a: Matrix) -> Double {
      let (all, diagonal) = sums(a, a, noteProgress)
      return (all - diagonal) / (Double(a.rows) * Double(a.rows - 1))
    }
    return within(x) + within(y) - 2 * sums(x, y, noteProgress).all / (Double(x.rows) * Double(y.rows))
  }

  /// The sum of the kernel over all pairs, and over pairs of equal rows.
  private static func sums(
    _ a: Matrix, _ b: Matrix, _ noteProgress: () -> Void
  ) -> (all: Double, diagonal: Double) {
    var all = 0.0
    var diagonal = 0.0
    a.forEachBlock { start, part in
      let inner = part.product(b, transposingOther: true)
      noteProgress()
      var sum = 0.0
      for row in 0..<part.rows {
        for column in 0..<b.rows {
          let base = inner[row, column] / Double(a.columns) + 1
          let value = base * base * base
          sum += value
          if column == start + row { diagonal += value }
        }
      }
      all += sum
    }
    return (all, diagonal)
  }
}
