package import Checkpoints
import Reporting

/// What a checkpoint says about itself, verified.
package struct Inspection {
  private let path: String
  private let manifest: Manifest

  /// The checkpoint at `path`, or the newest whole one of the run folder at `path`, with what was passed over.
  /// - Throws: `CheckpointError`.
  package static func of(_ path: String) throws -> (Inspection, rejected: [String]) {
    let (generation, rejected) = try Self.generation(at: path)
    return (Inspection(path: generation.path, manifest: generation.manifest), rejected)
  }

  /// Loads the checkpoint at `path`, or the newest whole one of the run folder at `path`.
  /// - Throws: `CheckpointError`.
  package static func generation(at path: String) throws -> (LoadedGeneration, rejected: [String]) {
    let folder = "\(path)/checkpoints"
    guard Files.isFolder(folder) else { return (try CheckpointStore.load(path: path), []) }
    let selection = try CheckpointStore(directory: folder).newestValid()
    let rejected = selection.rejected.map { "\($0.name) is passed over: \($0.reason)" }
    if let newest = selection.generation {
      return (try CheckpointStore.load(path: newest.path, verify: false), rejected)
    }
    if let reason = selection.rejected.first?.reason { throw reason }
    return (try CheckpointStore.load(path: "\(folder)/latest"), [])
  }

  /// One JSON object.
  package var json: String {
    let info = manifest.info
    return JSONValue.object([
      .init("path", .string(path)), .init("step", .integer(info.step)), .init("recipe", .string(info.recipe)),
      .init("model", .string(info.model)), .init("weights_sha256", .string(info.weightsSHA256)),
      .init("state_sha256", .string(info.stateSHA256)), .init("world_size_written", .integer(info.worldSize)),
      .init("options_sha256", .string(info.optionsSHA256)),
      .init("data_fingerprint", .string(info.dataFingerprint)),
      .init("program_version", .string(info.programVersion)),
      .init("format_version", .string("\(manifest.formatVersion)")),
      .init("bytes", .integer(manifest.files.reduce(0) { $0 + $1.bytes })),
    ]).text
  }

  /// A table for people.
  package var text: String {
    let info = manifest.info
    var lines = [
      ("checkpoint", path), ("step", "\(info.step)"), ("recipe", info.recipe), ("model", info.model),
      ("written by", "lockstep \(info.programVersion) on \(info.worldSize) ranks"),
      ("weights", info.weightsSHA256), ("state", info.stateSHA256), ("data", info.dataFingerprint),
    ]
    lines += manifest.files.map { ($0.name, "\($0.bytes) bytes, \($0.tensors.count) tensors, whole") }
    let width = lines.map(\.0.count).max() ?? 0
    return lines.map { $0 + String(repeating: " ", count: width - $0.count + 2) + $1 }.joined(separator: "\n")
  }
}
