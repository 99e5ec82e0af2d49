import Checkpoints
import Platform
import Reporting

/// What a checkpoint says about itself, verified.
package struct Inspection {
  private let path: String
  private let manifest: Manifest
  /// Newer checkpoints of the run that are not whole, and why.
  package let rejected: [String]

  /// Of the checkpoint that `path` stands for, see ``FoundCheckpoint``.
  /// - Throws: `CheckpointError`.
  package init(of path: String) throws {
    let found = try FoundCheckpoint(at: path)
    self.path = found.generation.path
    manifest = found.generation.manifest
    rejected = found.rejected
  }

  /// One JSON object.
  package var json: String {
    let info = manifest.info
    return JSONValue.object([
      .init("path", .string(path)), .init("step", .integer(info.step)), .init("recipe", .string(info.recipe)),
      .init("model", .string(info.model)), .init("weights_sha256", .string(info.weightsSHA256)),
      .init("state_sha256", .string(info.stateSHA256)), .init("world_size_written", .integer(info.worldSize)),
      .init("options_sha256", .string(info.optionsSHA256)),
      .init("arithmetic_sha256", JSONValue(info.arithmeticSHA256)),
      .init("data_fingerprint", .string(info.dataFingerprint)),
      .init("class_names", .array(info.classNames.map(JSONValue.string))),
      .init("characters", JSONValue(info.characters)),
      .init("program_version", .string(info.programVersion)),
      .init("format_version", .string("\(manifest.formatVersion)")),
      .init("bytes", .integer(manifest.files.reduce(0) { $0 + $1.bytes })),
      .init("passed_over", .array(rejected.map { .string($0) })),
    ]).text
  }

  /// A table for people.
  package var text: String {
    let info = manifest.info
    var lines = [
      ("checkpoint", path), ("step", "\(info.step)"), ("recipe", info.recipe), ("model", info.model),
      ("written by", "lockstep \(info.programVersion) on \(Count.text(info.worldSize, "rank"))"),
      ("weights", info.weightsSHA256), ("state", info.stateSHA256), ("data", info.dataFingerprint),
    ]
    if !info.classNames.isEmpty { lines.append(("classes", info.classNames.joined(separator: ", "))) }
    lines += manifest.files.map {
      ($0.name, "\($0.bytes) bytes, \(Count.text($0.tensors.count, "tensor")), whole")
    }
    return NamedValues.text(lines)
  }
}
