import Autograd
import FiniteDifferences
import Foundation
import Networks
import TensorCore
import Testing

@Suite("Layers that compare the samples of a group")
struct MinibatchLayersTests {
  private static let samples = KeyedNoise(seed: 4, purpose: .synthetic, turn: 0).normal([6, 2, 1, 2])

  /// A layer with T = `[4, 6]` for three kernels of length two.
  private static func discrimination() -> (layer: MinibatchDiscrimination, store: ParameterStore) {
    let layer = MinibatchDiscrimination(features: 4, kernels: 3, kernelSize: 2, group: 3)
    let store = ParameterStore(name: "layer", module: layer)
    store.initialize(seed: 3, firstOrdinal: 0)
    store.withValues { for i in 0..<store.count { $0[i] *= 20 } }
    return (layer, store)
  }

  private static func output(of layer: any Layer, _ input: Tensor) -> Tensor {
    layer(Tape().constant(input)).value
  }

  @Test("the deviation is that of Karras et al., section 3, in each group")
  func deviation() {
    let input = Self.samples
    let values = input.scalars
    let output = Self.output(of: MinibatchStandardDeviation(group: 3), input)
    #expect(output.shape == [6, 2, 1, 3])
    for group in 0..<2 {
      var sum = 0.0
      for feature in 0..<4 {
        let own = (0..<3).map { Double(values[(3 * group + $0) * 4 + feature]) }
        let mean = own.reduce(0, +) / 3
        sum += (own.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 3).squareRoot()
      }
      for sample in 3 * group..<3 * group + 3 {
        for place in 0..<2 {
          let row = (sample * 2 + place) * 3
          #expect(
            output.scalars[row..<row + 2] == [
              values[2 * (sample * 2 + place)], values[2 * (sample * 2 + place) + 1],
            ])
          #expect(abs(Double(output.scalars[row + 2]) - sum / 4) < 1e-6)
        }
      }
    }
  }

  @Test("the closeness is that of Salimans et al., section 3.2, in each group")
  func discrimination() {
    let (layer, store) = Self.discrimination()
    let input = Self.samples
    let (x, t) = (input.scalars.map(Double.init), store.flatValues.scalars.map(Double.init))
    func vector(_ sample: Int, _ kernel: Int) -> [Double] {
      (0..<2).map { c in (0..<4).reduce(0) { $0 + x[sample * 4 + $1] * t[$1 * 6 + kernel * 2 + c] } }
    }
    let output = Self.output(of: layer, input)
    #expect(output.shape == [6, 2, 1, 5])
    for sample in 0..<6 {
      let group = sample / 3 * 3
      for kernel in 0..<3 {
        let own = vector(sample, kernel)
        let expected = (group..<group + 3).reduce(0.0) { sum, other in
          sum + exp(-zip(own, vector(other, kernel)).reduce(0) { $0 + abs($1.0 - $1.1) })
        }
        #expect(expected > 1 && expected < 3)
        for place in 0..<2 {
          let found = output.scalars[(sample * 2 + place) * 5 + 2 + kernel]
          #expect(abs(Double(found) - expected) < 1e-4)
        }
      }
    }
    #expect(store.parameterNames == ["tensor"])
  }

  @Test("a group is compared the same way whatever micro-batch it stands in, and sees nothing of the others")
  func groups() {
    let (layer, store) = Self.discrimination()
    let layers: [any Layer] = [MinibatchStandardDeviation(group: 3), layer]
    defer { withExtendedLifetime(store) {} }
    for layer in layers {
      let whole = Self.output(of: layer, Self.samples)
      for group in 0..<2 {
        let rows = 3 * group..<3 * group + 3
        #expect(Self.output(of: layer, Self.samples.rows(rows)).scalars == whole.rows(rows).scalars)
      }
    }
  }

  /// Compares the samples themselves.
  nonisolated(unsafe) private static let unit = MinibatchDiscrimination(
    features: 2, kernels: 1, kernelSize: 2, group: 4)
  nonisolated(unsafe) private static let unitStore = ParameterStore(name: "layer", module: unit)

  static let cases: [DerivativeCase] = {
    var n = Numbers(seed: 13)
    let image = n.between(-2, 2, [4, 1, 2, 2])
    let distinct = n.distinct([4, 2])
    unitStore.set(unit.tensor, to: Tensor([1, 0, 0, 1], shape: [2, 2]))
    return [
      DerivativeCase("deviation of images", [image]) {
        MinibatchStandardDeviation(group: 2)($0[0]).squared()
      },
      DerivativeCase("deviation of rows", [distinct]) {
        MinibatchStandardDeviation(group: 4)($0[0]).squared()
      },
      DerivativeCase("discrimination", [distinct]) { inputs in unit(inputs[0]).squared() },
    ]
  }()

  @Test("the gradient equals central differences", arguments: cases)
  func firstOrder(_ derivative: DerivativeCase) {
    #expect(derivative.firstOrderError() < 1e-3)
  }

  @Test("the gradient of the gradient equals central differences of gradients", arguments: cases)
  func secondOrder(_ derivative: DerivativeCase) {
    #expect(derivative.secondOrderError() < 2e-3)
  }

  @Test("a deviation of equal samples has a finite slope of second order too")
  func equalSamples() {
    let tape = Tape()
    let input = tape.watch(Tensor(repeating: 0.5, shape: [4, 2]))
    let output = MinibatchStandardDeviation(group: 4)(input).sum()
    let slope = tape.gradients(of: output, withRespectTo: [input], createGraph: true)[0]
    let second = slope.flatMap { tape.gradients(of: $0.squared().sum(), withRespectTo: [input])[0] }
    #expect(slope?.value.scalars.allSatisfy(\.isFinite) == true)
    #expect(second?.value.scalars.allSatisfy(\.isFinite) == true)
  }

  @Test("a table of vectors adds the derivative of a row once for each of its samples, in their order")
  func embedding() {
    let table = Embedding(count: 3, depth: 2)
    let store = ParameterStore(name: "table", module: table)
    store.initialize(seed: 1, firstOrdinal: 0)
    let weights = Tensor([1e8, 1, 1, 2, -1e8, 3, 5, 7], shape: [4, 2])
    let tape = Tape(watching: [store])
    let sum = (table([1, 2, 1, 1], on: tape) * tape.constant(weights)).sum()
    // In sample order (1e8 + -1e8) + 5; another order would lose the 5.
    #expect(tape.gradients(of: sum, forParametersOf: store).scalars == [0, 0, 5, 11, 1, 2])
  }
}
