import Autograd
import Glibc
import Models
import Networks
import TensorCore
import Testing
import Training

@Suite("Variational autoencoder")
struct VAETests {
  private static let configuration = VAE.Configuration(size: 3, channels: 2, hidden: 7, latent: 4)

  private static func made() -> VAE {
    let model = VAE(configuration)
    _ = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 1)
    return model
  }

  private static func microBatch(_ index: Int = 0) -> MicroBatch {
    let images = KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).normal([5, 3, 3, 2]).tanh()
    return MicroBatch(index: index, draw: MicroBatch.Draw(step: 0), images: images, labels: [], seed: 2)
  }

  @Test("parameters have the names and shapes of PyTorch's example")
  func names() {
    let store = Self.made().networks[0].store
    #expect(
      store.parameterNames
        == ["fc1", "fc21", "fc22", "fc3", "fc4"].flatMap { ["\($0).weight", "\($0).bias"] })
    #expect(store.parameters.map(\.shape)[0] == [7, 18])
    #expect(store.parameters.map(\.shape)[8] == [18, 7])
  }

  @Test("the loss is the evidence lower bound, computed by its formula in Float64")
  func bound() {
    let model = Self.made()
    let microBatch = Self.microBatch()
    let values = model.networks[0].store.parameters.map { $0.value.scalars.map(Double.init) }
    func layer(_ index: Int, _ x: [Double]) -> [Double] {
      let (weight, bias) = (values[2 * index], values[2 * index + 1])
      return bias.indices.map { row in
        x.indices.reduce(bias[row]) { $0 + weight[row * x.count + $1] * x[$1] }
      }
    }
    let noise = microBatch.noise(for: .latents, length: 4).scalars.map(Double.init)
    let images = microBatch.images.scalars.map { (Double($0) + 1) / 2 }
    var (reconstruction, divergence) = (0.0, 0.0)
    for sample in 0..<5 {
      let x = Array(images[sample * 18..<(sample + 1) * 18])
      let hidden = layer(0, x).map { max($0, 0) }
      let (mean, logVariance) = (layer(1, hidden), layer(2, hidden))
      let z = mean.indices.map { mean[$0] + exp(logVariance[$0] / 2) * noise[sample * 4 + $0] }
      let logits = layer(4, layer(3, z).map { max($0, 0) })
      for (t, l) in zip(x, logits) { reconstruction += log(1 + exp(l)) - t * l }
      for (m, l) in zip(mean, logVariance) { divergence += (m * m + exp(l) - l - 1) / 2 }
    }
    let evaluation = model.evaluate(model.phases[0], on: microBatch)
    let expected = [reconstruction + divergence, reconstruction, divergence].map { $0 / 5 }
    #expect(zip(evaluation.statistics, expected).allSatisfy { abs(Double($0[0]) - $1) < 1e-4 * $1 })
    #expect(evaluation.loss.value.scalar == evaluation.statistics[0][0])
  }

  @Test("gradients reach every parameter, and samples are brightnesses in [-1, 1]")
  func gradientsAndSamples() {
    let model = Self.made()
    let evaluation = model.evaluate(model.phases[0], on: Self.microBatch())
    let store = model.networks[0].store
    let gradient = evaluation.loss.tape.gradients(of: evaluation.loss, forParametersOf: store).scalars
    for parameter in store.parameters {
      #expect(
        parameter.range.contains { gradient[$0] != 0 } && parameter.range.allSatisfy { gradient[$0].isFinite }
      )
    }
    let samples = model.samples(KeyedNoise(seed: 3, purpose: .synthetic, turn: 1).normal([6, 4]))
    #expect(samples.shape == [6, 3, 3, 2] && samples.scalars.allSatisfy { abs($0) <= 1 })
  }
}
