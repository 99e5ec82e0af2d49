import Autograd
import Interchange
import Models
import Networks
import Platform
import TensorCore
import Testing

@Suite("Networks for other programs")
struct NetworkDescriptionTests {
  /// A layer of no framework.
  private struct Doubling: Layer {
    func callAsFunction(_ input: Variable) -> Variable { input + input }
  }

  private func description(of layers: [any Layer]) -> NetworkDescription {
    struct Chain { let main: Sequential }
    let chain = Sequential(layers)
    let store = ParameterStore(name: "critic", module: Chain(main: chain))
    store.initialize(seed: 1, firstOrdinal: 0)
    return NetworkDescription(
      chain, store, input: .init("x", [3]), chainExtents: [3], output: .init("y", [2]))
  }

  @Test(
    "a layer that nobody described is named with its network, its place and its type, in every form of export"
  )
  func undescribed() {
    let network = description(of: [Linear(from: 3, to: 2), Tanh(), Doubling()])
    for attempt in [
      { _ = try ONNXModel.encoded(network, version: "1", document: "", metadata: []) },
      { _ = try TorchConfiguration.object(network, file: "critic.safetensors") },
    ] {
      let error = #expect(throws: UndescribedLayer.self) { try attempt() }
      #expect(error?.network == "critic" && error?.layer == "main.2" && error?.type == "Doubling")
    }
  }

  @Test("how many samples a discriminator judges at once is told, of it alone")
  func packing() throws {
    func packings(_ model: any Model) throws -> [Int] {
      model.networks.forEach { $0.store.initialize(seed: 1, firstOrdinal: 0) }
      let descriptions = model.descriptions(averaged: false)
      for network in descriptions {
        let text = try TorchConfiguration.object(network, file: "x").text
        #expect(text.contains("\"packing\":\(network.packing)") == (network.packing > 1), "\(text)")
      }
      return descriptions.map(\.packing)
    }
    let points = MLPGAN.Configuration(dimensions: 2, latent: 3, hidden: 4, layers: 1, packing: 4)
    #expect(try packings(MLPGAN(points)) == [1, 4])
    for packing in [1, 2] {
      let images = ConvolutionalGAN.Configuration(
        size: 8, channels: 3, latent: 3, generatorFeatures: 2, discriminatorFeatures: 2, packing: packing)
      #expect(try packings(ConvolutionalGAN(images)) == [1, packing])
    }
  }

  @Test("the weights of a spectrally normalised layer are described divided by σ, and marked")
  func spectral() throws {
    let layer = SpectralLinear(from: 3, to: 2)
    let network = description(of: [layer])
    layer.iterate()
    let operation = try #require(network.operations().first)
    #expect(operation.isSpectral && operation.name == "main.0")
    guard case .linear(let weight, _) = operation.operation else {
      Issue.record("a matrix product")
      return
    }
    let (u, v) = (layer.weightU.value.scalars, layer.weightV.value.scalars)
    let stored = layer.weightOrig.value.scalars
    let sigma = (0..<2).reduce(Float(0)) { sum, i in
      sum + (0..<3).reduce(0) { $0 + u[i] * stored[3 * i + $1] * v[$1] }
    }
    for (described, stored) in zip(weight.scalars, stored) { #expect(abs(described - stored / sigma) < 1e-5) }
  }

  @Test("a U-Net's operations hold each of its weights once, under a name of its own")
  func unet() throws {
    let model = Diffusion(Diffusion.Configuration(size: 32, channels: 3, features: 12, blocks: 2, classes: 4))
    model.networks[0].store.initialize(seed: 1, firstOrdinal: 0)
    let description = try #require(model.descriptions(averaged: false).first)
    let stored = model.networks[0].store.stateDictionary
    #expect(Set(description.tensors.map(\.name)).count == stored.count)
    let sizes = { (tensors: [(name: String, value: Tensor)]) in
      tensors.map { $0.value.shape.extents.description }.sorted()
    }
    #expect(sizes(description.tensors) == sizes(stored))
    #expect(description.parameterCount == model.networks[0].store.count)
  }
}
