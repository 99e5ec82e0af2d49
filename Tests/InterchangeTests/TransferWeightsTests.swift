import Autograd
import Checkpoints
import Glibc
import Interchange
import Networks
import TensorCore
import Testing

@Suite("Weights of other programs")
struct TransferWeightsTests {
  private struct Chain {
    let main: Sequential
  }

  /// Names `main.0.weight`, `main.0.bias`, `main.1.weight` …, all zero.
  private func store() -> ParameterStore {
    let chain = Sequential([Linear(from: 3, to: 2), BatchNorm(channels: 2)])
    let store = ParameterStore(name: "generator", module: Chain(main: chain))
    for parameter in store.parameters {
      store.set(parameter, to: Tensor(repeating: 0, shape: parameter.shape))
    }
    for buffer in store.stateBuffers { store.set(buffer, to: Tensor(repeating: 0, shape: buffer.shape)) }
    return store
  }

  /// What `torch.save` calls the same layers, each filled with its position.
  private func file(
    _ path: String, renaming names: [String: String] = [:], reshaping shapes: [String: Shape] = [:]
  ) {
    var tensors = store().stateDictionary.enumerated().map { index, entry in
      NamedTensor(
        names[entry.name] ?? entry.name,
        Tensor(repeating: Float(index + 1), shape: shapes[entry.name] ?? entry.value.shape))
    }
    tensors.append(NamedTensor(name: "main.1.num_batches_tracked", value: .int64([7], shape: [])))
    let bytes = Safetensors(tensors, metadata: ["format": "pt"]).encoded()
    let stream = fopen(path, "w")!
    fwrite(bytes, 1, bytes.count, stream)
    fclose(stream)
  }

  private func path() -> String {
    let root = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    return "\(root)/transfer-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).safetensors"
  }

  @Test("every tensor is taken by its name, and PyTorch's counters are passed over")
  func whole() throws {
    let (path, store) = (path(), store())
    defer { unlink(path) }
    file(path)
    let transfer = try TransferWeights.load(path, into: store, isPartial: false)
    #expect(transfer.taken == 6 && transfer.differences.isEmpty)
    #expect(store.stateDictionary.map { $0.value.scalars[0] } == [1, 2, 3, 4, 5, 6])
  }

  @Test("what is missing, unexpected and of another shape is listed, and nothing is written")
  func refused() throws {
    let (path, store) = (path(), store())
    defer { unlink(path) }
    file(path, renaming: ["main.0.bias": "main.0.offset"], reshaping: ["main.1.weight": [3]])
    let error = #expect(throws: CheckpointError.self) {
      try TransferWeights.load(path, into: store, isPartial: false)
    }
    let text = "\(error!)"
    #expect(error?.kind == .otherModel)
    #expect(
      text.contains("missing main.0.bias; unexpected main.0.offset; main.1.weight is [3] instead of [2]"),
      "\(text)")
    #expect(text.contains("init.partial=true to take the 4 tensors"))
    #expect(
      store.flatValues.scalars.allSatisfy { $0 == 0 } && store.flatBuffers.scalars.allSatisfy { $0 == 0 })
  }

  @Test("a partial transfer takes what fits and leaves the rest; with nothing that fits it is refused too")
  func partial() throws {
    let (path, store) = (path(), store())
    defer { unlink(path) }
    file(path, renaming: ["main.0.bias": "main.0.offset"], reshaping: ["main.1.weight": [3]])
    let transfer = try TransferWeights.load(path, into: store, isPartial: true)
    #expect(transfer.taken == 4)
    #expect(store.stateDictionary.map { $0.value.scalars[0] } == [1, 0, 0, 4, 5, 6])
    let names = Dictionary(uniqueKeysWithValues: store.stateDictionary.map { ($0.name, "other.\($0.name)") })
    file(path, renaming: names)
    let error = #expect(throws: CheckpointError.self) {
      try TransferWeights.load(path, into: store, isPartial: true)
    }
    #expect(error?.problem.hasPrefix("weights of which nothing fits generator: ") == true)
  }
}
