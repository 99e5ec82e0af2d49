import Autograd
import Networks
import TensorCore
import Testing

@Suite("Initial values")
struct InitializerTests {
  private func moments(_ values: [Float]) -> (mean: Double, deviation: Double) {
    let count = Double(values.count)
    let mean = values.reduce(0) { $0 + Double($1) } / count
    let square = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    return (mean, square.squareRoot())
  }

  @Test("normal values have the given mean and deviation")
  func normal() {
    let values = Initializer.normal(mean: 1, deviation: 0.02).values([128, 128], seed: 1, ordinal: 4).scalars
    let (mean, deviation) = moments(values)
    // Five standard errors of 2¹⁴ numbers.
    #expect(abs(mean - 1) < 5 * 0.02 / 128)
    #expect(abs(deviation - 0.02) < 5 * 0.02 / 181)
  }

  @Test("uniform values fill (-bound, bound)")
  func uniform() {
    let values = Initializer.uniform(bound: 0.5).values([128, 128], seed: 1, ordinal: 4).scalars
    let (mean, deviation) = moments(values)
    #expect(values.allSatisfy { abs($0) < 0.5 })
    #expect(abs(mean) < 5 * 0.2887 / 128)
    #expect(abs(deviation - 0.288675) < 0.003)
  }

  @Test("values follow from seed and ordinal alone, and differ with either")
  func determinism() {
    let rule = Initializer.normal(mean: 0, deviation: 1)
    let values = rule.values([100], seed: 1, ordinal: 2).scalars
    #expect(rule.values([100], seed: 1, ordinal: 2).scalars == values)
    #expect(rule.values([100], seed: 2, ordinal: 2).scalars != values)
    #expect(rule.values([100], seed: 1, ordinal: 3).scalars != values)
  }

  private struct Pair {
    let first = Linear(from: 3, to: 3, bias: false)
    let second = Linear(from: 3, to: 3, bias: false)
    let norm = BatchNorm(channels: 3)
  }

  @Test("no two parameters of a run share numbers, in one network or in two")
  func ordinals() {
    let (a, b) = (Pair(), Pair())
    let stores = [ParameterStore(name: "a", module: a), ParameterStore(name: "b", module: b)]
    defer { withExtendedLifetime(stores) {} }
    stores[0].initialize(seed: 5, firstOrdinal: 0)
    stores[1].initialize(seed: 5, firstOrdinal: stores[0].parameters.count)
    let weights = [a.first, a.second, b.first, b.second].map { $0.weight.value.scalars }
    #expect(Set(weights).count == 4)
    #expect(a.norm.runningVar.value.scalars == [1, 1, 1] && a.norm.runningMean.value.scalars == [0, 0, 0])
    stores[1].initialize(seed: 5, firstOrdinal: 0)
    #expect(b.first.weight.value.scalars == weights[0], "the ordinal decides, not the network")
  }

  @Test("layers start within PyTorch's default bounds")
  func defaults() {
    let linear = Linear(from: 16, to: 4)
    let geometry = ConvolutionGeometry(kernel: [3, 3], stride: [1, 1], padding: [1, 1])
    let convolution = Convolution(from: 4, to: 8, geometry)
    let transposed = TransposedConvolution(from: 8, to: 4, geometry)
    #expect(
      linear.weight.initializer == .uniform(bound: 0.25) && linear.bias?.initializer == .uniform(bound: 0.25))
    #expect(convolution.weight.initializer == .uniform(bound: 1 / 6))
    #expect(transposed.weight.initializer == .uniform(bound: 1 / 6))
    #expect(convolution.weight.shape == [8, 4, 3, 3] && transposed.weight.shape == [8, 4, 3, 3])
  }
}
