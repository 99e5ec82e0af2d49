import TensorCore
import Testing

@Suite("Products with thin matrices")
struct LowRankTests {
  /// Shapes with whole vectors of numbers and with some left over.
  private static let shapes = [
    LowRank(rows: 3, columns: 5, rank: 2), LowRank(rows: 32, columns: 64, rank: 4),
    LowRank(rows: 7, columns: 101, rank: 1), LowRank(rows: 40, columns: 33, rank: 9),
  ]

  private static func numbers(_ count: Int, turn: Int) -> [Float] {
    KeyedNoise(seed: 1, purpose: .synthetic, turn: turn).normal([count]).scalars
  }

  private static func isClose(_ found: [Float], _ expected: [Double], within error: Double = 1e-5) -> Bool {
    let scale = expected.map(abs).max() ?? 0
    return zip(found, expected).allSatisfy { abs(Double($0) - $1) <= error * scale }
  }

  @Test("M Q, Mᵀ P and M + s P Qᵀ are what their definitions say", arguments: 0..<shapes.count)
  func products(index: Int) {
    let shape = Self.shapes[index]
    let (n, m, r) = (shape.rows, shape.columns, shape.rank)
    let matrix = Self.numbers(n * m, turn: 0)
    let (left, right) = (Self.numbers(r * n, turn: 1), Self.numbers(r * m, turn: 2))
    var product = [Float](repeating: .nan, count: r * n)
    shape.multiply(matrix, by: right, into: &product)
    #expect(
      Self.isClose(
        product,
        (0..<r * n).map { place in
          (0..<m).reduce(0.0) {
            $0 + Double(matrix[place % n * m + $1]) * Double(right[place / n * m + $1])
          }
        }))
    var transposed = [Float](repeating: .nan, count: r * m)
    shape.multiplyTransposed(matrix, by: left, into: &transposed)
    #expect(
      Self.isClose(
        transposed,
        (0..<r * m).map { place in
          (0..<n).reduce(0.0) {
            $0 + Double(matrix[$1 * m + place % m]) * Double(left[place / m * n + $1])
          }
        }))
    var sum = matrix
    shape.addProduct(of: left, right, times: -0.5, to: &sum)
    #expect(
      Self.isClose(
        sum,
        (0..<n * m).map { place in
          (0..<r).reduce(Double(matrix[place])) {
            $0 - 0.5 * Double(left[$1 * n + place / m]) * Double(right[$1 * m + place % m])
          }
        }))
  }

  @Test("an element of M Q is 32 chains, added in order, and then what is left", arguments: [32, 70])
  func order(columns: Int) {
    let shape = LowRank(rows: 8, columns: columns, rank: 1)
    let (matrix, right) = (Self.numbers(8 * columns, turn: 10), Self.numbers(columns, turn: 11))
    let expected = (0..<8).map { row in
      let terms = (0..<columns).map { matrix[row * columns + $0] * right[$0] }
      let whole = columns & ~31
      let chains = (0..<32).map { stride(from: $0, to: whole, by: 32).reduce(0) { $0 + terms[$1] } }
      return ((0..<16).map { chains[$0] + chains[$0 + 16] } + terms[whole...]).reduce(0, +)
    }
    var product = [Float](repeating: .nan, count: 8)
    shape.multiply(matrix, by: right, into: &product)
    #expect(product == expected)
  }

  /// PᵀP.
  private static func gram(_ left: [Float], _ shape: LowRank) -> [Double] {
    let (n, r) = (shape.rows, shape.rank)
    return (0..<r * r).map { place in
      (0..<n).reduce(0.0) { $0 + Double(left[place / r * n + $1]) * Double(left[place % r * n + $1]) }
    }
  }

  @Test(
    "columns become orthonormal, also where they are nearly the same",
    arguments: [1, 1e-3, 1e-5, 1e-6] as [Float]
  )
  func orthonormal(difference: Float) {
    let shape = LowRank(rows: 50, columns: 60, rank: 5)
    let common = Self.numbers(50, turn: 3)
    var left = zip(Self.numbers(250, turn: 4), (0..<250).map { common[$0 % 50] }).map { difference * $0 + $1 }
    shape.orthonormalise(&left)
    let identity = (0..<25).map { $0 / 5 == $0 % 5 ? 1.0 : 0 }
    #expect(Self.isClose(Self.gram(left, shape), identity, within: 1e-6))
  }

  private static func isClose(_ found: [Double], _ expected: [Double], within error: Double) -> Bool {
    zip(found, expected).allSatisfy { abs($0 - $1) <= error }
  }

  @Test("a column that the ones before it make up becomes zero, and so does one that was")
  func dependent() {
    let shape = LowRank(rows: 20, columns: 60, rank: 5)
    let (a, b) = (Self.numbers(20, turn: 5), Self.numbers(20, turn: 6))
    // Float32 does not hold a third of these numbers.
    var left = a + a.map { 4 * $0 } + a.map { $0 / 3 } + [Float](repeating: 0, count: 20) + b
    shape.orthonormalise(&left)
    #expect(left[20..<80].allSatisfy { $0 == 0 } && left.allSatisfy { $0.isFinite })
    let gram = Self.gram(left, shape)
    #expect(abs(gram[0] - 1) < 1e-6 && abs(gram[24] - 1) < 1e-6 && abs(gram[4]) < 1e-6)
  }

  @Test("what is not finite does not become so", arguments: [Float.nan, .infinity, -.infinity], [0, 1, 3])
  func notFinite(value: Float, column: Int) {
    let shape = LowRank(rows: 20, columns: 60, rank: 4)
    var left = Self.numbers(80, turn: 7)
    left[column * 20 + 11] = value
    shape.orthonormalise(&left)
    #expect(left[column * 20..<column * 20 + 20].contains { !$0.isFinite })
  }

  @Test(
    "columns get length 1 whatever their own, and those of none are replaced",
    arguments: [1e-30, 1, 1e30] as [Float])
  func normalised(scale: Float) {
    let shape = LowRank(rows: 4, columns: 37, rank: 3)
    let others = Self.numbers(111, turn: 8)
    var right = Self.numbers(111, turn: 9).map { scale * $0 }
    for index in 37..<74 { right[index] = 0 }
    shape.normalise(&right, or: others)
    #expect(Array(right[37..<74]) == Array(others[37..<74]))
    for column in [0, 2] {
      let square = right[column * 37..<column * 37 + 37].reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(abs(square - 1) < 1e-6)
    }
  }
}
