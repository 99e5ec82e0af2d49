import Checkpoints
import Platform
import TensorCore
import TestSupport
import Testing

@Suite struct TensorEncodingTests {
  private let folder = TemporaryFolder()

  private static func info(_ step: Int) -> GenerationInfo { sampleContents(step: step).info }

  /// Floats of every bit pattern: infinities, not-a-numbers with payloads, both zeros, the smallest.
  private static func anyBits(_ shape: Shape, seed: UInt64) -> Tensor {
    var random = SplitMix64(state: seed)
    let special: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
    ]
    return Tensor(
      (0..<shape.count).map {
        $0 < special.count ? special[$0] : Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      }, shape: shape)
  }

  /// Roughly normal numbers.
  private static func noise(_ count: Int, seed: UInt64, scale: Float) -> [Float] {
    var random = SplitMix64(state: seed)
    return (0..<count).map { _ in
      scale * (0..<12).reduce(into: -6) { sum, _ in sum += Float.random(in: 0..<1, using: &random) }
    }
  }

  private func contents(step: Int, _ files: [TensorFile]) -> GenerationContents {
    GenerationContents(info: Self.info(step), files: files)
  }

  @Test("planes and differences give back every bit of every float, of any shape")
  func everyBit() throws {
    let shapes: [(String, Shape)] = [
      ("a", [3, 4, 5]), ("scalar", []), ("none", [0, 2]), ("large", [70_001]),
    ]
    func tensors(_ seed: UInt64) -> [NamedTensor] {
      shapes.map { NamedTensor($0, Self.anyBits($1, seed: seed)) }
    }
    let contents = contents(
      step: 1,
      [
        TensorFile(name: "generator", tensors: tensors(1), metadata: ["format": "pt"]),
        TensorFile(
          name: "ema", tensors: tensors(2), encoding: .difference(from: "generator"),
          metadata: ["format": "pt"]),
        TensorFile(name: "optimizer", tensors: tensors(3), encoding: .planes),
      ])
    let store = CheckpointStore(directory: folder.path)
    let loaded = try store.load(store.save(contents.snapshot()).name)
    #expect(holds(loaded, contents))
    #expect(loaded.files.map(\.encoding) == contents.files.map(\.encoding))
  }

  @Test("floats take less room in planes, averages less again as differences, and none more than its bound")
  func smaller() throws {
    let weights = Self.noise(200_000, seed: 1, scale: 0.02)
    let average = zip(weights, Self.noise(200_000, seed: 2, scale: 0.0005)).map { $0 + $1 }
    func file(_ name: String, _ values: [Float], _ encoding: TensorEncoding) -> TensorFile {
      TensorFile(
        name: name, tensors: [NamedTensor("w", Tensor(values, shape: [values.count]))], encoding: encoding)
    }
    let files = [
      file("generator", weights, .values), file("planes", weights, .planes), file("plain", average, .values),
      file("ema", average, .difference(from: "generator")),
    ]
    let loaded = try CheckpointStore.load(
      path: CheckpointStore(directory: folder.path).save(contents(step: 1, files)).path)
    let shares = loaded.manifest.files.map { Double($0.bytes) / Double($0.uncompressedBytes) }
    #expect(shares[0] > 0.9 && shares[1] < 0.86, "\(shares)")
    #expect(shares[2] > 0.9 && shares[3] < 0.75, "\(shares)")
    #expect(zip(files, loaded.manifest.files).allSatisfy { $0.sizeBound >= $1.bytes })
  }

  @Test(
    "an encoding that is not known, planes that are none and a difference to nothing are refused by name",
    arguments: [
      (["lockstep.encoding": "wavelets"], CheckpointError.Kind.newerFormat),
      (["lockstep.difference_from": "generator"], .newerFormat),
      (["lockstep.encoding": "planes"], .damaged),
      (["lockstep.encoding": "planes", "lockstep.difference_from": "generator"], .damaged),
      (["lockstep.encoding": "planes", "lockstep.difference_from": "ema"], .damaged),
      (["lockstep.encoding": "planes", "lockstep.difference_from": "absent"], .damaged),
    ])
  func refused(metadata: [String: String], kind: CheckpointError.Kind) throws {
    let tensors = [NamedTensor("w", Self.anyBits([4, 2], seed: 1))]
    let path = try CheckpointStore(directory: folder.path).save(
      contents(
        step: 1,
        [
          TensorFile(name: "generator", tensors: tensors),
          TensorFile(name: "ema", tensors: tensors, metadata: metadata),
        ])
    ).path
    let error = #expect(throws: CheckpointError.self) { try CheckpointStore.load(path: path) }
    #expect(error?.kind == kind)
    #expect(error?.path.hasSuffix("ema.safetensors.zst") == true)
  }

  @Test("a difference to a tensor of another shape, and bytes that are not four planes, are refused")
  func otherShapes() throws {
    let planes = NamedTensor(name: "w", value: .uint8([UInt8](repeating: 1, count: 8), shape: [4, 2]))
    let three = NamedTensor(name: "w", value: .uint8([UInt8](repeating: 1, count: 6), shape: [3, 2]))
    for (base, tensor) in [([3] as Shape, planes), ([2] as Shape, three)] {
      let store = CheckpointStore(directory: folder.path)
      let path = try store.save(
        contents(
          step: 1,
          [
            TensorFile(name: "generator", tensors: [NamedTensor("w", Self.anyBits(base, seed: 1))]),
            TensorFile(
              name: "ema", tensors: [tensor],
              metadata: ["lockstep.encoding": "planes", "lockstep.difference_from": "generator"]),
          ])
      ).path
      let error = #expect(throws: CheckpointError.self) { try CheckpointStore.load(path: path) }
      #expect(error?.kind == .damaged && error?.tensor == "w", "\(error?.description ?? "")")
    }
  }

  @Test(
    "generations of every format that was ever written are read, and what the last says is written alike",
    arguments: [
      // One run wrote the first two and the last two, so that all they hold is the same.
      ("1.0", "bcef55aed8c7fed47dc2ad4a945dd292494fdeee8f5a5ece06faf82b27461ea1"),
      ("2.0", "bcef55aed8c7fed47dc2ad4a945dd292494fdeee8f5a5ece06faf82b27461ea1"),
      ("2.1", "b55aada4de5bd0bfed555623cafb427159d0f9e6925a8f8733012b1546a20628"),
      ("2.2", "331dace60a7e1093af88a3fb6ce062d964f7317bf9f95035b9c66ee646f9f0e6"),
      ("2.3", "331dace60a7e1093af88a3fb6ce062d964f7317bf9f95035b9c66ee646f9f0e6"),
    ])
  func golden(format: String, rest: String) throws {
    let here = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    let loaded = try CheckpointStore.load(path: "/\(here)/Golden/format-\(format)")
    #expect("\(loaded.manifest.formatVersion)" == format)
    #expect(loaded.files.map(\.name) == ["generator", "discriminator", "ema", "optimizer"])
    let weights = loaded.files[..<2].flatMap { $0.tensors.compactMap(\.tensor) }
    #expect(SHA256.digest(of: weights) == loaded.manifest.info.weightsSHA256)
    #expect(SHA256.digest(of: loaded.files[2...].flatMap { $0.tensors.compactMap(\.tensor) }) == rest)
    #expect((loaded.manifest.info.options != nil) == (format >= "2.1"))
    #expect(loaded.manifest.info.classNames.count == (format >= "2.2" ? 8 : 0))
    #expect((loaded.manifest.info.arithmeticSHA256 != nil) == (format >= "2.3"))
    guard format == "\(Manifest.FormatVersion.current)" else { return }
    // Up to what zstd makes of the files.
    func head(_ folder: String) -> Substring {
      let text = String(decoding: readFile(folder + "/manifest.json"), as: UTF8.self)
      return text[..<(text.firstRange(of: "\n  \"files\": ")?.lowerBound ?? text.startIndex)]
    }
    let contents = GenerationContents(info: loaded.manifest.info, files: loaded.files)
    let saved = try CheckpointStore(directory: self.folder.path).save(contents)
    #expect(head("/\(here)/Golden/format-\(format)") == head(saved.path) && head(saved.path).count > 500)
  }
}
