import Checkpoints
import TensorCore
import TestSupport
import Testing

private let golden = environment("LOCKSTEP_GOLDEN") ?? "../shared/golden"

/// `safetensors.torch.save` of an F32 matrix and vector, an I64 scalar and three bytes, with metadata.
private let writtenByTorch = """
  48010000000000007b225f5f6d657461646174615f5f223a7b22666f726d6174223a227074222c226e6f7465223a2268c3a9c3a9205c6e20
  5c22715c22227d2c226d61696e2e312e6e756d5f626174636865735f747261636b6564223a7b226474797065223a22493634222c22736861
  7065223a5b5d2c22646174615f6f666673657473223a5b302c385d7d2c226d61696e2e302e62696173223a7b226474797065223a22463332
  222c227368617065223a5b325d2c22646174615f6f666673657473223a5b382c31365d7d2c226d61696e2e302e776569676874223a7b2264
  74797065223a22463332222c227368617065223a5b322c335d2c22646174615f6f666673657473223a5b31362c34305d7d2c226d61736b22
  3a7b226474797065223a225538222c227368617065223a5b335d2c22646174615f6f666673657473223a5b34302c34335d7d7d2020202020
  07000000000000000000c0bf00000040000000000000803e0000003f0000403f0000803f0000a03f0100ff
  """

private func bytes(ofHexadecimal text: String) -> [UInt8] {
  let digits = text.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

@Suite struct SafetensorsTests {
  @Test("random tensors of random shapes come back bit for bit, in order", arguments: 0..<60)
  func roundTrip(seed: Int) throws {
    var random = SplitMix64(state: UInt64(seed))
    let tensors = (0..<Int.random(in: 0...6, using: &random)).map { index in
      let rank = Int.random(in: 0...8, using: &random)
      let shape = Shape((0..<rank).map { _ in Int.random(in: 0...3, using: &random) })
      // Every bit pattern must survive, those of not-a-number too.
      let scalars = (0..<shape.count).map { _ in Float(bitPattern: random.next()) }
      switch index % 3 {
      case 0:
        return NamedTensor(
          name: "i\"\\\n\u{1F3FA}\(index)",
          value: .int64(scalars.map { Int64($0.bitPattern) - 1 << 40 }, shape: shape))
      case 1:
        return NamedTensor(
          name: "u\(index)", value: .uint8(scalars.map { UInt8($0.bitPattern >> 24) }, shape: shape))
      default: return NamedTensor("f\(index)", Tensor(scalars, shape: shape))
      }
    }
    let metadata = seed % 2 == 0 ? [:] : ["format": "pt", "\u{7}\u{1F3FA}": "\t\"\\/"]
    let encoded = Safetensors(tensors, metadata: metadata).encoded()
    let decoded = try Safetensors(decoding: encoded, path: "memory")
    #expect(decoded.metadata == metadata)
    #expect(decoded.tensors.map(\.name) == tensors.map(\.name))
    #expect(decoded.tensors.map(\.shape) == tensors.map(\.shape))
    #expect(Safetensors(decoded.tensors, metadata: decoded.metadata).encoded() == encoded)
  }

  @Test("the data begin at a multiple of 8 bytes, whatever the header's length")
  func alignment() {
    for length in 1...20 {
      let name = String(repeating: "n", count: length)
      let encoded = Safetensors([NamedTensor(name, Tensor(1))]).encoded()
      #expect(encoded.count % 8 == 4 && encoded.suffix(4) == [0, 0, 0x80, 0x3F])
    }
  }

  @Test("a file written by PyTorch is read, in the order of its data")
  func torch() throws {
    let file = try Safetensors(decoding: bytes(ofHexadecimal: writtenByTorch), path: "torch")
    #expect(file.metadata == ["format": "pt", "note": "héé \n \"q\""])
    #expect(
      file.tensors.map(\.name) == ["main.1.num_batches_tracked", "main.0.bias", "main.0.weight", "mask"])
    #expect(file["main.0.weight"]?.shape == [2, 3])
    #expect(file["main.0.weight"]?.scalars == [0, 0.25, 0.5, 0.75, 1, 1.25])
    #expect(file["main.0.bias"]?.scalars == [-1.5, 2])
    guard case .int64([7], shape: []) = file.tensors[0].value,
      case .uint8([1, 0, 255], shape: [3]) = file.tensors[3].value
    else {
      Issue.record("integers and bytes are kept")
      return
    }
  }

  /// The file of one tensor `w` of another type, and its header's last byte.
  private static func file(type: String) -> (bytes: [UInt8], end: Int) {
    let header = #"{"w":{"dtype":"\#(type)","shape":[2],"data_offsets":[0,4]}}"#
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    return (length + Array(header.utf8) + [0, 0, 0, 0], 8 + header.utf8.count)
  }

  private static func refusal(_ bytes: [UInt8], _ path: String) -> CheckpointError? {
    writeFile(path, bytes)
    do throws(CheckpointError) {
      _ = try Safetensors(contentsOf: path)
      return nil
    } catch { return error }
  }

  @Test("a file of half floats is told what is read and how to save it so", arguments: ["F16", "BF16"])
  func halfFloats(type: String) throws {
    let folder = TemporaryFolder()
    let error = try #require(Self.refusal(Self.file(type: type).bytes, folder.path + "/half.safetensors"))
    #expect(error.kind == .damaged)
    #expect(error.problem == "tensor w is \(type), and only F32, I64 and U8 are read")
    #expect(error.advice == "save it as float32 in Python")
  }

  @Test("a place is a byte of the file, and of its content only where that is compressed")
  func places() throws {
    let folder = TemporaryFolder()
    let (bytes, end) = Self.file(type: "F32")
    let path = folder.path + "/whole.safetensors"
    let plain = try #require(Self.refusal(bytes, path))
    let packed = try #require(Self.refusal(ZstdFrame.compress(bytes), path))
    guard case .file(let byte) = plain.offset, case .content(byte) = packed.offset else {
      Issue.record("\(plain), \(packed)")
      return
    }
    #expect((8..<end).contains(byte))
    #expect(plain.advice.hasPrefix("give a whole file"))
  }

  @Test("a small frame that announces far more than weights shrink from is refused before it is opened")
  func bomb() throws {
    let folder = TemporaryFolder()
    let frame = ZstdFrame.compress([UInt8](repeating: 0, count: 70 << 20))
    let error = try #require(Self.refusal(frame, folder.path + "/bomb.safetensors"))
    #expect(error.kind == .damaged && error.problem.hasSuffix("or is too large"))
  }

  // Skips where the recorded reference vectors are not at hand; LOCKSTEP_GOLDEN names their folder.
  @Test(
    "every reference vector written by PyTorch is read, and refused at every shorter length",
    .enabled(if: !names(in: golden).isEmpty, "no reference vectors: set LOCKSTEP_GOLDEN"))
  func referenceVectors() throws {
    for name in names(in: golden) where name.hasSuffix(".safetensors") {
      let bytes = readFile(golden + "/" + name)
      let file = try Safetensors(decoding: bytes, path: name)
      #expect(!file.tensors.isEmpty, "\(name)")
      for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 50)) {
        #expect(throws: CheckpointError.self) {
          try Safetensors(decoding: Array(bytes[..<length]), path: name)
        }
      }
    }
  }
}
