import Autograd
import Networks
import TensorCore
import Testing

@Suite("Optimizers and averages")
struct OptimizerTests {
  /// The values after each of some steps, whose gradients are scaled by a half as they are read.
  private func run(_ optimizer: any Optimizer, from start: [Float], gradients: [[Float]]) -> [[Float]] {
    var values = start
    var state = OptimizerState(optimizer, count: start.count)
    return gradients.map { gradient in
      state.step(values: &values, gradient: gradient.map { 2 * $0 }, gradientScale: 0.5)
      return values
    }
  }

  private func expect(
    _ results: [[Float]], _ expected: [[Double]], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(results.count == expected.count, sourceLocation: sourceLocation)
    for (result, reference) in zip(results.joined(), expected.joined()) {
      #expect(abs(Double(result) - reference) < 1e-6, sourceLocation: sourceLocation)
    }
  }

  @Test("plain gradient descent moves against the gradient by the learning rate")
  func descent() {
    expect(run(SGD(learningRate: 0.5), from: [1, 2], gradients: [[2, -4], [0, 1]]), [[0, 4], [0, 3.5]])
  }

  @Test("momentum keeps a part of the last direction, and decay pulls toward zero")
  func momentum() {
    // b = 2 + 0.1 · 1 = 2.1, p = 1 - 0.21 = 0.79; b = 0.9 · 2.1 + 1 + 0.079 = 2.969, p = 0.79 - 0.2969.
    let sgd = SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 0.1)
    expect(run(sgd, from: [1], gradients: [[2], [1]]), [[0.79], [0.4931]])
  }

  @Test("RMSprop divides by the root of the mean square")
  func rmsprop() {
    // s = 0.1 · 4 = 0.4, p = 1 - 0.01 · 2/√0.4; s = 0.9 · 0.4 + 0.1 · 1 = 0.46, p -= 0.01/√0.46.
    let first = 1 - 0.02 / (0.4).squareRoot()
    expect(
      run(RMSprop(learningRate: 0.01, alpha: 0.9, epsilon: 0), from: [1], gradients: [[2], [1]]),
      [[first], [first - 0.01 / (0.46).squareRoot()]])
    expect(
      run(RMSprop(learningRate: 0.01, alpha: 0.75, epsilon: 1), from: [1], gradients: [[2]]), [[1 - 0.02 / 2]]
    )
  }

  @Test("a decay that is nearly one is not rounded to one")
  func slowestDecay() {
    // s = 1e-8 · 4, so that p = 1 - 0.0001 · 2/√4e-8 = 0.
    let rule = RMSprop(learningRate: 1e-4, alpha: 1 - 1e-8, epsilon: 0)
    expect(run(rule, from: [1], gradients: [[2]]), [[0]])
  }

  @Test("weight decay is part of RMSprop's gradient")
  func rmspropDecay() {
    // g = 2 + 0.5 · 4 = 4, s = 0.25 · 16 = 4, p = 4 - 0.1 · 4/2.
    let rule = RMSprop(learningRate: 0.1, alpha: 0.75, epsilon: 0, weightDecay: 0.5)
    expect(run(rule, from: [4], gradients: [[2]]), [[3.8]])
  }

  @Test(
    "an element's step does not depend on its place, the elements beside it or the threads",
    arguments: [0, 1, 2])
  func places(which: Int) {
    let rule: any Optimizer = [
      SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 0.01) as any Optimizer,
      RMSprop(learningRate: 0.1, weightDecay: 0.01), Adam(learningRate: 0.1, weightDecay: 0.01),
    ][which]
    let count = ComputeThreads.grain + 13
    let start = (0..<count).map { Float($0 % 5) - 2 }
    let gradients = (1...3).map { step in (0..<count).map { Float(step) * (Float($0 % 5) - 1.5) } }
    let alone = (0..<5).map { place in
      run(rule, from: [start[place]], gradients: gradients.map { [$0[place]] }).map { $0[0] }
    }
    defer { ComputeThreads.count = 1 }
    for threads in [1, 2] {
      ComputeThreads.count = threads
      for (step, values) in run(rule, from: start, gradients: gradients).enumerated() {
        #expect(values.indices.allSatisfy { values[$0] == alone[$0 % 5][step] })
      }
    }
  }

  @Test("Adam corrects the bias of both moments")
  func adam() {
    // β₁ = 0.5, β₂ = 0.75. Step 1: m = 1, v = 1, corrected 2 and 4. Step 2: m = 0, v = 1, corrected 0 and
    // 1/(7/16). Step 3 (g = 4): m = 2, v = 4.75, corrected 2/(7/8) and 4.75/(37/64).
    let optimizer = Adam(learningRate: 0.1, beta1: 0.5, beta2: 0.75, epsilon: 0)
    let third = 0.9 - 0.1 * (2 / 0.875) / (4.75 / 0.578125).squareRoot()
    expect(run(optimizer, from: [1], gradients: [[2], [-1], [4]]), [[0.9], [0.9], [third]])
  }

  @Test("Adam's epsilon stands outside the corrected root, and its decay is decoupled from the moments")
  func adamW() {
    let optimizer = Adam(learningRate: 0.1, beta1: 0.5, beta2: 0.75, epsilon: 2, weightDecay: 0.5)
    expect(run(optimizer, from: [1], gradients: [[2]]), [[0.95 - 0.1 * 2 / (2 + 2)]])
  }

  @Test("the state counts its steps and has one moment a name", arguments: [0, 1, 2])
  func state(which: Int) {
    let optimizers: [any Optimizer] = [SGD(learningRate: 1), RMSprop(learningRate: 1), Adam()]
    var state = OptimizerState(optimizers[which], count: 3)
    #expect(state.moments.map(\.shape) == optimizers[which].momentNames.map { _ in [3] })
    #expect(state.moments.allSatisfy { $0.scalars == [0, 0, 0] })
    var values: [Float] = [1, 1, 1]
    let before = state.moments.map { $0.copied() }
    for _ in 0..<2 { state.step(values: &values, gradient: [1, 2, 3], gradientScale: 1) }
    #expect(state.stepCount == 2)
    #expect(zip(before, state.moments).allSatisfy { $0.scalars == [0, 0, 0] && $1.scalars != [0, 0, 0] })
  }

  /// Moves against the gradient's signs and remembers nothing.
  private struct SignDescent: Optimizer {
    let momentNames: [String] = []

    func step(
      values: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, gradientScale: Float,
      moments: [UnsafeMutablePointer<Float>], average: MovingAverage?, count: Int, step: Int,
      rate: Double
    ) {
      for i in 0..<count { values[i] -= gradient[i] < 0 ? -1 : 1 }
    }
  }

  @Test("a rule without moments moves every parameter")
  func noMoments() {
    expect(run(SignDescent(), from: [1, 2], gradients: [[2, -4]]), [[0, 3]])
  }

  @Test("moments are set one and all, or not at all")
  func momentsMustFit() async {
    var state = OptimizerState(Adam(), count: 2)
    state.moments = [Tensor([1, 2], shape: [2]), Tensor([3, 4], shape: [2])]
    #expect(state.moments.map(\.scalars) == [[1, 2], [3, 4]])
    await #expect(processExitsWith: .failure) {
      var state = OptimizerState(Adam(), count: 2)
      state.moments = [Tensor([1, 2], shape: [2])]
    }
    await #expect(processExitsWith: .failure) {
      var state = OptimizerState(Adam(), count: 2)
      state.moments = [Tensor([1, 2], shape: [2]), Tensor([3], shape: [1])]
    }
  }

  private struct Module {
    let weight = Parameter([2], .constant(1))
    let statistics = Buffer([1], initialValue: 0)
  }

  @Test("an average follows fast at first, by a ramp up to its decay")
  func averageRamp() {
    let target = Module()
    let average = ExponentialMovingAverage(in: ParameterStore(name: "average", module: target), decay: 0.75)
    let kept = [1, 2, 10, 100].map { 1 - average.following(update: $0).share }
    for (value, expected) in zip(kept, [2 / 11, 3 / 12, 11 / 20, 0.75] as [Float]) {
      #expect(abs(value - expected) < 1e-6)
    }
  }

  @Test("an average moves toward the parameters by 1 - decay and takes the buffers as they are")
  func average() {
    let (source, target) = (Module(), Module())
    let network = ParameterStore(name: "network", module: source)
    let average = ExponentialMovingAverage(in: ParameterStore(name: "average", module: target), decay: 0.75)
    defer { withExtendedLifetime((network, average)) {} }
    network.initialize(seed: 1, firstOrdinal: 0)
    average.store.initialize(seed: 1, firstOrdinal: 0)
    network.set(source.weight, to: Tensor([5, -3], shape: [2]))
    network.set(source.statistics, to: Tensor([7], shape: [1]))
    /// Far behind the ramp.
    func follow() {
      network.flatValues.withUnsafePointer {
        average.following(update: 1 << 40).move(toward: $0, count: network.count)
      }
      average.store.copyBuffers(from: network)
    }
    follow()
    #expect(target.weight.value.scalars == [2, 0])
    #expect(target.statistics.value.scalars == [7])
    follow()
    #expect(target.weight.value.scalars == [2.75, -0.75])
    #expect(source.weight.value.scalars == [5, -3])
  }

  @Test("an average moved within a step equals one moved behind it", arguments: [0, 1, 2])
  func averageWithinStep(which: Int) {
    let optimizers: [any Optimizer] = [
      SGD(learningRate: 0.5), RMSprop(learningRate: 0.5), Adam(learningRate: 0.5),
    ]
    var state = OptimizerState(optimizers[which], count: 11)
    var values = (0..<11).map { Float($0) - 4 }
    var within = values
    var behind = values
    for _ in 0..<3 {
      within.withUnsafeMutableBufferPointer {
        state.step(
          values: &values, gradient: values.map { 2 * $0 }, gradientScale: 0.5,
          average: MovingAverage($0.baseAddress!, share: 0.25))
      }
      behind.withUnsafeMutableBufferPointer {
        MovingAverage($0.baseAddress!, share: 0.25).move(toward: values, count: 11)
      }
    }
    #expect(within == behind)
    #expect(within != values)
  }
}
