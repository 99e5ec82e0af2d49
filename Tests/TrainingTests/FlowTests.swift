import Autograd
import Glibc
import Models
import Networks
import TensorCore
import Testing
import Training

@Suite("Normalizing flow")
struct FlowTests {
  /// Of 5 numbers and so of halves that differ, and of an image.
  private static let vectors = Flow.Configuration(
    size: 1, channels: 5, hidden: 7, layers: 2, couplings: 3, domain: .vectors(unit: 2.5))
  private static let images = Flow.Configuration(
    size: 3, channels: 2, hidden: 9, layers: 1, couplings: 4, domain: .images)

  /// A model whose last layers are not zero, as they begin, so that couplings do something.
  private static func made(_ configuration: Flow.Configuration) -> Flow {
    let model = Flow(configuration)
    _ = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 1)
    let network = model.networks[0]
    for (index, parameter) in network.store.parameters.enumerated() {
      let noise = KeyedNoise(seed: 4, purpose: .synthetic, turn: index).normal(parameter.shape)
      for store in [network.store, network.average].compactMap({ $0 }) {
        store.set(store.parameters[index], to: noise.multiplied(by: 0.5))
      }
    }
    return model
  }

  private static func samples(_ count: Int, of model: Flow) -> Tensor {
    let shape = Shape([count] + model.sampleShape.extents)
    return KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).normal(shape).tanh()
  }

  private static func microBatch(_ model: Flow) -> MicroBatch {
    MicroBatch(
      index: 0, draw: MicroBatch.Draw(step: 0), images: samples(5, of: model), labels: [], seed: 2)
  }

  /// Latents and the sum of log-scales of a vector y in Float64, by the parameters in the order of the store,
  /// which is that from latents to samples.
  private static func encoded(_ y: [Double], by model: Flow) -> (latents: [Double], logScales: Double) {
    let configuration = model.configuration
    let values = model.networks[0].store.parameters.map { $0.value.scalars.map(Double.init) }
    let first = y.count - y.count / 2
    let perCoupling = 2 * (configuration.layers + 1) + 1
    var (vector, sum) = (y, 0.0)
    for coupling in (0..<configuration.couplings).reversed() {
      let parameters = Array(values[coupling * perCoupling..<(coupling + 1) * perCoupling])
      let changed = coupling.isMultiple(of: 2) ? first..<y.count : 0..<first
      let places = y.indices.filter { !changed.contains($0) }
      var made = places.map { vector[$0] }
      for layer in 0...configuration.layers {
        let (weight, bias) = (parameters[2 * layer], parameters[2 * layer + 1])
        let inputs = made
        made = bias.indices.map { row in
          inputs.indices.reduce(bias[row]) { $0 + weight[row * inputs.count + $1] * inputs[$1] }
        }
        if layer < configuration.layers { made = made.map { max($0, 0) } }
      }
      let factor = parameters[perCoupling - 1]
      for (index, place) in changed.enumerated() {
        let logScale = tanh(made[index]) * factor[index]
        vector[place] = vector[place] * exp(logScale) + made[changed.count + index]
        sum += logScale
      }
    }
    return (vector, sum)
  }

  @Test("the loss of vectors is the negative log-likelihood in nats, by its formula in Float64")
  func likelihood() {
    let model = Self.made(Self.vectors)
    let microBatch = Self.microBatch(model)
    let x = microBatch.images.scalars.map(Double.init)
    var sum = 0.0
    for sample in 0..<5 {
      // In the order of the checkerboard.
      let y = [0, 2, 4, 1, 3].map { x[5 * sample + $0] / 2.5 }
      let (z, logScales) = Self.encoded(y, by: model)
      sum += z.reduce(0) { $0 + $1 * $1 } / 2 + 2.5 * log(2 * .pi) - logScales + 5 * log(2.5)
    }
    let evaluation = model.evaluate(model.phases[0], on: microBatch)
    #expect(abs(Double(evaluation.loss.value.scalar) - sum / 5) < 1e-4 * abs(sum / 5))
    #expect(evaluation.statistics == [[evaluation.loss.value.scalar]])
    #expect(model.phases[0].statistics.map(\.key) == ["nll"])
  }

  @Test("the loss of images is that of their 256 levels in bits a dimension, by its formula in Float64")
  func bits() {
    let model = Self.made(Self.images)
    let microBatch = Self.microBatch(model)
    let noise = microBatch.noise(for: .dequantization, length: 18).scalars.map(Double.init)
    // The levels' places in the order of the checkerboard.
    let places =
      (0..<18).filter { ($0 / 6 + $0 / 2 % 3 + $0 % 2) % 2 == 0 }
      + (0..<18).filter { ($0 / 6 + $0 / 2 % 3 + $0 % 2) % 2 == 1 }
    var sum = 0.0
    for sample in 0..<5 {
      let probabilities = places.map { place in
        let level = Double(
          ((microBatch.images.scalars[18 * sample + place] + 1) * 127.5).rounded(.toNearestOrEven))
        return 0.05 + 0.9 * (level + noise[18 * sample + place]) / 256
      }
      let (z, logScales) = Self.encoded(probabilities.map { log($0 / (1 - $0)) }, by: model)
      sum += z.reduce(0) { $0 + $1 * $1 } / 2 + 9 * log(2 * .pi) - logScales
      sum += probabilities.reduce(0) { $0 + log($1 * (1 - $1)) - log(0.9 / 256) }
    }
    let expected = sum / 5 / 18 / log(2)
    let evaluation = model.evaluate(model.phases[0], on: microBatch)
    #expect(abs(Double(evaluation.loss.value.scalar) - expected) < 1e-4 * expected)
    #expect(model.phases[0].statistics.map(\.key) == ["bpd"])
  }

  @Test("samples are made of their latents again", arguments: [vectors, images])
  func inverse(configuration: Flow.Configuration) {
    let model = Self.made(configuration)
    let levels = Self.samples(6, of: model).scalars.map { (($0 + 1) * 127.5).rounded() / 127.5 - 1 }
    let samples = Tensor(levels, shape: Shape([6] + model.sampleShape.extents))
    let latents = model.latents(of: samples, isAveraged: true)
    #expect(latents.shape == [6, model.latentCount])
    let again = model.sample(latents: latents, classes: [], isAveraged: true)
    #expect(again.shape == samples.shape)
    #expect(zip(again.scalars, levels).allSatisfy { abs($0 - $1) < 1e-3 })
    // The couplings do something, each sample by itself.
    #expect(zip(latents.scalars, levels).contains { abs($0 - $1) > 0.1 })
    let alone = model.sample(
      latents: latents.rows(2..<3), classes: [], isAveraged: true)
    #expect(alone.scalars == again.rows(2..<3).scalars)
  }

  @Test("the log-determinant is that of the Jacobian by finite differences")
  func jacobian() {
    let model = Self.made(Self.vectors)
    let x = Self.samples(1, of: model).scalars
    let step: Float = 1e-3
    func latents(_ place: Int, _ offset: Float) -> [Double] {
      var moved = x
      moved[place] += offset
      return model.latents(of: Tensor(moved, shape: [1, 1, 1, 5]), isAveraged: false).scalars.map(Double.init)
    }
    // A row for each number of x.
    var rows = (0..<5).map { place in
      zip(latents(place, step), latents(place, -step)).map { ($0 - $1) / Double(2 * step) }
    }
    var logDeterminant = 0.0
    for column in 0..<5 {
      let pivot = (column..<5).max { abs(rows[$0][column]) < abs(rows[$1][column]) }!
      rows.swapAt(column, pivot)
      logDeterminant += log(abs(rows[column][column]))
      for row in column + 1..<5 {
        let share = rows[row][column] / rows[column][column]
        for place in column..<5 { rows[row][place] -= share * rows[column][place] }
      }
    }
    let (_, logScales) = Self.encoded([0, 2, 4, 1, 3].map { Double(x[$0]) / 2.5 }, by: model)
    #expect(abs(logDeterminant - (logScales - 5 * log(2.5))) < 2e-2)
  }

  @Test("it begins as the identity; where it is another map, gradients reach every parameter")
  func start() {
    let model = Flow(Self.vectors)
    _ = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 1)
    let latents = KeyedNoise(seed: 3, purpose: .synthetic, turn: 1).normal([6, 5])
    let samples = model.sample(latents: latents, classes: [], isAveraged: true)
    let places = [0, 2, 4, 1, 3]
    for (place, source) in places.enumerated() {
      for row in 0..<6 {
        #expect(samples.scalars[5 * row + source] == latents.scalars[5 * row + place] * 2.5)
      }
    }
    let trained = Self.made(Self.vectors)
    let evaluation = trained.evaluate(trained.phases[0], on: Self.microBatch(trained))
    let store = trained.networks[0].store
    let gradient = evaluation.loss.tape.gradients(of: evaluation.loss, forParametersOf: store).scalars
    for parameter in store.parameters { #expect(parameter.range.contains { gradient[$0] != 0 }) }
    #expect(gradient.allSatisfy { $0.isFinite })
  }

  @Test("an export refuses its couplings by name")
  func refused() {
    let description = Self.made(Self.vectors).descriptions(averaged: true)[0]
    let error = #expect(throws: UndescribedLayer.self) { try description.operations() }
    #expect(error?.network == "flow" && error?.type == "AffineCoupling")
  }
}
