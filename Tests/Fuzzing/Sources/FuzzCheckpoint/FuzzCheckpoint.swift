import Checkpoints
import Platform
import TensorCore

/// What an encoding may be the difference to.
private let base = TensorFile(name: "base", tensors: [NamedTensor("a", Tensor([1, 2], shape: [2]))])

/// The first byte says what the rest is: a manifest, a safetensors file or a zstd frame with one.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start, count > 0 else { return 0 }
  let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
  do throws(CheckpointError) {
    switch start[0] % 3 {
    case 0:
      // With the digest that it would need, or none would be read further.
      let digest = Array(SHA256.digest(of: bytes).utf8)
      _ = try Manifest(parsing: bytes + digest + Manifest.ending, path: "fuzz")
    case 1:
      let file = try Safetensors(decoding: bytes, path: "fuzz")
      // What was read is written again in the same order of data.
      let again = try Safetensors(decoding: file.encoded(), path: "again")
      precondition(again.tensors.map(\.name) == file.tensors.map(\.name), "safetensors survive")
      _ = try TensorFile(decoding: file, name: "fuzz", after: [base], path: "fuzz")
    default:
      let size = bytes.first.map { Int($0) << 6 } ?? 0
      _ = try ZstdFrame.decompress(Array(bytes.dropFirst()), expectedSize: size, path: "fuzz")
    }
  } catch {
    precondition(!error.description.utf8.contains { $0 < 0x20 }, "control characters in \(error.description)")
  }
  return 0
}
