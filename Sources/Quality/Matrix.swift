import COpenBLAS
import TensorCore

/// Float64 values in row-major order: what features and their statistics are computed in.
///
/// Products are those of OpenBLAS on one thread: their bits depend on the shapes (and the processor) only.
public struct Matrix: Equatable, Sendable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// The values, row by row.
  public internal(set) var values: [Double]

  /// A matrix of the given values.
  /// - Precondition: there are `rows * columns` of them.
  public init(rows: Int, columns: Int, values: [Double]) {
    precondition(values.count == rows * columns, "\(values.count) values are no \(rows) x \(columns) matrix")
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// A matrix of zeros.
  public init(rows: Int, columns: Int) {
    self.init(rows: rows, columns: columns, values: [Double](repeating: 0, count: rows * columns))
  }

  /// An element.
  public subscript(row: Int, column: Int) -> Double { values[row * columns + column] }

  /// Rows `range`.
  public func rows(_ range: Range<Int>) -> Matrix {
    Matrix(
      rows: range.count, columns: columns,
      values: Array(values[range.lowerBound * columns..<range.upperBound * columns]))
  }

  /// The matrices one below the other.
  /// - Precondition: they have as many columns.
  public static func stacked(_ matrices: [Matrix], columns: Int) -> Matrix {
    precondition(matrices.allSatisfy { $0.columns == columns }, "rows of equal length")
    return Matrix(
      rows: matrices.reduce(0) { $0 + $1.rows }, columns: columns, values: matrices.flatMap(\.values))
  }

  /// The sum of the diagonal.
  var trace: Double { (0..<min(rows, columns)).reduce(0) { $0 + self[$1, $1] } }

  /// `self × other`, either transposed if told so.
  public func product(
    _ other: Matrix, transposingSelf: Bool = false, transposingOther: Bool = false
  ) -> Matrix {
    let (rowCount, depth) = transposingSelf ? (columns, rows) : (rows, columns)
    let (otherDepth, columnCount) =
      transposingOther ? (other.columns, other.rows) : (other.rows, other.columns)
    precondition(depth == otherDepth, "a product of matrices that do not fit")
    var result = Matrix(rows: rowCount, columns: columnCount)
    guard rowCount > 0 && columnCount > 0 && depth > 0 else { return result }
    BLASLibrary.singleThreaded
    values.withUnsafeBufferPointer { a in
      other.values.withUnsafeBufferPointer { b in
        result.values.withUnsafeMutableBufferPointer { c in
          cblas_dgemm(
            CblasRowMajor, transposingSelf ? CblasTrans : CblasNoTrans,
            transposingOther ? CblasTrans : CblasNoTrans, blasint(rowCount), blasint(columnCount),
            blasint(depth), 1, a.baseAddress, blasint(columns), b.baseAddress, blasint(other.columns), 1,
            c.baseAddress, blasint(columnCount))
        }
      }
    }
    return result
  }
}

extension Matrix {
  /// Adds XᵀX, for X of `[n, d]`, to this symmetric matrix of `[d, d]`: the upper triangle is computed, the
  /// other one is its mirror image.
  mutating func addProduct(ofColumnsOf vectors: Matrix) {
    let d = columns
    precondition(rows == d && vectors.columns == d, "a product of columns with themselves")
    guard d > 0, vectors.rows > 0 else { return }
    BLASLibrary.singleThreaded
    vectors.values.withUnsafeBufferPointer { x in
      values.withUnsafeMutableBufferPointer { c in
        cblas_dsyrk(
          CblasRowMajor, CblasUpper, CblasTrans, blasint(d), blasint(vectors.rows), 1, x.baseAddress,
          blasint(d), 1, c.baseAddress, blasint(d))
        for row in 1..<d {
          for column in 0..<row { c[row * d + column] = c[column * d + row] }
        }
      }
    }
  }
}

extension Matrix {
  /// Eigenvalues of a symmetric matrix, descending, with their vectors as rows.
  public struct Eigen: Equatable, Sendable {
    /// Descending.
    public let values: [Double]
    /// One row for each value, of length 1; no rows where only values were asked for.
    public let vectors: Matrix
  }

  /// The largest eigenvalues of this symmetric matrix (LAPACK's `dsyevr`).
  /// - Parameters:
  ///   - count: how many; all unless told otherwise.
  ///   - wantsVectors: whether vectors are computed.
  /// - Returns: nil if a value is not finite, or if LAPACK gives up.
  /// - Precondition: the matrix is square.
  public func eigen(largest count: Int? = nil, wantsVectors: Bool = true) -> Eigen? {
    precondition(rows == columns, "a symmetric matrix is square")
    guard values.allSatisfy(\.isFinite) else { return nil }
    let count = min(count ?? rows, rows)
    guard count > 0 else { return Eigen(values: [], vectors: Matrix(rows: 0, columns: columns)) }
    BLASLibrary.singleThreaded
    let n = blasint(rows)
    var matrix = values
    var found = [Double](repeating: 0, count: rows)
    var vectors = [Double](repeating: 0, count: wantsVectors ? rows * count : 0)
    var support = [blasint](repeating: 0, count: 2 * rows)
    var work = [0.0]
    var integers: [blasint] = [0]
    func run(_ length: Int, _ integerLength: Int) -> blasint {
      vectors.withUnsafeMutableBufferPointer { vectors in
        lockstep_dsyevr(
          n, blasint(count), &matrix, &found, wantsVectors ? vectors.baseAddress : nil, &support, &work,
          blasint(length), &integers, blasint(integerLength))
      }
    }
    _ = run(-1, -1)
    let sizes = (Int(work[0]), Int(integers[0]))
    work = [Double](repeating: 0, count: sizes.0)
    integers = [blasint](repeating: 0, count: sizes.1)
    guard run(sizes.0, sizes.1) == 0 else { return nil }
    // The vectors are the columns of a Fortran matrix: the rows of this one.
    let rowsDescending = (0..<(wantsVectors ? count : 0)).reversed().flatMap {
      vectors[$0 * rows..<($0 + 1) * rows]
    }
    return Eigen(
      values: found[..<count].reversed(),
      vectors: Matrix(rows: wantsVectors ? count : 0, columns: rows, values: rowsDescending))
  }

  /// The symmetric root of a symmetric matrix without negative eigenvalues; what rounding makes negative
  /// counts as 0. Nil where there is no ``eigen(largest:wantsVectors:)``.
  public var symmetricRoot: Matrix? {
    guard let eigen = eigen() else { return nil }
    var scaled = eigen.vectors
    for row in 0..<rows {
      let root = max(0, eigen.values[row]).squareRoot()
      for column in 0..<columns { scaled.values[row * columns + column] *= root }
    }
    return scaled.product(eigen.vectors, transposingSelf: true)
  }
}
