import Platform

/// `manifest.json`: what a generation is and which bytes belong to it. Written last, so that its presence
/// means that all else was there.
///
/// Fields stand in the order below in every format; readers ignore fields that they do not know. The last
/// field, `manifest_sha256`, is the SHA-256 of every byte of the file before the digest's own first digit, in
/// every format: `head -c -68 manifest.json | sha256sum` gives it.
public struct Manifest: Equatable, Sendable {
  /// A version of the format: a greater major is refused, a smaller one and any minor are read.
  public struct FormatVersion: Equatable, Sendable, CustomStringConvertible {
    /// Raised when an older reader would misunderstand.
    public let major: Int
    /// Raised when fields are added.
    public let minor: Int
    /// `2.0`.
    public var description: String { "\(major).\(minor)" }

    /// What this program writes. Format 1 had no ``TensorEncoding`` but `.values`, format 2.0 no options,
    /// format 2.1 no names of classes and no characters, format 2.2 no digest of the arithmetic; all are
    /// read.
    public static let current = FormatVersion(major: 2, minor: 3)
  }

  /// One file of the generation.
  public struct File: Equatable, Sendable {
    /// The file's name in the generation's folder, such as `generator.safetensors.zst`.
    public let name: String
    /// The file's size.
    public let bytes: Int
    /// SHA-256 of the file's bytes.
    public let sha256: String
    /// The size of the safetensors content.
    public let uncompressedBytes: Int
    /// The tensors, with which a damage is located.
    public let tensors: [TensorRange]

    /// The name without extension, such as `generator`.
    public var stem: String { String(name.dropLast(TensorFile.fileExtension.count)) }
  }

  /// Where a tensor's data lie in a file's decompressed content.
  public struct TensorRange: Equatable, Sendable {
    /// The tensor's name.
    public let name: String
    /// The first byte.
    public let offset: Int
    /// The number of bytes.
    public let bytes: Int
    /// SHA-256 of these bytes.
    public let sha256: String
  }

  /// The format it was written in.
  public let formatVersion: FormatVersion
  /// What the generation says about itself.
  public let info: GenerationInfo
  /// Every file but the manifest.
  public let files: [File]

  package static let fileName = "manifest.json"
  static let formatName = "lockstep-checkpoint"
  /// The end of every manifest: a digest, then these bytes.
  package static let ending = Array("\"\n}\n".utf8)
  static let digestLength = 64
}

extension Manifest {
  /// The bytes of `manifest.json`: equal values give equal bytes.
  func encoded() -> [UInt8] {
    var writer = JSONWriter(.numbers)
    writer.object { writer in
      writer.field("format", Self.formatName)
      writer.field("format_version", formatVersion.description)
      writer.field("program_version", info.programVersion)
      writer.field("step", info.step)
      writer.field("world_size_written", info.worldSize)
      writer.field("recipe", info.recipe)
      writer.field("model", info.model)
      if let options = info.options { writer.field("options", options) }
      writer.field("options_sha256", info.optionsSHA256)
      if let digest = info.arithmeticSHA256 { writer.field("arithmetic_sha256", digest) }
      writer.field("data_fingerprint", info.dataFingerprint)
      if !info.classNames.isEmpty {
        writer.key("class_names")
        writer.array { writer in
          for name in info.classNames {
            writer.element()
            writer.value(name)
          }
        }
      }
      if let characters = info.characters { writer.field("characters", characters) }
      writer.field("weights_sha256", info.weightsSHA256)
      writer.field("state_sha256", info.stateSHA256)
      writer.key("state")
      writer.object { writer in
        for (name, value) in info.state.sorted(by: { $0.key < $1.key }) {
          writer.key(name)
          value.write(to: &writer)
        }
      }
      writer.key("files")
      writer.array { writer in
        for file in files {
          writer.element()
          file.write(to: &writer)
        }
      }
      writer.field("manifest_sha256", String(repeating: "0", count: Self.digestLength))
    }
    writer.endLine()
    let body = Array(writer.bytes.dropLast(Self.digestLength + Self.ending.count))
    return body + Array(SHA256.digest(of: body).utf8) + Self.ending
  }
}

extension Manifest.File {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.field("name", name)
      writer.field("bytes", bytes)
      writer.field("sha256", sha256)
      writer.field("uncompressed_bytes", uncompressedBytes)
      writer.key("tensors")
      writer.array { writer in
        for tensor in tensors {
          writer.element()
          writer.object(.oneLine) { writer in
            writer.field("name", tensor.name)
            writer.field("offset", tensor.offset)
            writer.field("bytes", tensor.bytes)
            writer.field("sha256", tensor.sha256)
          }
        }
      }
    }
  }
}

extension JSONWriter {
  fileprivate mutating func field(_ name: String, _ text: String) {
    key(name)
    value(text)
  }

  fileprivate mutating func field(_ name: String, _ integer: Int) {
    key(name)
    value(integer)
  }
}
