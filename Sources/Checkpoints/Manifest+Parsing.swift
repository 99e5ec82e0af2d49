import Platform

extension Manifest {
  /// Reads `manifest.json` from bytes that may be anything.
  ///
  /// - Throws: ``CheckpointError`` of kind `damaged`, or `newerFormat` for a later major version.
  package init(parsing bytes: [UInt8], path: String) throws(CheckpointError) {
    let bodyCount = bytes.count - Self.digestLength - Self.ending.count
    guard bodyCount > 0, bytes.suffix(Self.ending.count) == Self.ending[...] else {
      throw CheckpointError(
        .damaged, "the manifest is cut short or does not end as one", path: path, offset: .file(bytes.count))
    }
    let digest = String(decoding: bytes[bodyCount..<bodyCount + Self.digestLength], as: UTF8.self)
    guard SHA256.digest(of: Array(bytes[..<bodyCount])) == digest else {
      throw CheckpointError(
        .damaged, "the manifest is not what was written: its SHA-256 differs", path: path, offset: .file(0))
    }
    let origin: Origin
    do throws(JSONError) { origin = try Origin(parsing: bytes) } catch { throw Self.damaged(error, path) }
    guard origin.version.major <= FormatVersion.current.major else {
      throw CheckpointError(
        .newerFormat,
        "written by version \(origin.program) in format \(origin.version), "
          + "and this program reads format \(FormatVersion.current)",
        path: path)
    }
    do throws(JSONError) {
      var reader = JSONReader(bytes, range: 0..<bytes.count)
      self = try Manifest(from: &reader, version: origin.version)
    } catch { throw Self.damaged(error, path) }
  }

  private static func damaged(_ error: JSONError, _ path: String) -> CheckpointError {
    CheckpointError(.damaged, "not a manifest: \(error.reason)", path: path, offset: .file(error.offset))
  }

  private init(from reader: inout JSONReader, version: FormatVersion) throws(JSONError) {
    var texts: [String: String] = [:]
    var counts: [String: Int] = [:]
    var state: [String: StateValue] = [:]
    var files: [File] = []
    var classNames: [String] = []
    try reader.object { (reader, key) throws(JSONError) in
      switch key {
      case "program_version", "recipe", "model", "options", "options_sha256", "arithmetic_sha256",
        "data_fingerprint", "characters", "weights_sha256", "state_sha256":
        texts[key] = try reader.string()
      case "class_names":
        try reader.array { (reader) throws(JSONError) in classNames.append(try reader.string()) }
      case "step", "world_size_written": counts[key] = try reader.count()
      case "state":
        try reader.object { (reader, name) throws(JSONError) in state[name] = try StateValue(from: &reader) }
      case "files":
        try reader.array { (reader) throws(JSONError) in files.append(try File(from: &reader)) }
      default: try reader.skip()
      }
    }
    func text(_ key: String) throws(JSONError) -> String {
      guard let value = texts[key] else { throw reader.failure("the field \(key) is missing") }
      return value
    }
    guard let step = counts["step"], step <= GenerationInfo.lastStep,
      let worldSize = counts["world_size_written"], worldSize > 0
    else {
      throw reader.failure("the field step or world_size_written is missing or out of range")
    }
    guard Set(files.map(\.name)).count == files.count else { throw reader.failure("a file is listed twice") }
    self.init(
      formatVersion: version,
      info: GenerationInfo(
        step: step, programVersion: try text("program_version"), worldSize: worldSize,
        recipe: try text("recipe"), model: try text("model"), options: texts["options"],
        optionsSHA256: try text("options_sha256"), arithmeticSHA256: texts["arithmetic_sha256"],
        dataFingerprint: try text("data_fingerprint"), classNames: classNames,
        characters: texts["characters"], weightsSHA256: try text("weights_sha256"),
        stateSHA256: try text("state_sha256"), state: state),
      files: files)
  }

  /// What can be read of a manifest of any format.
  private struct Origin {
    let version: FormatVersion
    let program: String

    init(parsing bytes: [UInt8]) throws(JSONError) {
      var reader = JSONReader(bytes, range: 0..<bytes.count)
      var texts: [String: String] = [:]
      try reader.object { (reader, key) throws(JSONError) in
        switch key {
        case "format", "format_version", "program_version": texts[key] = try reader.string()
        default: try reader.skip()
        }
      }
      try reader.finish()
      let numbers = texts["format_version", default: ""].split(
        separator: ".", omittingEmptySubsequences: false
      )
      .map { Int($0) }
      guard texts["format"] == Manifest.formatName, numbers.count == 2, let major = numbers[0],
        let minor = numbers[1]
      else { throw reader.failure("the format is not \(Manifest.formatName)") }
      version = FormatVersion(major: major, minor: minor)
      program = texts["program_version", default: "unknown"]
    }
  }
}

extension Manifest.File {
  fileprivate init(from reader: inout JSONReader) throws(JSONError) {
    var texts: [String: String] = [:]
    var counts: [String: Int] = [:]
    var tensors: [Manifest.TensorRange] = []
    try reader.object { (reader, key) throws(JSONError) in
      switch key {
      case "name", "sha256": texts[key] = try reader.string()
      case "bytes", "uncompressed_bytes": counts[key] = try reader.count()
      case "tensors":
        try reader.array { (reader) throws(JSONError) in
          tensors.append(try Manifest.TensorRange(from: &reader))
        }
      default: try reader.skip()
      }
    }
    guard let name = texts["name"], let sha256 = texts["sha256"], let bytes = counts["bytes"],
      let uncompressedBytes = counts["uncompressed_bytes"]
    else { throw reader.failure("a file lacks its name, bytes, sha256 or uncompressed_bytes") }
    guard name.hasSuffix(TensorFile.fileExtension),
      TensorFile.isValid(String(name.dropLast(TensorFile.fileExtension.count)))
    else { throw reader.failure("\"\(name)\" is no name for a checkpoint's file") }
    self.init(
      name: name, bytes: bytes, sha256: sha256, uncompressedBytes: uncompressedBytes, tensors: tensors)
  }
}

extension Manifest.TensorRange {
  fileprivate init(from reader: inout JSONReader) throws(JSONError) {
    var texts: [String: String] = [:]
    var counts: [String: Int] = [:]
    try reader.object { (reader, key) throws(JSONError) in
      switch key {
      case "name", "sha256": texts[key] = try reader.string()
      case "offset", "bytes": counts[key] = try reader.count()
      default: try reader.skip()
      }
    }
    guard let name = texts["name"], let sha256 = texts["sha256"], let offset = counts["offset"],
      let bytes = counts["bytes"], !offset.addingReportingOverflow(bytes).overflow
    else { throw reader.failure("a tensor lacks its name, offset, bytes or sha256") }
    self.init(name: name, offset: offset, bytes: bytes, sha256: sha256)
  }
}
