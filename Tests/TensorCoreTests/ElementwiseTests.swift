import Foundation
import TensorCore
import Testing

/// A function of a tensor beside its Float64 reference.
struct ElementwiseCase: CustomStringConvertible, Sendable {
  let description: String
  let range: ClosedRange<Float>
  let function: @Sendable (Tensor) -> Tensor
  let reference: @Sendable (Double) -> Double
  /// In units of the result's last place.
  let tolerance: Double

  init(
    _ description: String, in range: ClosedRange<Float> = -20...20, tolerance: Double = 1,
    _ function: @escaping @Sendable (Tensor) -> Tensor, _ reference: @escaping @Sendable (Double) -> Double
  ) {
    self.description = description
    self.range = range
    self.tolerance = tolerance
    self.function = function
    self.reference = reference
  }

  static let all = [
    ElementwiseCase("exp", in: -87...88, { $0.exp() }, { Foundation.exp($0) }),
    ElementwiseCase("log", in: 1e-30...1e30, { $0.log() }, { Foundation.log($0) }),
    ElementwiseCase("log1p", in: -0.999...1000, { $0.log1p() }, { Foundation.log1p($0) }),
    ElementwiseCase("tanh", { $0.tanh() }, { Foundation.tanh($0) }),
    ElementwiseCase("sin", { $0.sin() }, { Foundation.sin($0) }),
    ElementwiseCase("cos", { $0.cos() }, { Foundation.cos($0) }),
    ElementwiseCase("erf", { $0.erf() }, { Foundation.erf($0) }),
    ElementwiseCase("squareRoot", in: 0...1e30, tolerance: 0.5, { $0.squareRoot() }, { $0.squareRoot() }),
    ElementwiseCase("negated", tolerance: 0, { $0.negated() }, { -$0 }),
    ElementwiseCase("magnitude", tolerance: 0, { $0.magnitude() }, { abs($0) }),
    ElementwiseCase("adding", tolerance: 0.5, { $0.adding(0.75) }, { $0 + 0.75 }),
    ElementwiseCase("multiplied", tolerance: 0.5, { $0.multiplied(by: 0.3) }, { $0 * Double(Float(0.3)) }),
    ElementwiseCase("rectified", tolerance: 0, { $0.rectified() }, { max($0, 0) }),
    ElementwiseCase(
      "leakyRectified", tolerance: 0.5, { $0.leakyRectified(slope: 0.2) },
      { $0 > 0 ? $0 : Double(Float(0.2)) * $0 }),
    ElementwiseCase("positiveMask", tolerance: 0, { $0.positiveMask(otherwise: 0.5) }, { $0 > 0 ? 1 : 0.5 }),
    ElementwiseCase("sign", tolerance: 0, { $0.sign() }, { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }),
    ElementwiseCase(
      "sigmoid", in: -80...80, tolerance: 4, { $0.sigmoid() }, { 1 / (1 + Foundation.exp(-$0)) }),
    ElementwiseCase(
      "softplus", in: -80...80, tolerance: 4, { $0.softplus() },
      { max($0, 0) + Foundation.log1p(Foundation.exp(-abs($0))) }),
  ]
}

@Suite("Elementwise functions")
struct ElementwiseTests {
  private func inputs(_ range: ClosedRange<Float>, count: Int) -> [Float] {
    var numbers = TestNumbers(seed: 5)
    let values = numbers.tensor([count]).scalars
    return values.enumerated().map { index, x in
      let linear = range.lowerBound + (range.upperBound - range.lowerBound) * (x + 1) / 2
      // Every other one small, where relative accuracy is hardest.
      return index % 2 == 0 || !range.contains(linear / 1024) ? linear : linear / 1024
    }
  }

  @Test(
    "a function is within its units in the last place of the Float64 reference",
    arguments: ElementwiseCase.all)
  func accuracy(_ function: ElementwiseCase) {
    let inputs = inputs(function.range, count: 4099)
    let results = function.function(Tensor(inputs, shape: [4099])).scalars
    for (x, result) in zip(inputs, results) {
      let expected = function.reference(Double(x))
      // Half a unit for rounding the reference's neighbour, so that 0.5 is "correctly rounded".
      let error = abs(Double(result) - expected) / Double(Float(expected).ulp)
      #expect(error <= function.tolerance + 1e-6, "f(\(x)) = \(result), not \(expected)")
    }
  }

  @Test("an element's bits depend neither on its position nor on the length", arguments: ElementwiseCase.all)
  func tailsEqualVectors(_ function: ElementwiseCase) {
    let inputs = inputs(function.range, count: 40)
    let whole = function.function(Tensor(inputs, shape: [40])).scalars.map(\.bitPattern)
    for start in 0..<17 {
      for count in 1...17 {
        let part = function.function(Tensor(Array(inputs[start..<(start + count)]), shape: [count])).scalars
        #expect(part.map(\.bitPattern) == Array(whole[start..<(start + count)]), "from \(start), \(count)")
      }
    }
  }

  @Test("nothing overflows that has a finite limit")
  func extremes() {
    let ends = Tensor([-1000, -100, 100, 1000], shape: [4])
    let e100 = Float(Foundation.exp(-100.0))
    #expect(ends.sigmoid().scalars == [0, e100, 1, 1])
    let softplus = ends.softplus().scalars
    #expect(softplus[0] == 0 && softplus[2] == 100 && softplus[3] == 1000)
    #expect(abs(softplus[1] - e100) <= .leastNonzeroMagnitude, "a subnormal, to its last place")
    #expect(ends.tanh().scalars == [-1, -1, 1, 1])
    #expect(ends.erf().scalars == [-1, -1, 1, 1])
    #expect(ends.exp().scalars == [0, e100, .infinity, .infinity])
    #expect(Tensor(0).log().scalar == -.infinity)
    #expect(Tensor(0).sigmoid().scalar == 0.5)
    #expect(Tensor(-1).log().scalar.isNaN && Tensor(-1).squareRoot().scalar.isNaN)
  }

  @Test(
    "a value that is not a number stays one", arguments: ["exp", "tanh", "sigmoid", "softplus", "erf", "sin"])
  func notANumber(name: String) throws {
    let match = ElementwiseCase.all.first { $0.description == name }
    let function = try #require(match)
    let results = function.function(Tensor([1, .nan, 2], shape: [3])).scalars
    #expect(results.map { $0.isNaN } == [false, true, false])
  }

  @Test("an empty tensor has an empty image", arguments: ElementwiseCase.all)
  func empty(_ function: ElementwiseCase) {
    #expect(function.function(Tensor([], shape: [0, 3])).shape == [0, 3])
  }

  @Test("only finite elements make a tensor finite")
  func finiteness() {
    let values = [Float](repeating: 1, count: 34)
    #expect(Tensor(values, shape: [34]).isFinite)
    for bad in [Float.nan, .infinity, -.infinity] {
      for index in [0, 7, 31, 32, 33] {
        var values = values
        values[index] = bad
        #expect(!Tensor(values, shape: [34]).isFinite)
      }
    }
  }

  @Test(
    "a rectifier's gradient comes with the sum of each part's rows, in the bits of one after the other",
    arguments: [1, 2, 4], [2, 32, 77])
  func rectifierGradientWithSums(parts: Int, channels: Int) {
    var numbers = TestNumbers(seed: 9)
    let (upstream, output) = (numbers.tensor([12, channels]), numbers.tensor([12, channels]))
    let (gradient, sums) = upstream.leakyRectifierGradient(at: output, slope: 0.2, parts: parts)
    let alone = upstream.leakyRectifierGradient(at: output, slope: 0.2)
    #expect(gradient.scalars == alone.scalars)
    let expected = Tensor(stacking: parts) { alone.part($0, of: parts).sum(to: [channels]) }
    #expect(sums.shape == expected.shape && sums.scalars == expected.scalars)
  }
}
