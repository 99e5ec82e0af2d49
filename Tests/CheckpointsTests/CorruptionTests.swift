import Checkpoints
import Glibc
import TensorCore
import Testing

@Suite struct CorruptionTests {
  private let folder = TemporaryFolder()

  private func saved(_ contents: GenerationContents) throws -> Generation {
    try CheckpointStore(directory: folder.path).save(contents)
  }

  private func refusal(_ path: String) -> CheckpointError? {
    do throws(CheckpointError) {
      _ = try CheckpointStore.load(path: path)
      return nil
    } catch { return error }
  }

  @Test("every single flipped bit of every file is found, and the file is named")
  func everyBit() throws {
    let generation = try saved(sampleContents(step: 1))
    for name in names(in: generation.path) {
      let path = generation.path + "/" + name
      let whole = readFile(path)
      let file = open(path, O_WRONLY)
      defer { close(file) }
      for bit in 0..<whole.count * 8 {
        var flipped = whole[bit / 8] ^ (1 << (bit % 8))
        pwrite(file, &flipped, 1, off_t(bit / 8))
        let error = try #require(refusal(generation.path), "bit \(bit) of \(name)")
        #expect(error.kind == .damaged && error.path == path, "bit \(bit) of \(name): \(error)")
        var original = whole[bit / 8]
        pwrite(file, &original, 1, off_t(bit / 8))
      }
    }
    #expect(refusal(generation.path) == nil)
  }

  @Test("a file cut at any byte is found, with the byte at which it ends")
  func everyLength() throws {
    let generation = try saved(sampleContents(step: 1))
    for name in names(in: generation.path) {
      let path = generation.path + "/" + name
      let whole = readFile(path)
      for length in (0..<whole.count).reversed() {
        truncate(path, length)
        let error = try #require(refusal(generation.path), "\(name) of \(length) bytes")
        #expect(error.kind == .damaged && error.path == path && error.offset == .file(length), "\(error)")
      }
      writeFile(path, whole + [0])
      #expect(refusal(generation.path)?.path == path)
      writeFile(path, whole)
    }
  }

  @Test(
    "damage within a large file names the tensor that it hits, and truncation the first that is not whole")
  func tensorIsNamed() throws {
    let generation = try saved(sampleContents(step: 1, count: 50_000))
    let path = generation.path + "/generator.safetensors.zst"
    let whole = readFile(path)
    for (fraction, tensor) in [(0.1, "main.0.weight"), (0.5, "main.0.weight"), (0.95, "main.0.bias")] {
      let index = Int(Double(whole.count) * fraction)
      var damaged = whole
      damaged[index] ^= 4
      writeFile(path, damaged)
      #expect(refusal(generation.path)?.tensor == tensor, "flipped at \(fraction)")
      writeFile(path, Array(whole[..<index]))
      let error = try #require(refusal(generation.path))
      #expect(error.tensor == tensor, "cut at \(fraction)")
      #expect(error.problem == "truncated at byte \(index) of \(whole.count)")
    }
  }

  @Test("files of two generations cannot be mixed")
  func mixed() throws {
    let first = try saved(sampleContents(step: 1))
    let second = try saved(sampleContents(step: 2))
    let name = "/discriminator.safetensors.zst"
    writeFile(first.path + name, readFile(second.path + name))
    #expect(refusal(first.path)?.kind == .damaged)
  }
}
