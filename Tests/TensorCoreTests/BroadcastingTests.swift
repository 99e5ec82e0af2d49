import TensorCore
import Testing

@Suite("Broadcasting and reductions")
struct BroadcastingTests {
  /// Two shapes that broadcast together: some extents 1, some axes missing.
  struct Pair: CustomStringConvertible, Sendable {
    let left: Shape
    let right: Shape
    var description: String { "\(left) with \(right)" }
  }

  static let pairs: [Pair] = (0..<60).map { index in
    var numbers = TestNumbers(seed: UInt64(index + 100))
    let full = (0..<numbers.int(0...4)).map { _ in numbers.int(1...5) }
    func part() -> Shape {
      Shape(full.dropFirst(numbers.int(0...3)).map { numbers.int(0...2) == 0 ? 1 : $0 })
    }
    return Pair(left: part(), right: part())
  }

  /// Every position within some extents, row-major.
  static func positions(_ shape: Shape) -> [[Int]] {
    shape.extents.reduce([[]]) { prefixes, extent in
      prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
    }
  }

  /// NumPy's rule, one element at a time: aligned at the last axis, position 0 along an extent of 1.
  static func element(of tensor: Tensor, at position: [Int]) -> Float {
    let aligned = position.suffix(tensor.shape.rank)
    let index = zip(aligned, tensor.shape.extents).reduce(0) { $0 * $1.1 + ($1.1 == 1 ? 0 : $1.0) }
    return tensor.scalars[index]
  }

  private func operands(_ pair: Pair) -> (Tensor, Tensor) {
    var numbers = TestNumbers(seed: 1)
    return (numbers.tensor(pair.left), numbers.tensor(pair.right).adding(2))
  }

  @Test("arithmetic equals NumPy's rule applied to one element at a time", arguments: pairs)
  func arithmetic(_ pair: Pair) {
    let (a, b) = operands(pair)
    let shape = Shape.broadcast(pair.left, pair.right)
    #expect(shape == Shape.broadcast(pair.right, pair.left))
    let elements = Self.positions(shape).map { (Self.element(of: a, at: $0), Self.element(of: b, at: $0)) }
    #expect((a + b).shape == shape)
    #expect((a + b).scalars == elements.map { $0.0 + $0.1 })
    #expect((a - b).scalars == elements.map { $0.0 - $0.1 })
    #expect((b - a).scalars == elements.map { $0.1 - $0.0 })
    #expect((a * b).scalars == elements.map { $0.0 * $0.1 })
    #expect((a / b).scalars == elements.map { $0.0 / $0.1 })
    #expect(a.broadcast(to: shape).scalars == elements.map(\.0))
  }

  /// Large enough for several threads: one operand repeated along some axes, or each along others.
  static let largePairs =
    [
      [40, 5, 1], [1, 40, 1, 1], [30, 1, 1, 1], [30, 40, 1, 1], [30, 1, 1, 7], [1], [40, 5, 7],
    ].map { Pair(left: [30, 40, 5, 7], right: Shape($0)) }
    + [Pair(left: [30, 1, 50, 1], right: [1, 40, 1, 7]), Pair(left: [0, 4], right: [3, 0, 1])]

  @Test("the number of threads changes no element", arguments: largePairs)
  func threadsChangeNothing(_ pair: Pair) {
    defer { ComputeThreads.count = 1 }
    let (a, b) = operands(pair)
    let shape = Shape.broadcast(pair.left, pair.right)
    let expected = zip(a.broadcast(to: shape).scalars, b.broadcast(to: shape).scalars).map { $0 - $1 }
    for threads in [1, 2, 3] {
      ComputeThreads.count = threads
      let isSame = (a - b).scalars == expected
      #expect(isSame)
      let isOpposite = (b - a).scalars == expected.map { -$0 }
      #expect(isOpposite)
    }
  }

  @Test("sum(to:) is the adjoint of broadcast(to:)", arguments: pairs)
  func sumIsAdjoint(_ pair: Pair) {
    let (a, _) = operands(pair)
    var numbers = TestNumbers(seed: 2)
    let shape = Shape.broadcast(pair.left, pair.right)
    let g = numbers.tensor(shape)
    #expect(g.sum(to: a.shape).shape == a.shape)
    #expect(isAdjoint(a, g, image: a.broadcast(to: shape), adjoint: g.sum(to: a.shape)))
  }

  @Test(
    "the sums along axes are those of the elements in Float64",
    arguments: [[0], [1], [2], [0, 2], [-1], [0, 1, 2]])
  func sumsAlongAxes(axes: [Int]) {
    var numbers = TestNumbers(seed: 3)
    let x = numbers.tensor([3, 4, 5])
    let reduced = axes.map { ($0 + 3) % 3 }
    var sums: [[Int]: Double] = [:]
    for position in Self.positions(x.shape) {
      let key = position.enumerated().map { reduced.contains($0.offset) ? 0 : $0.element }
      sums[key, default: 0] += Double(Self.element(of: x, at: position))
    }
    let result = x.sum(along: axes)
    for (position, value) in zip(Self.positions(result.shape), result.scalars) {
      #expect(value == Float(sums[position] ?? .nan))
    }
  }

  @Test("a sum to one element is refused where that does not broadcast to the tensor")
  func sumNeedsAxes() async {
    await #expect(processExitsWith: .failure) { _ = Tensor([1, 2], shape: [2]).sum(to: [1, 1]) }
  }

  @Test("a sum of many numbers does not lose the small ones")
  func sumsAreAccurate() {
    let tensor = Tensor([1e8] + [Float](repeating: 1, count: 1000) + [-1e8], shape: [1002])
    #expect(tensor.sum().scalar == 1000)
    #expect(tensor.reshaped([1, 1002, 1]).sum(along: [1]).scalar == 1000)
    #expect(tensor.mean().scalar == Float(1000) * (1 / 1002))
  }

  @Test("a row's maximum is its largest element, also among negative ones and infinities")
  func rowMaxima() {
    let x = Tensor([-3, -1, -2, -.infinity, 5, .infinity], shape: [2, 3])
    #expect(x.rowMaximum().scalars == [-1, .infinity])
    #expect(x.rowMaximum().shape == [2, 1])
  }
}

/// Whether ⟨A x, g⟩ = ⟨x, Aᵀ g⟩ up to Float32 rounding.
func isAdjoint(_ x: Tensor, _ g: Tensor, image: Tensor, adjoint: Tensor) -> Bool {
  func product(_ a: Tensor, _ b: Tensor) -> Double {
    zip(a.scalars, b.scalars).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  guard image.shape == g.shape && adjoint.shape == x.shape else { return false }
  return abs(product(image, g) - product(x, adjoint)) <= 1e-5 * Double(max(g.count, 1))
}
