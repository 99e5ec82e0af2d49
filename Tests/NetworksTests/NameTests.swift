import Autograd
import Models
import Networks
import TensorCore
import Testing

// A dictionary or a set on the path to a parameter traps in `ParameterStore.init(name:module:)`: its order
// would change names and bits from process to process. A trap ends the process, so no test here shows it.

@Suite("Names of parameters")
struct NameTests {
  private let model = ConvolutionalGAN(
    .init(size: 32, channels: 3, latent: 10, generatorFeatures: 4, discriminatorFeatures: 4))

  @Test("the parameters of DCGAN's generator have PyTorch's names, order and shapes")
  func generator() {
    let store = model.networks[0].store
    #expect(
      store.parameterNames == [
        "main.0.weight", "main.1.weight", "main.1.bias", "main.3.weight", "main.4.weight", "main.4.bias",
        "main.6.weight", "main.7.weight", "main.7.bias", "main.9.weight",
      ])
    #expect(
      store.bufferNames == [
        "main.1.running_mean", "main.1.running_var", "main.4.running_mean", "main.4.running_var",
        "main.7.running_mean", "main.7.running_var",
      ])
    #expect(
      store.parameters.map(\.shape) == [
        [10, 16, 4, 4], [16], [16], [16, 8, 4, 4], [8], [8], [8, 4, 4, 4], [4], [4], [4, 3, 4, 4],
      ])
  }

  @Test("the parameters of DCGAN's discriminator have PyTorch's names, order and shapes")
  func discriminator() {
    let store = model.networks[1].store
    #expect(
      store.parameterNames == [
        "main.0.weight", "main.2.weight", "main.3.weight", "main.3.bias", "main.5.weight", "main.6.weight",
        "main.6.bias", "main.8.weight",
      ])
    #expect(
      store.bufferNames == [
        "main.3.running_mean", "main.3.running_var", "main.6.running_mean", "main.6.running_var",
      ])
    #expect(
      store.parameters.map(\.shape) == [
        [4, 3, 4, 4], [8, 4, 4, 4], [8], [8], [16, 8, 4, 4], [16], [16], [1, 16, 4, 4],
      ])
  }

  private struct Block {
    let inputLayer = Linear(from: 2, to: 3, bias: false)
    let shortcut: Linear?
    let norms = [LayerNorm(channels: 3), LayerNorm(channels: 3)]
    let gain = Parameter([1], .constant(1))
  }

  private struct Tower {
    let blocks: [Block]
    let embedding = Embedding(count: 4, depth: 2)
  }

  @Test("a name is the path of properties, in snake case, with positions in lists, without what is absent")
  func paths() {
    let store = ParameterStore(
      name: "tower",
      module: Tower(blocks: [Block(shortcut: nil), Block(shortcut: Linear(from: 2, to: 3))]))
    let block = [
      "norms.0.weight", "norms.0.bias", "norms.1.weight", "norms.1.bias", "gain",
    ]
    #expect(
      store.parameterNames == ["blocks.0.input_layer.weight"] + block.map { "blocks.0." + $0 }
        + ["blocks.1.input_layer.weight", "blocks.1.shortcut.weight", "blocks.1.shortcut.bias"]
        + block.map { "blocks.1." + $0 } + ["embedding.weight"])
    #expect(store.parameters.map(\.ordinal) == Array(0..<store.parameters.count))
  }
}
