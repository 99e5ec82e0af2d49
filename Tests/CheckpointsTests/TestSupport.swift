import Checkpoints
import Glibc
import Platform
import TensorCore
import TestSupport

func readFile(_ path: String) -> [UInt8] {
  let file = open(path, O_RDONLY)
  precondition(file >= 0, "cannot read \(path)")
  defer { close(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while case let count = read(file, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
  return bytes
}

func writeFile(_ path: String, _ bytes: [UInt8]) {
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
  precondition(file >= 0 && write(file, bytes, bytes.count) == bytes.count, "cannot write \(path)")
  close(file)
}

func names(in path: String) -> [String] {
  guard let stream = opendir(path) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

func environment(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

/// The standard output of a shell command, or nil if it fails.
func output(of command: String) -> String? {
  guard let pipe = popen(command, "r") else { return nil }
  var bytes: [UInt8] = []
  while case let byte = fgetc(pipe), byte >= 0 { bytes.append(UInt8(byte)) }
  return pclose(pipe) == 0 ? String(decoding: bytes, as: UTF8.self) : nil
}

/// A generation of two small files whose floats are noise, told apart by `step` and `seed`.
func sampleContents(step: Int, seed: UInt64 = 0, count: Int = 6) -> GenerationContents {
  var random = SplitMix64(state: UInt64(step) &* 1000 &+ seed)
  func tensor(_ shape: Shape) -> Tensor {
    Tensor((0..<shape.count).map { _ in Float.random(in: -1...1, using: &random) }, shape: shape)
  }
  let generator = TensorFile(
    name: "generator",
    tensors: [
      NamedTensor("main.0.weight", tensor([count, 2])), NamedTensor("main.0.bias", tensor([count])),
    ], metadata: ["format": "pt"])
  let discriminator = TensorFile(name: "discriminator", tensors: [NamedTensor("main.0.weight", tensor([3]))])
  return GenerationContents(
    info: GenerationInfo(
      step: step, programVersion: "0.1.0", worldSize: 2, recipe: "dcgan", model: "dcgan 32x32x1",
      optionsSHA256: SHA256.digest(of: "options"), arithmeticSHA256: SHA256.digest(of: "arithmetic"),
      dataFingerprint: "pottery",
      classNames: ["cat", "\"dog\"", ""], characters: "\u{0}\n\"\\ae\u{301}é\u{2028}😀",
      weightsSHA256: SHA256.digest(of: generator.tensors.compactMap(\.tensor)),
      stateSHA256: SHA256.digest(of: "state"),
      state: ["seed": 42, "ada.probability": 0.25, "phase": "discriminator"]),
    files: [generator, discriminator])
}

/// Whether a loaded generation holds just `contents`.
func holds(_ loaded: LoadedGeneration, _ contents: GenerationContents) -> Bool {
  let characters = [loaded.manifest.info.characters, contents.info.characters].map {
    $0?.unicodeScalars.map(\.value)
  }
  guard loaded.manifest.info == contents.info, characters[0] == characters[1],
    loaded.files.map(\.name) == contents.files.map(\.name)
  else {
    return false
  }
  return zip(loaded.files, contents.files).allSatisfy { found, wanted in
    found.metadata == wanted.metadata && found.tensors.map(\.name) == wanted.tensors.map(\.name)
      && zip(found.tensors, wanted.tensors).allSatisfy {
        $0.shape == $1.shape && $0.tensor?.scalars.map(\.bitPattern) == $1.tensor?.scalars.map(\.bitPattern)
      }
  }
}
