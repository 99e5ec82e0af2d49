import TensorCore
import Testing

@Suite("Sums of flat vectors")
struct VectorSumTests {
  @Test("vectors of any length are added element by element, also in place, and nothing behind them")
  func everyLength() {
    var numbers = TestNumbers(seed: 41)
    let (left, right) = (numbers.tensor([50]), numbers.tensor([50]))
    let sums = zip(left.scalars, right.scalars).map(+)
    for count in 0...49 {
      var (result, target) = (Tensor(repeating: 7, shape: [50]), left.copied())
      right.withUnsafePointer { right in
        left.withUnsafePointer { left in
          result.withUnsafeMutablePointer { VectorSum.add(left, right, into: $0, count: count) }
        }
        target.withUnsafeMutablePointer { VectorSum.add($0, right, into: $0, count: count) }
      }
      #expect(result.scalars == Array(sums[..<count]) + [Float](repeating: 7, count: 50 - count))
      #expect(target.scalars == Array(sums[..<count]) + Array(left.scalars[count...]))
    }
  }

  @Test("squares are added in Float64, at any length")
  func squares() {
    let values = Tensor((0..<37).map { Float($0) + 0x1p20 }, shape: [37])
    for count in 0...37 {
      let expected = values.scalars[..<count].reduce(0.0) { $0 + Double($1) * Double($1) }
      // Sums of these squares need no more than the 53 bits there are.
      #expect(values.withUnsafePointer { VectorSum.squaredLength($0, count: count) } == expected)
    }
  }
}
