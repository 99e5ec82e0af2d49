import Foundation

/// A process that was started, with a deadline after which it is killed, with all that it has started.
final class Job {
  private let process = Process()
  private let deadline: Date
  private let outputPath: String
  private let errorsPath: String

  /// Starts `words` in `folder`. Output goes to files, which no job can fill up.
  init(_ words: [String], in folder: Folder, seconds: Double = 120) throws {
    let name = UUID().uuidString
    outputPath = folder.hidden + "/\(name).out"
    errorsPath = folder.hidden + "/\(name).err"
    deadline = Date(timeIntervalSinceNow: seconds)
    process.executableURL = URL(fileURLWithPath: words[0])
    process.arguments = Array(words.dropFirst())
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    var environment = ProcessInfo.processInfo.environment
    if getuid() == 0 {
      environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    let (output, errors) = try (Self.newFile(outputPath), Self.newFile(errorsPath))
    process.standardOutput = output
    process.standardError = errors
    // The process has its own; these would stay open for as long as all tests take.
    defer {
      try? output.close()
      try? errors.close()
    }
    try Self.withSignalsUnblocked { try process.run() }
  }

  /// A process inherits the signals that the thread which starts it blocks, and those of a thread pool block
  /// all.
  private static func withSignalsUnblocked(_ work: () throws -> Void) rethrows {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try work()
  }

  private static func newFile(_ path: String) throws -> FileHandle {
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
  }

  /// A test that has failed leaves nothing to those after it.
  deinit { end() }

  /// Kills the process and all that it has started.
  private func end() {
    guard process.isRunning else { return }
    for pid in Processes.tree(of: process.processIdentifier) { kill(pid, SIGKILL) }
  }

  /// Sends a signal to the process that was started.
  func signal(_ number: Int32) {
    kill(process.processIdentifier, number)
  }

  /// Waits until `condition` holds.
  /// - Returns: whether it did before the process ended.
  func wait(until condition: () -> Bool) throws -> Bool {
    while !condition() {
      guard process.isRunning else { return false }
      try checkDeadline()
      usleep(2000)
    }
    return true
  }

  /// Waits for the end.
  func wait() throws -> Finished {
    while process.isRunning {
      try checkDeadline()
      usleep(2000)
    }
    return Finished(
      status: process.terminationReason == .exit
        ? process.terminationStatus : 128 + process.terminationStatus,
      output: text(of: outputPath), errors: text(of: errorsPath))
  }

  private func checkDeadline() throws {
    guard Date() > deadline else { return }
    end()
    throw Overdue(description: "killed at its deadline: \(text(of: outputPath))\(text(of: errorsPath))")
  }

  private func text(of path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }

  /// A process that did not end.
  struct Overdue: Error, CustomStringConvertible {
    let description: String
  }
}

/// A process that ended.
struct Finished {
  /// The exit status, or 128 and the signal's number.
  let status: Int32
  let output: String
  let errors: String

  /// The program's own messages, without what mpirun adds.
  var messages: [String] {
    errors.split(separator: "\n").filter { $0.hasPrefix("lockstep:") }.map(String.init)
  }
}

/// Running processes.
enum Processes {
  /// Whether a process catches a signal.
  static func catches(_ signal: Int32, _ pid: pid_t) -> Bool {
    let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
    return status.split(separator: "\n").contains { line in
      guard line.hasPrefix("SigCgt:"),
        let mask = UInt64(line.dropFirst(7).filter(\.isHexDigit), radix: 16)
      else { return false }
      return mask >> UInt64(signal - 1) & 1 == 1
    }
  }

  /// Those of the program whose command line has the word `word`.
  static func withWord(_ word: String) -> [pid_t] {
    all.filter { pid in
      let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
      let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      return words.first?.hasSuffix("/lockstep") == true && words.contains(word)
    }.sorted()
  }

  /// A process and its descendants, parents first.
  static func tree(of root: pid_t) -> [pid_t] {
    let children = Dictionary(grouping: all, by: parent)
    var tree = [root]
    var next = 0
    while next < tree.count {
      tree += children[tree[next]] ?? []
      next += 1
    }
    return tree
  }

  private static var all: [pid_t] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
  }

  /// The second word behind the name, which may hold anything; -1 of a process that is gone.
  private static func parent(of pid: pid_t) -> pid_t {
    let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
    let words = stat.split(separator: ")").last?.split(separator: " ") ?? []
    return words.count > 1 ? pid_t(words[1]) ?? -1 : -1
  }
}
