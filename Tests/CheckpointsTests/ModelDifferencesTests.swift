import Checkpoints
import TensorCore
import TestSupport
import Testing

@Suite struct ModelDifferencesTests {
  private static func saved() throws -> LoadedGeneration {
    let folder = TemporaryFolder()
    let store = CheckpointStore(directory: folder.path)
    return try store.load(store.save(sampleContents(step: 1)).name)
  }

  @Test("the tensors that a model has come in the model's order")
  func same() throws {
    let loaded = try Self.saved()
    let tensors = try loaded.tensors([("main.0.bias", [6]), ("main.0.weight", [6, 2])], in: "generator")
    #expect(tensors.map(\.shape) == [[6], [6, 2]])
    #expect(tensors[0].scalars == loaded["generator"]?.tensors[1].tensor?.scalars)
  }

  @Test("missing, unexpected and mis-shaped tensors are listed in one error")
  func another() throws {
    let loaded = try Self.saved()
    let error = #expect(throws: CheckpointError.self) {
      try loaded.tensors([("main.0.weight", [2, 6]), ("main.3.weight", [1])], in: "generator")
    }
    #expect(error?.kind == .otherModel)
    #expect(
      error?.problem == "a checkpoint of another model (dcgan 32x32x1): missing main.3.weight; "
        + "unexpected main.0.bias; main.0.weight is [6, 2] instead of [2, 6]")
    #expect(error?.path.hasSuffix("step-00000001/generator.safetensors.zst") == true)
  }

  @Test("a file that the checkpoint lacks is named, with those that it has")
  func noSuchFile() throws {
    let loaded = try Self.saved()
    let error = #expect(throws: CheckpointError.self) { try loaded.tensors([], in: "ema") }
    #expect(error?.problem.hasSuffix("there is no ema, only generator discriminator") == true)
  }

  @Test("integers in the place of weights are a mismatch; long lists are cut, with their length")
  func details() {
    let found =
      (0..<20).map { NamedTensor("t\($0)", Tensor(0)) }
      + [
        NamedTensor(name: "w", value: .uint8([1], shape: [1])),
        NamedTensor(name: "n", value: .int64([1, 2], shape: [2])),
      ]
    let differences = ModelDifferences(expected: [("w", [1]), ("n", [2])], found: found)
    #expect(differences.unexpected.count == 20)
    #expect(differences.mismatched.map(\.name) == ["w", "n"])
    #expect(differences.description.contains("t7 and 12 more"))
    #expect(
      differences.description.hasSuffix("; w is U8 [1] instead of F32 [1], n is I64 [2] instead of F32 [2]"))
  }
}
