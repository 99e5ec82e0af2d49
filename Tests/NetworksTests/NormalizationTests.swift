import Autograd
import FiniteDifferences
import Networks
import TensorCore
import Testing

@Suite("Normalisation")
struct NormalizationTests {
  static let cases: [DerivativeCase] = {
    var n = Numbers(seed: 11)
    let rows = n.between(-2, 2, [6, 3])
    let image = n.between(-2, 2, [2, 2, 3, 4])
    let scale = n.between(0.5, 1.5, [3])
    let shift = n.between(-1, 1, [3])
    let (scale4, shift4) = (n.between(0.5, 1.5, [4]), n.between(-1, 1, [4]))
    return [
      DerivativeCase("batchNorm of rows", [rows, scale, shift]) {
        $0[0].batchNormalized(weight: $0[1], bias: $0[2], epsilon: 1e-5).output
      },
      DerivativeCase("batchNorm of images", [image, scale4, shift4]) {
        $0[0].batchNormalized(weight: $0[1], bias: $0[2], epsilon: 1e-5).output
      },
      DerivativeCase("layerNorm", [rows, scale, shift]) { layerNorm($0[0], weight: $0[1], bias: $0[2]) },
      DerivativeCase("groupNorm", [image, scale4, shift4]) {
        $0[0].groupNormalized(groups: 2, weight: $0[1], bias: $0[2], epsilon: 1e-5)
      },
      DerivativeCase("instanceNorm", [image]) { instanceNorm($0[0]) },
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

  private struct Module {
    let norm = BatchNorm(channels: 2, epsilon: 0, momentum: 0.25)
  }

  private func batchNormLayer() -> (Module, ParameterStore) {
    let module = Module()
    let store = ParameterStore(name: "norm", module: module)
    store.initialize(seed: 1, firstOrdinal: 0)
    store.set(module.norm.weight, to: Tensor([2, 3], shape: [2]))
    store.set(module.norm.bias, to: Tensor([1, -1], shape: [2]))
    return (module, store)
  }

  /// Channel means 2 and 30; biased variances 1 and 100.
  private let batch = Tensor([1, 20, 3, 40, 1, 40, 3, 20], shape: [4, 2])

  @Test(
    "while training, a batch is normalised by its own moments, which go to the tape with unbiased variance")
  func training() throws {
    let (module, store) = batchNormLayer()
    defer { withExtendedLifetime(store) {} }
    let tape = Tape(watching: [store])
    let output = module.norm(tape.constant(batch)).value.scalars
    for (value, expected) in zip(output, [-1, -4, 3, 2, -1, 2, 3, -4] as [Float]) {
      #expect(abs(value - expected) < 1e-5)
    }
    let collected = try #require(tape.takeStatistics().first)
    #expect(collected.mean.scalars == [2, 30])
    for (value, expected) in zip(collected.variance.scalars, [4 / 3, 400 / 3] as [Float]) {
      #expect(abs(value - expected) < 1e-4)
    }
    #expect(tape.takeStatistics().isEmpty)
    #expect(module.norm.runningMean.value.scalars == [0, 0], "the pass itself moves no statistics")
    collected.mean.withUnsafePointer {
      collected.runningMean.update(toward: $0, momentum: collected.momentum)
    }
    #expect(module.norm.runningMean.value.scalars == [0.5, 7.5])
  }

  @Test("for inference, running statistics are used and none are collected")
  func inference() {
    let (module, store) = batchNormLayer()
    defer { withExtendedLifetime(store) {} }
    store.set(module.norm.runningMean, to: Tensor([1, 20], shape: [2]))
    store.set(module.norm.runningVar, to: Tensor([4, 25], shape: [2]))
    let tape = Tape(mode: .inference)
    let output = module.norm(tape.constant(batch)).value.scalars
    for (value, expected) in zip(output, [1, -1, 3, 11, 1, 11, 3, -1] as [Float]) {
      #expect(abs(value - expected) < 1e-5)
    }
    #expect(tape.takeStatistics().isEmpty)
    let alone = module.norm(tape.constant(batch.rows(1..<2))).value.scalars
    #expect(alone == Array(output[2..<4]), "a sample does not depend on the others")
  }

  private struct Softened {
    let norm = BatchNorm(channels: 2, epsilon: 1)
  }

  @Test("for inference, epsilon is added to the running variance")
  func inferenceEpsilon() {
    let module = Softened()
    let store = ParameterStore(name: "norm", module: module)
    defer { withExtendedLifetime(store) {} }
    store.initialize(seed: 1, firstOrdinal: 0)
    store.set(module.norm.weight, to: Tensor([1, 1], shape: [2]))
    store.set(module.norm.bias, to: Tensor([0, 0], shape: [2]))
    store.set(module.norm.runningVar, to: Tensor([3, 8], shape: [2]))
    let output = module.norm(Tape(mode: .inference).constant(batch)).value.scalars
    for (value, expected) in zip(
      output, zip(batch.scalars, [2, 3, 2, 3, 2, 3, 2, 3] as [Float]).map { $0 / $1 })
    {
      #expect(abs(value - expected) < 1e-5)
    }
  }

  @Test(
    "group norm has the moments of each sample's groups, by its formula in Float64",
    arguments: [1, 2, 5, 10], [true, false])
  func groups(groups: Int, isPerSample: Bool) {
    let shape: Shape = [3, 9, 8, 10]
    let noise = KeyedNoise(seed: 2, purpose: .synthetic, turn: 0)
    let x = noise.normal(shape).multiplied(by: 3).adding(100)
    let scale = noise.normal(isPerSample ? [3, 10] : [10], from: 10_000)
    let shift = noise.normal(isPerSample ? [3, 10] : [10], from: 20_000)
    let tape = Tape()
    let output = tape.constant(x).groupNormalized(
      groups: groups, weight: tape.constant(scale), bias: tape.constant(shift), epsilon: 1e-5,
      activation: .leakyReLU(slope: 0.2)
    ).value.scalars
    let values = x.scalars.map(Double.init)
    let (width, length) = (10 / groups, 9 * 8 * 10)
    for sample in 0..<3 {
      for group in 0..<groups {
        let places = (0..<72).flatMap { place in
          (0..<width).map { sample * length + place * 10 + group * width + $0 }
        }
        let mean = places.reduce(0) { $0 + values[$1] } / Double(places.count)
        let variance =
          places.reduce(0) { $0 + (values[$1] - mean) * (values[$1] - mean) } / Double(places.count)
        for place in places {
          let coefficient = (isPerSample ? sample * 10 : 0) + place % 10
          let z =
            (values[place] - mean) / (variance + 1e-5).squareRoot() * Double(scale.scalars[coefficient])
            + Double(shift.scalars[coefficient])
          #expect(abs(Double(output[place]) - (z > 0 ? z : 0.2 * z)) < 2e-5)
        }
      }
    }
  }
}
