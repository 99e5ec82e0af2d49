import Checkpoints
import Platform
import TensorCore
import TestSupport
import Testing

private let python = PeerPython.path
private let hasPeers =
  output(of: "\(python) -c 'import torch, numpy, safetensors, zstandard' 2>&1 && zstd -V 2>&1") != nil

/// What others make of our files. Skips where LOCKSTEP_PYTHON names no Python with torch, safetensors and
/// zstandard, or where there is no zstd command.
@Suite(
  .enabled(if: hasPeers, "no Python with torch, safetensors and zstandard, or no zstd: set LOCKSTEP_PYTHON"))
struct PeerTests {
  private let folder = TemporaryFolder()

  @Test("zstd -d and safetensors.torch read what we write: names, order, shapes, values, metadata")
  func torch() throws {
    let contents = sampleContents(step: 1, count: 30_000)
    let path = try CheckpointStore(directory: folder.path).save(contents).path
    let script = """
      import hashlib, safetensors, safetensors.torch, zstandard
      name = '\(path)/generator.safetensors.zst'
      raw = open('\(folder.path)/plain', 'rb').read()
      assert zstandard.ZstdDecompressor().decompress(open(name, 'rb').read()) == raw
      assert zstandard.get_frame_parameters(open(name, 'rb').read()).has_checksum
      tensors = safetensors.torch.load(raw)
      with safetensors.safe_open('\(folder.path)/plain', 'pt') as f: print(f.metadata())
      for name, shape in [('main.0.weight', (30000, 2)), ('main.0.bias', (30000,))]:
        assert tuple(tensors[name].shape) == shape and tensors[name].dtype.itemsize == 4
        print(hashlib.sha256(tensors[name].numpy().tobytes()).hexdigest())
      """
    writeFile(folder.path + "/check.py", Array(script.utf8))
    let printed = try #require(
      output(
        of: "zstd -q -d \(path)/generator.safetensors.zst -o \(folder.path)/plain"
          + " && \(python) \(folder.path)/check.py"))
    let digests = contents.files[0].tensors.compactMap(\.tensor).map { SHA256.digest(of: [$0]) }
    #expect(printed == "{'format': 'pt'}\n" + digests.joined(separator: "\n") + "\n")
  }

  @Test("the function in the documentation reads averages and moments")
  func encodings() throws {
    let here = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let article = String(
      decoding: readFile(here + "/Sources/Checkpoints/Checkpoints.docc/Checkpoints.md"), as: UTF8.self)
    let lines = article.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix("    def floats") })
    let function = lines[start...].prefix { $0.hasPrefix("    ") }.map { $0.dropFirst(4) }.joined(
      separator: "\n")
    func tensors(_ step: Int) -> [NamedTensor] { sampleContents(step: step, count: 500).files[0].tensors }
    let files = [
      TensorFile(name: "generator", tensors: tensors(1)),
      TensorFile(name: "ema", tensors: tensors(2), encoding: .difference(from: "generator")),
      TensorFile(name: "optimizer", tensors: tensors(3), encoding: .planes),
    ]
    let contents = GenerationContents(info: sampleContents(step: 1).info, files: files)
    let path = try CheckpointStore(directory: folder.path).save(contents).path
    let script = """
      import hashlib, safetensors.numpy, zstandard
      \(function)
      def load(name):
        frame = open(f'\(path)/{name}.safetensors.zst', 'rb').read()
        return safetensors.numpy.load(zstandard.ZstdDecompressor().decompress(frame))
      network = load('generator')
      for name, base in [('ema', network), ('optimizer', {})]:
        for tensor, planes in load(name).items():
          values = floats(planes, base.get(tensor))
          assert values.dtype == 'float32' and values.shape == network[tensor].shape
          print(tensor, hashlib.sha256(values.tobytes()).hexdigest())
      """
    writeFile(folder.path + "/check.py", Array(script.utf8))
    let printed = try #require(output(of: "\(python) \(folder.path)/check.py"))
    let expected = files[1...].flatMap(\.tensors).map { "\($0.name) \(SHA256.digest(of: [$0.tensor!]))" }
    #expect(Set(printed.split(separator: "\n").map(String.init)) == Set(expected))
  }

  @Test("the manifest is JSON to others, and its digest is what head and sha256sum say")
  func manifest() throws {
    let path = try CheckpointStore(directory: folder.path).save(sampleContents(step: 1)).path
    let files = try #require(output(of: "cd \(path) && sha256sum *.zst"))
    let script = """
      import json
      m = json.load(open('\(path)/manifest.json'))
      print(''.join(f"{f['sha256']}  {f['name']}\\n" for f in sorted(m['files'], key=lambda f: f['name'])), end='')
      assert m['state'] == {'seed': 42, 'ada.probability': 0.25, 'phase': 'discriminator'}
      print(m['manifest_sha256'])
      """
    writeFile(folder.path + "/check.py", Array(script.utf8))
    let digest = try #require(output(of: "head -c -68 \(path)/manifest.json | sha256sum | cut -c1-64"))
    #expect(output(of: "\(python) \(folder.path)/check.py") == files + digest)
  }

  @Test("we read frames that the zstd command writes")
  func zstd() throws {
    let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 7) }
    writeFile(folder.path + "/plain", content)
    try #require(output(of: "zstd -q -19 \(folder.path)/plain") != nil)
    let frame = readFile(folder.path + "/plain.zst")
    #expect(try ZstdFrame.decompress(frame, expectedSize: content.count, path: "peer") == content)
  }
}
