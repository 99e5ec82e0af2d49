/// The sufficient statistics of the first two moments of a set of vectors: their number, their sum and the
/// sum of their outer products. Statistics of disjoint sets add.
public struct Moments: Equatable, Sendable {
  /// The number of vectors.
  public private(set) var count: Int
  /// Their sum, `[d]`.
  public private(set) var sum: [Double]
  /// The sum of x xᵀ, `[d, d]`.
  private(set) var products: Matrix

  /// The statistics of no vectors of length `dimensions`.
  public init(dimensions: Int) {
    count = 0
    sum = [Double](repeating: 0, count: dimensions)
    products = Matrix(rows: dimensions, columns: dimensions)
  }

  /// The statistics of `count` vectors of this mean and unbiased covariance.
  public init(count: Int, mean: [Double], covariance: Matrix) {
    self.count = count
    sum = mean.map { $0 * Double(count) }
    products = covariance
    let d = mean.count
    for row in 0..<d {
      for column in 0..<d {
        products.values[row * d + column] =
          covariance[row, column] * Double(count - 1) + Double(count) * mean[row] * mean[column]
      }
    }
  }

  /// The statistics of the rows of `vectors`, `[n, d]`, added block by block.
  public init(of vectors: Matrix) {
    self.init(dimensions: vectors.columns)
    vectors.forEachBlock { _, rows in add(rows) }
  }

  /// Rows that are added at once.
  public static let block = 256

  /// Adds the rows of `vectors`, `[n, d]`.
  public mutating func add(_ vectors: Matrix) {
    precondition(vectors.columns == sum.count, "vectors of one length")
    count += vectors.rows
    for row in 0..<vectors.rows {
      for column in 0..<vectors.columns { sum[column] += vectors.values[row * vectors.columns + column] }
    }
    products.addProduct(ofColumnsOf: vectors)
  }

  /// The statistics of both sets.
  public static func + (left: Moments, right: Moments) -> Moments {
    precondition(left.sum.count == right.sum.count, "vectors of one length")
    var both = left
    both.count += right.count
    for index in both.sum.indices { both.sum[index] += right.sum[index] }
    for index in both.products.values.indices { both.products.values[index] += right.products.values[index] }
    return both
  }

  /// The mean, `[d]`.
  /// - Precondition: there is a vector.
  public var mean: [Double] {
    precondition(count > 0, "a mean of something")
    return sum.map { $0 / Double(count) }
  }

  /// The unbiased covariance, `[d, d]`: the sum of squares about the mean over n - 1; zeros for one vector.
  public var covariance: Matrix {
    let mean = mean
    let d = sum.count
    var result = products
    for row in 0..<d {
      for column in 0..<d {
        result.values[row * d + column] =
          (products[row, column] - Double(count) * mean[row] * mean[column]) / Double(max(count - 1, 1))
      }
    }
    return result
  }
}

extension Moments {
  /// The statistics as numbers: count, sum, upper triangle of the products. Travels between ranks.
  public var packed: [Double] {
    let d = sum.count
    return [Double(count)] + sum + (0..<d).flatMap { products.values[$0 * d + $0..<($0 + 1) * d] }
  }

  /// The statistics that ``packed`` gave.
  /// - Precondition: `numbers` has ``packedCount(dimensions:)`` elements.
  public init(packed numbers: ArraySlice<Double>, dimensions d: Int) {
    precondition(numbers.count == Self.packedCount(dimensions: d), "packed moments of \(d) dimensions")
    self.init(dimensions: d)
    var next = numbers.startIndex
    count = Int(numbers[next])
    sum = Array(numbers[next + 1...next + d])
    next += d + 1
    for row in 0..<d {
      for column in row..<d {
        products.values[row * d + column] = numbers[next]
        products.values[column * d + row] = numbers[next]
        next += 1
      }
    }
  }

  /// The numbers of ``packed``.
  public static func packedCount(dimensions d: Int) -> Int { 1 + d + d * (d + 1) / 2 }
}
