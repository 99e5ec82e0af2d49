import Checkpoints
import Platform
import TensorCore
import TestSupport
import Testing

@Suite struct ManifestTests {
  private let folder = TemporaryFolder()

  /// Saves a generation, changes the text of its manifest, and gives it the digest that the format asks for.
  private func refusal(_ from: String, _ to: String) throws -> (CheckpointError?, LoadedGeneration?) {
    let store = CheckpointStore(directory: folder.path)
    let path = try store.save(sampleContents(step: 1)).path + "/manifest.json"
    let text = String(decoding: readFile(path), as: UTF8.self)
    let range = try #require(text.firstRange(of: from), "the manifest has \(from)")
    let body = text.replacingCharacters(in: range, with: to).dropLast(68)
    writeFile(path, Array((body + SHA256.digest(of: String(body)) + "\"\n}\n").utf8))
    do throws(CheckpointError) {
      return (nil, try store.load("step-00000001"))
    } catch { return (error, nil) }
  }

  @Test("the digest is that of every byte before it, as the documentation says")
  func digest() throws {
    #expect(try refusal("dcgan 32x32x1", "dcgan 32x32x1").1 != nil)
    #expect(try refusal("dcgan 32x32x1", "another").1?.manifest.info.model == "another")
  }

  @Test("a later major version is refused with both versions, whatever its other fields are")
  func newerMajor() throws {
    let error = try #require(try refusal(#""format_version": "2.3""#, #""format_version": "3.3""#).0)
    #expect(error.kind == .newerFormat)
    #expect(error.problem == "written by version 0.1.0 in format 3.3, and this program reads format 2.3")
    #expect(
      try refusal(#""format_version": "2.3","#, #""format_version": "3.0", "files ": 3,"#).0?.kind
        == .newerFormat)
  }

  @Test("fields that a later minor version adds are ignored")
  func newerMinor() throws {
    let loaded = try refusal(
      #""format_version": "2.3","#,
      #""format_version": "2.9", "later": {"a": [1, -2.5e3, true, false, null, {"b": "c"}]},"#
    ).1
    #expect(loaded?.manifest.formatVersion.minor == 9)
    #expect(loaded?.manifest.info == sampleContents(step: 1).info)
  }

  @Test(
    "a manifest with a whole digest but impossible fields is refused",
    arguments: [
      (#""step": 1"#, #""step": -1"#), (#""step": 1"#, #""step": 1.0"#), (#""step": 1"#, #""step": "1""#),
      (#""step": 1"#, #""step": 99999999999999999999"#), (#""step": 1"#, #""steps": 1"#),
      (#""step": 1"#, #""step": 1, "step": 1"#), (#""world_size_written": 2"#, #""world_size_written": 0"#),
      (#""format": "lockstep-checkpoint""#, #""format": "other""#),
      (#""format_version": "2.3""#, #""format_version": "1""#),
      ("generator.safetensors.zst", "../generator.safetensors.zst"),
      ("generator.safetensors.zst", "/etc/passwd"), ("generator.safetensors.zst", ".safetensors.zst"),
      ("generator.safetensors.zst", "discriminator.safetensors.zst"),
      ("generator.safetensors.zst", "absent.safetensors.zst"),
      (#""offset": "#, #""offset": 9223372036854775807, "was": "#), (#""seed": 42"#, #""seed": [42]"#),
      (#""seed": 42"#, #""seed": 1e999"#), (#""uncompressed_bytes": "#, #""uncompressed_bytes": 9"#),
      (#""bytes": "#, #""bytes": 1"#), (#""sha256": ""#, #""sha256": "0"#),
    ])
  func impossible(from: String, to: String) throws {
    #expect(try refusal(from, to).0?.kind == .damaged)
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}
