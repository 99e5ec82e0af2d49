package import Checkpoints
import Platform

/// The checkpoint that a path stands for, loaded and verified, and the run that it is of.
package struct FoundCheckpoint {
  package let generation: LoadedGeneration
  /// Newer checkpoints of the run that are not whole, and why.
  package let rejected: [String]

  /// Loads the checkpoint at `path`, or the newest whole one of the run folder at `path`; `checkpoints` and
  /// `checkpoints/latest` within a run folder stand for it, `checkpoints/best` for the best one by the run's
  /// metric.
  ///
  /// A run that goes on meanwhile may remove the generation that is being read: then a newer one is there.
  /// - Throws: `CheckpointError`.
  package init(at path: String) throws {
    var attempts = 3
    while true {
      attempts -= 1
      do throws(CheckpointError) {
        let (generation, rejected) = try Self.newestOrNamed(path)
        let hasVanished = rejected.contains { $0.reason.kind == .notFound }
        if attempts > 0 && hasVanished { continue }
        self.generation = generation
        self.rejected = rejected.map { "\($0.name) is passed over: \($0.reason)" }
        return
      } catch {
        if attempts == 0 || error.kind != .notFound { throw error }
      }
    }
  }

  /// What it says of itself.
  package var info: GenerationInfo { generation.manifest.info }

  /// The run that it lies in: its folder, from the root on, and the options there. Nil for one that was
  /// copied elsewhere, also among the checkpoints of a run of other arithmetic.
  var run: (folder: String, options: Options)? {
    // A folder of checkpoints may be a link to another disk, and a generation one to a run.
    for path in [Files.absolute(generation.path), Files.real(generation.path)].compactMap(\.self) {
      let parts = path.split(separator: "/")
      let folder = "/" + parts.dropLast(2).joined(separator: "/")
      if parts.dropLast().last.map(String.init) == RunFolder.Entry.checkpoints,
        let options = try? Options.read(path: RunFolder.optionsPath(in: folder)),
        SHA256.digest(of: options.arithmeticDigestInput) == info.optionsSHA256
      {
        return (folder, options)
      }
    }
    return nil
  }

  /// Its options: those of the run that it lies in, which know where the data lie now, or those that it has
  /// itself.
  /// - Throws: `OptionsError`.
  func options() throws -> Options {
    if let run { return run.options }
    guard let own = info.options else {
      return try Options.read(path: RunFolder.optionsPath(in: "\(generation.path)/../.."))
    }
    return try Options.resolve(yaml: Array(own.utf8), name: "checkpoint", label: Manifest.fileName)
  }
}

// MARK: - Finding

extension FoundCheckpoint {
  /// What a path stands for.
  private enum Place {
    /// A folder of checkpoints, for the newest whole one in it.
    case newest(in: String)
    /// A folder of checkpoints, for the one that it keeps as the best.
    case best(in: String)
    /// Itself.
    case checkpoint

    /// - Parameter path: without slashes at its end.
    static func of(_ path: String) -> Place {
      // A run may have any name.
      let own = "\(path)/\(RunFolder.Entry.checkpoints)"
      if Files.isFolder(own) { return .newest(in: own) }
      // From the root on, so that `best` and `.` mean the same within the folder of checkpoints.
      let names = Files.absolute(path).split(separator: "/").suffix(2).map(String.init)
      let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
      if names == [RunFolder.Entry.checkpoints, "best"] { return .best(in: parent) }
      if names.last == RunFolder.Entry.checkpoints, Files.isFolder(path) { return .newest(in: path) }
      if names == [RunFolder.Entry.checkpoints, "latest"] { return .newest(in: parent) }
      return .checkpoint
    }
  }

  private static func newestOrNamed(
    _ path: String
  ) throws(CheckpointError) -> (LoadedGeneration, rejected: [CheckpointStore.Rejection]) {
    let trimmed = Files.withoutTrailingSlashes(path)
    switch Place.of(trimmed) {
    case .checkpoint:
      try checkIsCheckpoint(trimmed)
      return (try CheckpointStore.load(path: path), [])
    case .best(let folder):
      guard let best = CheckpointStore(directory: folder).best else {
        throw CheckpointError(
          .notFound, "the run keeps no best checkpoint", path: folder,
          advice: "train with checkpoint.keepBest=true, or name the run for its newest checkpoint")
      }
      return (try CheckpointStore.load(path: "\(folder)/\(best)"), [])
    case .newest(let folder):
      let selection = try CheckpointStore(directory: folder).newestValid()
      if let newest = selection.generation {
        return (try CheckpointStore.load(path: newest.path, verify: false), selection.rejected)
      }
      try selection.requireWholeIfAny()
      throw noneYet(folder)
    }
  }

  /// Refuses what is neither a run folder nor, whole or damaged, a checkpoint.
  private static func checkIsCheckpoint(_ path: String) throws(CheckpointError) {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let what: String
    if Files.isFolder(path) {
      switch FolderName(name) {
      case .generation, .replaced: return
      default: break
      }
      if Files.exists("\(path)/\(Manifest.fileName)") { return }
      if Files.exists(RunFolder.optionsPath(in: path)) { throw noneYet(path) }
      what = "no run and no checkpoint"
    } else {
      what =
        !Files.exists(path)
        ? "there is no such folder"
        : name == Manifest.fileName ? "a file of a checkpoint" : "a file, not a folder"
    }
    throw CheckpointError(.notFound, what, path: path)
  }

  private static func noneYet(_ path: String) -> CheckpointError {
    CheckpointError(
      .notFound, "the run has no checkpoint yet", path: path,
      advice: "wait until it has saved one, or name another run")
  }
}
