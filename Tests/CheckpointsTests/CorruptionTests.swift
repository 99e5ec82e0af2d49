import Checkpoints
import Glibc
import TensorCore
import TestSupport
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

  /// The floats of a DCGAN of 32x32 at half its width, in the files and encodings of a generation.
  private static func dcgan() -> GenerationContents {
    var random = SplitMix64(state: 1)
    func tensors(_ scale: Float, _ base: [NamedTensor] = []) -> [NamedTensor] {
      let shapes: [Shape] = [
        [100, 128, 4, 4], [128, 64, 4, 4], [64, 32, 4, 4], [32, 1, 4, 4], [128], [64], [32],
      ]
      return shapes.enumerated().map { index, shape in
        let start = base.isEmpty ? [] : base[index].tensor?.scalars ?? []
        let values = (0..<shape.count).map { element in
          (start.isEmpty ? 0 : start[element]) + scale * Float.random(in: -1...1, using: &random)
        }
        return NamedTensor("main.\(index).weight", Tensor(values, shape: shape))
      }
    }
    let generator = tensors(0.02)
    return GenerationContents(
      info: sampleContents(step: 1).info,
      files: [
        TensorFile(name: "generator", tensors: generator),
        TensorFile(
          name: "ema", tensors: tensors(0.0002, generator), encoding: .difference(from: "generator")),
        TensorFile(name: "optimizer", tensors: tensors(0.001), encoding: .planes),
      ])
  }

  /// Spoils a file of a generation, looks, and makes it good again.
  private func error(
    in path: String, _ name: String, at byte: Int, flipping bit: Int
  ) -> CheckpointError? {
    let file = open(path + "/" + name, O_RDWR)
    defer { close(file) }
    var whole: UInt8 = 0
    pread(file, &whole, 1, off_t(byte))
    var flipped = whole ^ (1 << bit)
    pwrite(file, &flipped, 1, off_t(byte))
    let error = refusal(path)
    pwrite(file, &whole, 1, off_t(byte))
    return error
  }

  @Test(
    "random flipped bits of a DCGAN's generation are all found, with file and tensor; LOCKSTEP_FLIPS says how many"
  )
  func randomBits() throws {
    let count = environment("LOCKSTEP_FLIPS").flatMap { Int($0) } ?? 60
    let path = try environment("LOCKSTEP_GENERATION") ?? saved(Self.dcgan()).path
    let files = names(in: path).map { (name: $0, size: readFile(path + "/" + $0).count) }
    let total = files.reduce(0) { $0 + $1.size }
    var random = SplitMix64(state: 7)
    var named = 0
    for _ in 0..<count {
      var byte = Int.random(in: 0..<total, using: &random)
      let file = files.first { file in
        if byte < file.size { return true }
        byte -= file.size
        return false
      }
      let name = try #require(file).name
      let bit = Int.random(in: 0..<8, using: &random)
      let found = try #require(
        error(in: path, name, at: byte, flipping: bit), "bit \(bit) of byte \(byte) of \(name)")
      #expect(found.kind == .damaged && found.path == path + "/" + name && found.offset != nil, "\(found)")
      if found.tensor != nil { named += 1 }
    }
    #expect(refusal(path) == nil)
    #expect(named > count * 9 / 10, "few bits lie outside of the tensors")
    print(
      "flips: \(count) of \(count) flipped bits of \(total) bytes found, the file named; \(named) name a tensor"
    )
  }

  @Test(
    "a DCGAN's generation cut anywhere is found, with file and byte; at every 4 KiB of that in LOCKSTEP_GENERATION"
  )
  func everyPage() throws {
    let given = environment("LOCKSTEP_GENERATION")
    let path = try given ?? saved(Self.dcgan()).path
    var count = 0
    for name in names(in: path) {
      let file = path + "/" + name
      let whole = readFile(file)
      let lengths = Set(stride(from: 0, to: whole.count, by: given == nil ? 65_536 : 4096))
        .union(given == nil ? 0..<min(whole.count, 16) : 0..<min(whole.count, 1024))
      for length in lengths.sorted(by: >) {
        truncate(file, length)
        let found = try #require(refusal(path), "\(name) of \(length) bytes")
        #expect(found.kind == .damaged && found.path == file && found.offset == .file(length), "\(found)")
        count += 1
      }
      writeFile(file, whole)
    }
    #expect(refusal(path) == nil)
    print("cuts: \(count) of \(count) truncations found, the file and the byte named")
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
