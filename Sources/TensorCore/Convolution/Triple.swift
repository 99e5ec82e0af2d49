/// A number for each of three spatial axes.
struct Triple: Hashable, Sendable {
  var z: Int
  var y: Int
  var x: Int

  init(_ z: Int, _ y: Int, _ x: Int) {
    (self.z, self.y, self.x) = (z, y, x)
  }

  /// One to three numbers, innermost axis last; `missing` stands for the outer axes that are not there.
  init(_ numbers: [Int], missing: Int) {
    let padded = [Int](repeating: missing, count: 3 - numbers.count) + numbers
    self.init(padded[0], padded[1], padded[2])
  }

  static let zero = Triple(0, 0, 0)
  static let one = Triple(1, 1, 1)

  var product: Int { z * y * x }

  /// All places below these numbers, in row-major order.
  var places: [Triple] {
    (0..<z).flatMap { z in (0..<y).flatMap { y in (0..<x).map { Triple(z, y, $0) } } }
  }

  func map(_ transform: (Int) -> Int) -> Triple { Triple(transform(z), transform(y), transform(x)) }

  func zip(_ other: Triple, _ combine: (Int, Int) -> Int) -> Triple {
    Triple(combine(z, other.z), combine(y, other.y), combine(x, other.x))
  }
}
