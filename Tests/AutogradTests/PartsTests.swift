import Autograd
import TensorCore
import Testing

@Suite("A pass over several parts has the bits of a pass over each")
struct PartsTests {
  fileprivate struct Network {
    let first = Parameter([6, 5], .normal(mean: 0, deviation: 0.5))
    let bias = Parameter([6], .normal(mean: 0, deviation: 0.5))
    let second = Parameter([1, 6], .normal(mean: 0, deviation: 0.5))
    let scale = Parameter([5], .normal(mean: 1, deviation: 0.5))
    let store: ParameterStore

    init() {
      store = ParameterStore(
        name: "network",
        parameters: [("first", first), ("bias", bias), ("second", second), ("scale", scale)],
        buffers: [])
      store.initialize(seed: 3, firstOrdinal: 0)
    }

    func callAsFunction(_ x: Variable) -> Variable {
      let tape = x.tape
      return (x * tape.variable(for: scale))
        .linear(
          weight: tape.variable(for: first), bias: tape.variable(for: bias),
          activation: .leakyReLU(slope: 0.2)
        )
        .linear(weight: tape.variable(for: second), bias: nil)
    }
  }

  /// What is minimised, of samples and targets.
  enum Loss: String, CaseIterable {
    case softplus, crossEntropy, slope, twice, differences

    fileprivate func callAsFunction(_ network: Network, _ samples: Tensor, _ targets: Tensor, _ tape: Tape)
      -> Variable
    {
      let x = tape.samples(samples)
      switch self {
      case .softplus: return network(x).softplus().mean()
      case .crossEntropy: return network(x).sigmoidCrossEntropy(targets: tape.samples(targets)) * 3
      case .slope:
        let points = tape.watch(samples)
        let slopes = tape.gradients(
          of: network(points).sum(), withRespectTo: [points], createGraph: true)[0]!
        return (slopes.squared().sum(along: [1]).squareRoot() - 1).squared().mean() + network(x).mean() * 0.5
      case .twice: return network(x).mean() + network(x * 0.5).squared().mean()
      case .differences:
        return (network(x) - tape.samples(targets)).squared().sum()
          * (1 / Float(samples.shape[0] / tape.parts))
      }
    }
  }

  @Test(
    "losses by part and gradients summed along the complete tree", arguments: Loss.allCases, [2, 4, 8])
  func gradients(loss: Loss, parts: Int) {
    let network = Network()
    let noise = KeyedNoise(seed: 4, purpose: .synthetic, turn: 0)
    let (samples, targets) = (noise.normal([48, 5]), noise.uniform([48, 1]))
    let rows = 48 / parts
    var values: [Float] = []
    let gradients = Tensor(stacking: parts) { part in
      let range = part * rows..<(part + 1) * rows
      let tape = Tape(watching: [network.store])
      let value = loss(network, samples.rows(range), targets.rows(range), tape)
      values.append(value.value.scalar)
      return tape.gradients(of: value, forParametersOf: network.store)
    }
    let sum = sum(of: gradients)
    let tape = Tape(watching: [network.store], parts: parts)
    let value = loss(network, samples, targets, tape)
    #expect(value.shape == [parts] && value.value.scalars == values)
    let own = tape.gradients(of: value, forParametersOf: network.store)
    #expect(own.scalars.map(\.bitPattern) == sum.scalars.map(\.bitPattern))
  }

  /// Of rows, along the complete tree.
  private func sum(of rows: Tensor) -> Tensor {
    let count = rows.shape[1]
    return Tensor([count]) { sum in
      rows.withUnsafePointer {
        VectorSum.tree($0, stride: count, vectors: rows.shape[0], into: sum, count: count)
      }
    }
  }

  @Test("what is added to each part's gradient is added before they are summed")
  func additions() {
    let network = Network()
    let samples = KeyedNoise(seed: 4, purpose: .synthetic, turn: 1).normal([16, 5])
    func gradient(_ rows: Range<Int>, parts: Int) -> Tensor {
      let tapes = [0, 1].map { _ in Tape(watching: [network.store], parts: parts) }
      let losses = zip(tapes, [Float(1), 0.5]).map { tape, factor in
        network(tape.samples(samples.rows(rows).multiplied(by: factor))).softplus().mean()
      }
      let first = tapes[0].partGradients(of: losses[0], forParametersOf: network.store)
      let flat = TensorStorage(count: network.store.count)
      tapes[1].writeGradients(of: losses[1], forParametersOf: network.store, to: flat, adding: first)
      return Tensor(viewOf: flat, offset: 0, shape: [flat.count])
    }
    let halves = gradient(0..<8, parts: 1) + gradient(8..<16, parts: 1)
    #expect(gradient(0..<16, parts: 2).scalars == halves.scalars)
  }

  @Test(
    "a convolution's weight that is used several times has the gradient of its uses", arguments: [1, 2, 4])
  func convolutionUses(parts: Int) {
    let geometry = ConvolutionGeometry(kernel: [3, 3], stride: [1, 1], padding: [1, 1])
    let kernel = Parameter([8, 8, 3, 3], .normal(mean: 0, deviation: 0.2))
    let store = ParameterStore(name: "network", parameters: [("kernel", kernel)], buffers: [])
    store.initialize(seed: 5, firstOrdinal: 0)
    let samples = KeyedNoise(seed: 4, purpose: .synthetic, turn: 3).normal([8, 6, 6, 8])
    func loss(_ rows: Tensor, _ tape: Tape, uses: Range<Int>) -> Variable {
      let weight = tape.variable(for: kernel)
      let terms = uses.map { tape.samples(rows).convolved(with: weight, geometry) * Float(1 + $0) }
      return terms.dropFirst().reduce(terms[0], +).softplus().mean()
    }
    func gradient(_ rows: Tensor, parts: Int) -> Tensor {
      let tape = Tape(watching: [store], parts: parts)
      return tape.gradients(of: loss(rows, tape, uses: 0..<3), forParametersOf: store)
    }
    let own = gradient(samples, parts: parts)
    let each = sum(of: Tensor(stacking: parts) { gradient(samples.part($0, of: parts), parts: 1) })
    #expect(own.scalars == each.scalars)
    // One use of six times the weight.
    let tape = Tape(watching: [store], parts: parts)
    let once = tape.gradients(of: loss(samples, tape, uses: 5..<6), forParametersOf: store)
    for (several, one) in zip(own.scalars, once.scalars) { #expect(abs(several - one) < 1e-5) }
  }

  @Test("scales of group norm that samples share or have of their own", arguments: [2, 4])
  func groupNorm(parts: Int) {
    struct Network {
      let shared = Parameter([8], .normal(mean: 1, deviation: 0.5))
      let shift = Parameter([8], .normal(mean: 0, deviation: 0.5))
      let own = Parameter([8, 3], .normal(mean: 0, deviation: 0.5))
    }
    let network = Network()
    let store = ParameterStore(
      name: "network",
      parameters: [("shared", network.shared), ("shift", network.shift), ("own", network.own)], buffers: [])
    store.initialize(seed: 5, firstOrdinal: 0)
    let noise = KeyedNoise(seed: 4, purpose: .synthetic, turn: 5)
    let (samples, codes) = (noise.normal([8, 3, 3, 8]), noise.uniform([8, 3]))
    func gradient(_ rows: Range<Int>, parts: Int) -> Tensor {
      let tape = Tape(watching: [store], parts: parts)
      let (scale, shift) = (tape.variable(for: network.shared), tape.variable(for: network.shift))
      let ownScale = tape.samples(codes.rows(rows)).linear(weight: tape.variable(for: network.own), bias: nil)
      let first = tape.samples(samples.rows(rows)).groupNormalized(
        groups: 2, weight: scale, bias: shift, epsilon: 1e-5, activation: .relu)
      let second = first.groupNormalized(
        groups: 4, weight: ownScale + 1, bias: ownScale, epsilon: 1e-5)
      return tape.gradients(of: second.softplus().mean(), forParametersOf: store)
    }
    let size = 8 / parts
    let each = sum(of: Tensor(stacking: parts) { gradient($0 * size..<($0 + 1) * size, parts: 1) })
    #expect(gradient(0..<8, parts: parts).scalars.map(\.bitPattern) == each.scalars.map(\.bitPattern))
    #expect(store.parameters.allSatisfy { $0.range.contains { each.scalars[$0] != 0 } })
  }

  @Test("and so has one that is used in two geometries", arguments: [1, 2, 4])
  func convolutionGeometries(parts: Int) {
    let kernel = Parameter([8, 8, 3, 3], .normal(mean: 0, deviation: 0.2))
    let store = ParameterStore(name: "network", parameters: [("kernel", kernel)], buffers: [])
    store.initialize(seed: 5, firstOrdinal: 0)
    let samples = KeyedNoise(seed: 4, purpose: .synthetic, turn: 3).normal([8, 6, 6, 8])
    func gradient(_ strides: [Int]) -> [Float] {
      let tape = Tape(watching: [store], parts: parts)
      let weight = tape.variable(for: kernel)
      let terms = strides.map { stride in
        tape.samples(samples).convolved(
          with: weight, ConvolutionGeometry(kernel: [3, 3], stride: [stride, stride], padding: [1, 1])
        ).softplus().mean()
      }
      return tape.gradients(of: terms.dropFirst().reduce(terms[0], +), forParametersOf: store).scalars
    }
    let (both, first, second) = (gradient([1, 2]), gradient([1]), gradient([2]))
    for index in both.indices { #expect(abs(both[index] - first[index] - second[index]) < 1e-5) }
  }

  @Test(
    "a dense weight's gradient holds all of its uses, also those that are no layer",
    arguments: [1, 2, 4], [1, 2, 3])
  func denseUses(parts: Int, uses: Int) {
    // The shared weight, and a copy of it for each use.
    func store(_ count: Int) -> (ParameterStore, [Parameter]) {
      let weights = (0..<count).map { _ in Parameter([6, 5], .constant(0)) }
      let store = ParameterStore(
        name: "network", parameters: weights.enumerated().map { ("weight\($0)", $1) }, buffers: [])
      let values = KeyedNoise(seed: 8, purpose: .synthetic, turn: 0).normal([30]).scalars
      store.withValues { for index in 0..<store.count { $0[index] = values[index % 30] } }
      return (store, weights)
    }
    let samples = KeyedNoise(seed: 4, purpose: .synthetic, turn: 4).normal([8, 5])
    func gradient(_ store: ParameterStore, _ weight: (Int) -> Parameter) -> [Float] {
      let tape = Tape(watching: [store], parts: parts)
      let terms = (0..<uses).map { use in
        let variable = tape.variable(for: weight(use))
        let input = tape.samples(samples.multiplied(by: Float(1 + use)))
        // The third is not the layer's operation.
        return use == 2
          ? input.matrixProduct(variable, transposingOther: true).softplus()
          : input.linear(weight: variable, bias: nil).softplus()
      }
      let loss = terms.dropFirst().reduce(terms[0], +).mean()
      return tape.gradients(of: loss, forParametersOf: store).scalars
    }
    let (shared, weight) = store(1)
    let (apart, copies) = store(uses)
    let own = gradient(shared) { _ in weight[0] }
    let each = gradient(apart) { copies[$0] }
    for index in 0..<30 {
      let sum = (0..<uses).reduce(0) { $0 + each[30 * $1 + index] }
      #expect(abs(own[index] - sum) < 1e-6)
    }
    #expect(own.contains { $0 != 0 })
  }

  @Test("samples of two kinds by turns have the bits of a pass over each kind", arguments: [1, 2, 8])
  func alternating(parts: Int) {
    let network = Network()
    let samples = KeyedNoise(seed: 4, purpose: .synthetic, turn: 2).normal([16, 5])
    let one = Tape(watching: [network.store], parts: parts)
    let scores = network(one.samples(samples, alternatingWith: samples.multiplied(by: 0.5)))
    let together =
      scores.everyOtherPart(from: 0).mean() + scores.everyOtherPart(from: 1).squared().mean()
    let two = Tape(watching: [network.store], parts: parts)
    let apart = Loss.twice(network, samples, samples, two)
    #expect(together.value.scalars == apart.value.scalars)
    #expect(
      one.gradients(of: together, forParametersOf: network.store).scalars
        == two.gradients(of: apart, forParametersOf: network.store).scalars)
  }

  @Test("every other part can be differentiated twice", arguments: [0, 1])
  func everyOtherPartTwice(first: Int) {
    let values = Tensor([1, 2, 3, 4, 5, 6, 7, 8], shape: [4, 2])
    let tape = Tape(parts: 4)
    let points = tape.watch(values)
    let sum = points.everyOtherPart(from: first).squared().sum()
    let slopes = tape.gradients(of: sum, withRespectTo: [points], createGraph: true)[0]!
    let picked: [Float] = first == 0 ? [1, 2, 0, 0, 5, 6, 0, 0] : [0, 0, 3, 4, 0, 0, 7, 8]
    #expect(slopes.value.scalars == picked.map { 2 * $0 })
    let second = tape.gradients(of: slopes.squared().sum(), withRespectTo: [points])[0]!
    #expect(second.value.scalars == picked.map { 8 * $0 })
  }
}
