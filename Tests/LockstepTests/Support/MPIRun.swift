import Foundation

/// mpirun of Open MPI on this machine.
enum MPIRun {
  static let path: String? = {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").map { "\($0)/mpirun" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  static var isAvailable: Bool { path != nil }

  /// Ranks that run the same words in the same folder.
  struct Group {
    let ranks: Int
    /// The program and its arguments.
    let words: [String]
    /// The working folder; nil for that of the job.
    var workingFolder: String?
  }

  /// Starts groups of ranks as one job.
  static func start(_ groups: [Group], flags: [String] = [], in folder: Folder) throws -> Job {
    var words = [path!, "--oversubscribe", "--bind-to", "none"] + flags
    for (index, group) in groups.enumerated() {
      if index > 0 { words.append(":") }
      words += ["-n", "\(group.ranks)"]
      if let workingFolder = group.workingFolder { words += ["--wdir", workingFolder] }
      words += group.words
    }
    return try Job(words, in: folder)
  }
}
