import Foundation

/// The built program.
enum Lockstep {
  /// Beside the test bundle that is running, or where `swift build -c release` puts it.
  static let path: String? = {
    var folders: [String] = []
    if let bundle = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
      folders.append((bundle as NSString).deletingLastPathComponent)
    }
    folders.append(Package.folder + "/.build/release")
    return folders.map { $0 + "/lockstep" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  static var isBuilt: Bool { path != nil }

  /// Runs the program alone and waits for its end.
  static func run(_ arguments: [String], in folder: Folder) throws -> Finished {
    try start(arguments, in: folder).wait()
  }

  /// Starts the program alone.
  static func start(_ arguments: [String], in folder: Folder) throws -> Job {
    try Job([path!] + arguments, in: folder)
  }

  /// Starts the program with a shell script in place of another one.
  static func start(
    _ words: [String], in folder: Folder, with program: String, doing script: String, seconds: Double = 90
  ) throws -> Job {
    try folder.writeScript(script, program)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return try Job(
      ["/usr/bin/env", "PATH=\(folder.path):\(path)", Self.path!] + words, in: folder,
      seconds: seconds)
  }

  /// Trains on as many ranks, with mpirun if they are more than one, and waits for the end.
  static func train(_ arguments: [String], ranks: Int, in folder: Folder) throws -> Finished {
    try startTraining(arguments, ranks: ranks, in: folder).wait()
  }

  /// Starts training on as many ranks, with mpirun if they are more than one.
  static func startTraining(_ arguments: [String], ranks: Int, in folder: Folder) throws -> Job {
    guard ranks > 1 else { return try start(["train"] + arguments, in: folder) }
    return try MPIRun.start([.init(ranks: ranks, words: [path!, "train"] + arguments)], in: folder)
  }

  /// What `inspect --json` says of a run.
  static func inspect(_ run: String, in folder: Folder) throws -> Inspected {
    let finished = try Self.run(["inspect", run, "--json"], in: folder)
    guard finished.status == 0 else { throw Unexpected(finished) }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Inspected.self, from: Data(finished.output.utf8))
  }
}

/// What the tests read of `inspect --json`.
struct Inspected: Decodable, Equatable {
  let step: Int
  let weightsSha256: String
  let stateSha256: String
  let worldSizeWritten: Int

  /// The two hashes that do not depend on how a run was computed.
  var hashes: [String] { [weightsSha256, stateSha256] }
}

/// A process that ended otherwise than it had to, with all that it said.
struct Unexpected: Error, CustomStringConvertible {
  let description: String

  init(_ finished: Finished) {
    description = "status \(finished.status): \(finished.output)\(finished.errors)"
  }
}

/// This package.
enum Package {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path
}
