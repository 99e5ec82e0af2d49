/// One complete checkpoint on disk.
public struct Generation: Equatable, Sendable {
  /// The steps that had been done when it was written.
  public let step: Int
  /// The name of its folder, such as `step-00000500`.
  public let name: String
  /// The path of its folder.
  public let path: String
  /// Of one that has just been saved: what could not be done when it had its name, to pointers or older ones.
  public internal(set) var trouble: CheckpointError?
}

/// The checkpoints of one run: a folder of generations, `step-00000500` and so on.
///
/// A generation is written under a temporary name, made durable, read back and verified, and only then given
/// its name, so that a folder named `step-…` was whole when it got that name. `latest`, a small file, names
/// the last one written; it is a convenience for people and scripts, and nothing here trusts it. One process
/// at a time saves into a store; any number may read.
public struct CheckpointStore: Sendable {
  /// The folder of the generations, such as `run/checkpoints`.
  public let directory: String
  /// How many whole generations to keep, the newest included.
  public let keepLast: Int
  let fileSystem: FileSystem

  /// The store in `directory`, which the first save makes if only that folder is missing.
  /// - Precondition: `keepLast` is positive.
  public init(directory: String, keepLast: Int = 2) {
    self.init(directory: directory, keepLast: keepLast, fileSystem: FileSystem())
  }

  package init(directory: String, keepLast: Int, fileSystem: FileSystem) {
    precondition(keepLast > 0, "at least one checkpoint is kept")
    self.directory = directory
    self.keepLast = keepLast
    self.fileSystem = fileSystem
  }

  func path(_ name: String) -> String {
    directory + "/" + name
  }

  /// Where the generation of a step is, or would be.
  func generation(of step: Int) -> Generation {
    let name = FolderName.generation(step)
    return Generation(step: step, name: name, path: path(name))
  }
}
