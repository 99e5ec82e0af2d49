import Autograd
import Checkpoints
import Foundation
import Interchange
import Models
import Networks
import Platform
import TensorCore
import TestSupport
import Testing

@Suite("Networks that complete samples, for other programs")
struct CompletionExportTests {
  private let folder = TemporaryFolder()

  /// A model whose norms have seen something.
  private static func made(axes: Int) -> Pix2Pix {
    let model = Pix2Pix(
      Pix2Pix.Configuration(
        size: axes == 2 ? 32 : 16, axes: axes, channels: 2, generatorFeatures: 4, discriminatorFeatures: 3,
        context: ContextRule(.piece)))
    for (index, store) in model.networks.flatMap({ [$0.store, $0.average].compactMap(\.self) }).enumerated() {
      store.initialize(seed: 3, firstOrdinal: 100 * index)
      for parameter in store.parameters where parameter.shape.rank > 1 {
        store.set(parameter, to: parameter.value.multiplied(by: 4))
      }
      for buffer in store.stateBuffers {
        store.set(
          buffer,
          to: Tensor((0..<buffer.shape.count).map { 0.02 * Float($0 + 1) }, shape: buffer.shape))
      }
    }
    return model
  }

  private static func onnx(_ network: NetworkDescription) throws -> [UInt8] {
    try ONNXModel.encoded(network, version: "1", document: "", metadata: [])
  }

  private func write(_ bytes: [UInt8], to name: String) {
    precondition(FileManager.default.createFile(atPath: folder.path(of: name), contents: Data(bytes)))
  }

  private func write(_ model: Pix2Pix, _ latents: Tensor, _ samples: Tensor) {
    write(
      Safetensors([NamedTensor("latents", latents), NamedTensor("images", samples)]).encoded(),
      to: "samples.safetensors")
  }

  @Test("a generator is a chain of chains, whose tensors are those of its store", arguments: [true, false])
  func chains(isAveraged: Bool) throws {
    let model = Self.made(axes: 2)
    let (generator, discriminator) = (
      model.descriptions(averaged: isAveraged)[0], model.descriptions(averaged: isAveraged)[1]
    )
    let store = isAveraged ? model.networks[0].average! : model.networks[0].store
    #expect(generator.tensors.map(\.name) == store.stateDictionary.map(\.name))
    #expect(generator.tensors.map(\.name).contains("main.0.inner.2.inner.5.running_var"))
    #expect(zip(generator.tensors, store.stateDictionary).allSatisfy { $0.value.scalars == $1.value.scalars })
    #expect(generator.parameterCount == store.count)
    #expect(
      generator.input == .init("contexts", [3, 32, 32]) && generator.output == .init("images", [2, 32, 32]))
    #expect(discriminator.input == .init("pairs", [5, 32, 32]))
    let text = try TorchConfiguration.object(generator, file: "f").text
    #expect(text.contains(#""layers":[{"type":"Completion","inner":[{"type":"Conv2d""#))
    #expect(text.split(separator: #""Skip","inner""#).count == 3, "two sides are joined")
    let nodes = String(decoding: try Self.onnx(generator), as: UTF8.self)
    for type in ["Slice", "Concat", "BatchNormalization", "ConvTranspose"] { #expect(nodes.contains(type)) }
    #expect(Self.made(axes: 3).descriptions(averaged: true)[0].output == .init("volumes", [2, 16, 16, 16]))
  }

  private static let hasPeers =
    (try? PeerPython.status(of: ["-c", "import torch, safetensors, onnx, onnxruntime"])) == 0

  @Test(
    "the card's Python and onnxruntime complete contexts as Lockstep does, and judge pairs alike",
    .enabled(if: Self.hasPeers, "no Python with torch, safetensors, onnx, onnxruntime: set LOCKSTEP_PYTHON"),
    arguments: [2, 3])
  func peers(axes: Int) throws {
    let model = Self.made(axes: axes)
    let noise = KeyedNoise(seed: 5, purpose: .contexts, turn: 0).uniform([5, ContextRule.noiseCount])
    let drawn = KeyedNoise(seed: 5, purpose: .synthetic, turn: 0)
      .normal(Shape([5] + model.sampleShape.extents)).tanh()
    let latents = ContextRule(.piece)(drawn, noise: noise).reshaped([5, model.latentCount])
    let samples = model.samples(latents)
    write(model, latents, samples)
    var members: [JSONValue.Member] = []
    let networks = model.descriptions(averaged: true)
    for network in networks {
      let file = "\(network.name).safetensors"
      write(try Self.onnx(network), to: "\(network.name).onnx")
      write(
        Safetensors(network.tensors.map { NamedTensor($0.name, $0.value) }, metadata: ["format": "pt"])
          .encoded(),
        to: file)
      members.append(.init(network.name, try TorchConfiguration.object(network, file: file)))
    }
    folder.write(JSONValue.object([.init("networks", .object(members))]).text, to: "config.json")
    let card = ModelCard(
      title: "", tags: [], facts: [], figures: nil, networks: networks.map(\.name), picture: "", options: "",
      use: .pass(byClass: false, makesVolumes: axes == 3, contexts: "All is unknown."))
    folder.write(card.markdown, to: "README.md")
    #expect(card.markdown.contains("contexts = torch.zeros(16, *shape)"))
    let checker = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "cluster/peers/check_export.py").path
    let arguments = [checker, folder.path, folder.path, folder.path(of: "samples.safetensors")]
    #expect(try PeerPython.status(of: arguments) == 0)
    write(model, latents, samples.multiplied(by: 0.99))
    #expect(try PeerPython.status(of: arguments) == 1, "the comparison can fail")
  }
}
