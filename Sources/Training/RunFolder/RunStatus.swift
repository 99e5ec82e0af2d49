import Glibc
package import Platform
import Reporting

/// `status.json` of a run folder: how the run stands, or how and why it ended, whatever exit code a launcher
/// makes of it. Written by rank 0, by its watchdog and by `lockstep launch`; a reader finds one whole object.
package struct RunStatus: Sendable, Equatable {
  package enum State: String, Sendable {
    case running
    case done
    /// Saved and stopped early.
    case stopped
    case failed
  }

  package let state: State
  /// The steps done when this was written.
  package let step: Int
  /// The exit code; nil while the run goes on.
  package let exitCode: Int?
  /// Why it failed, one line.
  package let cause: String?
  /// The number of ranks, where known.
  package let worldSize: Int?
  /// The step of the newest checkpoint that is known to be on disk; nil for none.
  package private(set) var checkpoint: Int?
  /// The process that wrote this.
  package let writer: String
  /// The start of the run that this is of: a run that goes on has several, and a process of an earlier one
  /// may come back late.
  package let start: String?

  /// Where the launcher tells the ranks of which start they are.
  package static let startVariable = "LOCKSTEP_START"

  package init(
    _ state: State, step: Int, exitStatus: ExitStatus? = nil, cause: String? = nil, worldSize: Int? = nil,
    checkpoint: Int? = nil, start: String? = nil
  ) {
    self.init(
      state, step: step, exitCode: exitStatus.map { Int($0.rawValue) }, cause: cause, worldSize: worldSize,
      checkpoint: checkpoint, writer: "\(RunOwner.current)", start: start)
  }

  package init(
    _ state: State, step: Int, exitCode: Int?, cause: String?, worldSize: Int?, checkpoint: Int? = nil,
    writer: String, start: String?
  ) {
    self.checkpoint = checkpoint
    self.start = start
    self.state = state
    self.step = step
    self.exitCode = exitCode
    self.cause = cause
    self.worldSize = worldSize
    self.writer = writer
  }

  /// One JSON object.
  package var json: String {
    JSONValue.object([
      .init("state", .string(state.rawValue)), .init("step", .integer(step)),
      .init("exit_code", JSONValue(exitCode)),
      .init("cause", JSONValue(cause)),
      .init("world_size", JSONValue(worldSize)),
      .init("checkpoint", JSONValue(checkpoint)), .init("writer", .string(writer)),
      .init("start", JSONValue(start)),
    ]).text
  }

  /// The status of a JSON text; nil if it is none.
  package init?(json: String) {
    guard let value = try? JSONValue(parsing: Array(json.utf8)),
      case .string(let name)? = value["state"], let state = State(rawValue: name),
      let step = value["step"]?.number.flatMap(Int.init(exactly:))
    else { return nil }
    func text(_ key: String) -> String? {
      if case .string(let text)? = value[key] { text } else { nil }
    }
    func number(_ key: String) -> Int? { value[key]?.number.flatMap(Int.init(exactly:)) }
    self.init(
      state, step: step, exitCode: number("exit_code").flatMap { Int32(exactly: $0).map(Int.init) },
      cause: text("cause"), worldSize: number("world_size"), checkpoint: number("checkpoint"),
      writer: text("writer") ?? "", start: text("start"))
  }

  /// Writes `status.json` into a run folder that is there. Training does not fail for it. Who does not know
  /// of a checkpoint leaves what is said of one.
  package func write(in folder: String) {
    write(in: folder, over: checkpoint == nil ? RunStatus.read(in: folder) : nil)
  }

  private func write(in folder: String, over there: RunStatus?) {
    guard Files.isFolder(folder) else { return }
    var status = self
    status.checkpoint = checkpoint ?? there?.checkpoint
    let bytes = Array((status.json + "\n").utf8)
    do {
      try AtomicFile.write(bytes, to: Self.path(in: folder), durable: false)
    } catch {
      Self.overwrite(bytes, Self.path(in: folder))
    }
  }

  /// The same of a start that has written one before: where another start has taken the folder over, its
  /// status stays, and so does the end of this one, where a rank still goes on that nobody waits for.
  package func writeOverOwn(in folder: String) {
    let there = RunStatus.read(in: folder)
    if let there {
      guard there.start == start, state != .running || there.exitCode == nil else { return }
    }
    write(in: folder, over: there)
  }

  /// On a full disk there is still the room of the file that is there.
  private static func overwrite(_ bytes: [UInt8], _ path: String) {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    if writeAll(bytes, to: descriptor) == nil { ftruncate(descriptor, off_t(bytes.count)) }
  }

  /// The status in a run folder; nil if there is none.
  package static func read(in folder: String) -> RunStatus? {
    Files.head(path(in: folder)).flatMap { RunStatus(json: $0) }
  }

  private static func path(in folder: String) -> String { "\(folder)/status.json" }
}
