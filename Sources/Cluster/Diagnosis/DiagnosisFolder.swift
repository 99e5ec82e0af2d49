import Platform
import Training

/// What a probe of the run folder means.
extension FolderFacts {
  /// Bytes that a few checkpoints and samples of an ordinary recipe need, roughly.
  static let needed = 1 << 30

  /// The verdict.
  package var check: DiagnosisCheck {
    let name = "run folder"
    switch outcome {
    case .failed(let call, let reason):
      return .fail(
        name, "cannot \(call) in \(path): \(reason)", "make it writable, or choose another with --run",
        .cannotCreate)
    case .writable:
      guard let free else { return .ok(name, "\(path) is writable") }
      let detail = "\(path) is writable" + (free == .max ? "" : ", \(ByteCount.text(free)) free")
      if free < 16 << 20 {
        return .fail(name, detail, "free some space there, or choose another with --run", .cannotCreate)
      }
      if free < Self.needed {
        return .warn(name, detail, "free some space there, or set checkpoint.keepLast lower")
      }
      return isInMemory
        ? .warn(
          name, "\(detail), in memory", "choose a folder on a disk with --run; this one ends with the machine"
        )
        : .ok(name, detail)
    }
  }
}
