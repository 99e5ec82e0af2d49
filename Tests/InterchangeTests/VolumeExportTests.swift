import Autograd
import Checkpoints
import Foundation
import Interchange
import Networks
import Platform
import TensorCore
import TestSupport
import Testing

/// Two networks of convolutions along three axes: latents `[5]` to volumes `[4, 6, 8, 1]`, sides that cannot
/// be taken for one another, and volumes to scores.
private struct VolumeNetworks {
  private struct Chain { let main: Sequential }
  let maker: Sequential
  let stores: [ParameterStore]
  let descriptions: [NetworkDescription]

  init() {
    let whole = ConvolutionGeometry(kernel: [2, 3, 4], stride: [1, 1, 1], padding: [0, 0, 0])
    let halve = ConvolutionGeometry(kernel: [4, 4, 4], stride: [2, 2, 2], padding: [1, 1, 1])
    let norms = [BatchNorm(channels: 4), BatchNorm(channels: 3)]
    let last = SpectralConvolution(from: 3, to: 1, whole)
    maker = Sequential([
      TransposedConvolution(from: 5, to: 4, whole, bias: false), norms[0], Rectifier(),
      TransposedConvolution(from: 4, to: 1, halve), Tanh(),
    ])
    let taker = Sequential([Convolution(from: 1, to: 3, halve), norms[1], Rectifier(slope: 0.2), last])
    stores = [("generator", maker), ("discriminator", taker)].map {
      ParameterStore(name: $0.0, module: Chain(main: $0.1))
    }
    for (index, (store, norm)) in zip(stores, norms).enumerated() {
      store.initialize(seed: 3, firstOrdinal: 10 * index)
      let channels = norm.runningMean.shape
      store.set(
        norm.runningMean, to: Tensor((0..<channels.count).map { 0.05 * Float($0) }, shape: channels))
      store.set(
        norm.runningVar, to: Tensor((0..<channels.count).map { 0.01 * Float($0 + 1) }, shape: channels))
    }
    last.iterate()
    let volumes = NetworkDescription.Port("volumes", [1, 4, 6, 8])
    descriptions = [
      NetworkDescription(
        maker, stores[0], input: .init("latents", [5]), chainExtents: [5, 1, 1, 1], output: volumes),
      NetworkDescription(
        taker, stores[1], input: volumes, chainExtents: volumes.extents, output: .init("scores", [])),
    ]
  }

  func onnx(_ network: NetworkDescription) throws -> [UInt8] {
    try ONNXModel.encoded(network, version: "1", document: "", metadata: [])
  }

  func safetensors(_ network: NetworkDescription) -> [UInt8] {
    Safetensors(network.tensors.map { NamedTensor($0.name, $0.value) }, metadata: ["format": "pt"]).encoded()
  }
}

@Suite("Networks of volumes for other programs")
struct VolumeExportTests {
  private let networks = VolumeNetworks()
  private let folder = TemporaryFolder()

  private func write(_ bytes: [UInt8], to name: String) {
    precondition(FileManager.default.createFile(atPath: folder.path(of: name), contents: Data(bytes)))
  }

  @Test("layers are those of three axes in PyTorch, and items have a depth")
  func modules() throws {
    let texts = try networks.descriptions.map { try TorchConfiguration.object($0, file: "f").text }
    let wanted = [
      [#""ConvTranspose3d""#, #""BatchNorm3d""#, #""chain_shape":[5,1,1,1]"#, #""shape":[1,4,6,8]"#],
      [#""Conv3d""#, #""BatchNorm3d""#, #""chain_shape":[1,4,6,8]"#, #""kernel_size":[2,3,4]"#],
    ]
    for (text, parts) in zip(texts, wanted) {
      for part in parts { #expect(text.contains(part), "\(part) in \(text)") }
      #expect(!text.contains("2d"), "\(text)")
    }
  }

  @Test("attributes of ONNX nodes have a number for each of three axes, paddings one for either end")
  func attributes() throws {
    // A name of so many bytes, then packed numbers (field 8).
    func attribute(_ name: String, _ numbers: [UInt8]) -> [UInt8] {
      [UInt8(name.utf8.count)] + Array(name.utf8) + [0x42, UInt8(numbers.count)] + numbers
    }
    for network in networks.descriptions {
      let bytes = try networks.onnx(network)
      for wanted in [
        attribute("kernel_shape", [2, 3, 4]), attribute("kernel_shape", [4, 4, 4]),
        attribute("strides", [2, 2, 2]), attribute("pads", [1, 1, 1, 1, 1, 1]),
      ] {
        #expect(bytes.contains(wanted), "\(network.name): \(wanted)")
      }
    }
  }

  @Test("weights with three axes are taken over by name")
  func transfer() throws {
    write(networks.safetensors(networks.descriptions[0]), to: "f.safetensors")
    let store = VolumeNetworks().stores[0]
    for parameter in store.parameters {
      store.set(parameter, to: Tensor(repeating: 0, shape: parameter.shape))
    }
    let transfer = try TransferWeights.load(
      folder.path(of: "f.safetensors"), into: store, isPartial: false)
    #expect(transfer.taken == 7 && transfer.differences.isEmpty)
    #expect(store.flatValues.scalars == networks.stores[0].flatValues.scalars)
  }

  private static let hasPeers =
    (try? PeerPython.status(of: ["-c", "import torch, safetensors, onnx, onnxruntime"])) == 0

  @Test(
    "the card's Python and onnxruntime make the volumes that Lockstep makes, and the card's are saved",
    .enabled(if: Self.hasPeers, "no Python with torch, safetensors, onnx, onnxruntime: set LOCKSTEP_PYTHON"))
  func peers() throws {
    let latents = KeyedNoise(seed: 5, purpose: .synthetic, turn: 0).normal([6, 5])
    let volumes = networks.maker(Tape(mode: .inference).constant(latents.reshaped([6, 1, 1, 1, 5]))).value
    write(
      Safetensors([NamedTensor("latents", latents), NamedTensor("images", volumes)]).encoded(),
      to: "samples.safetensors")
    var members: [JSONValue.Member] = []
    for network in networks.descriptions {
      let file = "\(network.name).safetensors"
      write(try networks.onnx(network), to: "\(network.name).onnx")
      write(networks.safetensors(network), to: file)
      members.append(.init(network.name, try TorchConfiguration.object(network, file: file)))
    }
    folder.write(JSONValue.object([.init("networks", .object(members))]).text, to: "config.json")
    let card = ModelCard(
      title: "", tags: [], facts: [], figures: nil, networks: networks.descriptions.map(\.name), picture: "",
      options: "", use: .pass(byClass: false, makesVolumes: true))
    folder.write(card.markdown, to: "README.md")
    let checker = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "cluster/peers/check_export.py").path
    let samples = folder.path(of: "samples.safetensors")
    #expect(try PeerPython.status(of: [checker, folder.path, folder.path, samples]) == 0)
    #expect(folder.text(of: "samples.npy")?.contains("(16, 4, 6, 8)") == true)
    write(
      Safetensors([NamedTensor("latents", latents), NamedTensor("images", volumes.multiplied(by: 0.99))])
        .encoded(), to: "samples.safetensors")
    #expect(
      try PeerPython.status(of: [checker, folder.path, folder.path, samples]) == 1, "the comparison can fail")
  }
}
