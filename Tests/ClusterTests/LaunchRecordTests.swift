import Cluster
import Glibc
import Platform
import TestSupport
import Testing
import Training

@Suite("What a launch writes of its end")
struct LaunchRecordTests {
  private let scratch = TemporaryFolder()
  private var run: String { scratch.path + "/run" }

  /// Begins a run, with a status or without one.
  private func begin(_ status: RunStatus?) throws {
    _ = try RunFolder.create(at: run, options: .resolve(recipe: "ring", overrides: []))
    status?.write(in: run)
  }

  private func record(_ mark: String, _ words: String...) -> LaunchRecord {
    LaunchRecord(TrainWords((words.isEmpty ? ["train", "ring"] : words) + ["--run", run]), mark: mark)
  }

  /// How a start ends that ranks have refused.
  private func refusal(_ status: Platform.ExitStatus) -> LaunchOutcome {
    LaunchOutcome(code: status.rawValue, status: nil, noticed: nil, said: "\(status)")
  }

  private var there: RunStatus? { RunStatus.read(in: run) }

  @Test(
    "a restart that is refused is how the launch ended, and says nothing of what another launch has ended")
  func refusedRestart() throws {
    var own = record("a")
    try begin(
      RunStatus(
        .failed, step: 7, exitStatus: .peerLost, cause: "lost", worldSize: 3, checkpoint: 5, start: own.start)
    )
    for other in ["b", "a/0", ""] {
      record(other).write(refusal(.badData), over: nil, ranks: 2, hasBegun: false)
      #expect(there?.cause == "lost")
    }
    own.restarts = 1
    own.write(refusal(.inputMissing), over: nil, ranks: 2, hasBegun: false)
    let status = try #require(there)
    #expect(status.state == .failed && status.exitCode == 66 && status.cause == "inputMissing")
    #expect(status.step == 7 && status.checkpoint == 5 && status.worldSize == 2 && status.start == "a/1")
  }

  @Test(
    "a launch that is stopped with nothing to save says so of its own starts, and of a run without an end"
  )
  func stopped() throws {
    var own = record("a")
    try begin(nil)
    own.writeStop()
    #expect(there?.state == .stopped && there?.exitCode == 75 && there?.start == "a/0")
    RunStatus(.failed, step: 7, exitStatus: .peerLost, cause: "lost", start: own.start).write(in: run)
    own.restarts = 1
    record("b").writeStop()
    #expect(there?.cause == "lost")
    own.writeStop()
    #expect(there?.state == .stopped && there?.cause == nil && there?.step == 7)
    // One that vanished without an end.
    RunStatus(.running, step: 8, start: "c/0").write(in: run)
    own.writeStop()
    #expect(there?.state == .stopped && there?.step == 8)
    RunStatus(.done, step: 9, exitStatus: .done, start: "c/0").write(in: run)
    own.writeStop()
    #expect(there?.state == .done)
  }

  @Test("a further wish is how a start ended that had not saved, unless a rank has failed by itself")
  func stoppedAtOnce() throws {
    let own = record("a")
    let running = RunStatus(.running, step: 7, checkpoint: 5, start: own.start)
    try begin(running)
    #expect(own.writeStop(by: SIGTERM, over: running, ranks: 2) == 143)
    var status = try #require(there)
    #expect(status.state == .failed && status.exitCode == 143 && status.step == 7 && status.checkpoint == 5)
    #expect(status.cause == "stopped at once by signal 15" && status.worldSize == 2)
    for (exit, code) in [(Platform.ExitStatus.peerLost, 130), (.badData, 65)] {
      status = RunStatus(.failed, step: 7, exitStatus: exit, cause: "x", start: own.start)
      status.write(in: run)
      #expect(own.writeStop(by: SIGINT, over: status, ranks: 2) == 130)
      #expect(there?.exitCode == code)
    }
  }

  @Test("a run that another process is at work on is left alone, also after an own start")
  func held() throws {
    let own = record("a")
    let holder = try RunFolder.create(at: run, options: .resolve(recipe: "ring", overrides: []))
    RunStatus(.failed, step: 7, exitStatus: .peerLost, cause: "lost", start: own.start).write(in: run)
    own.write(refusal(.cannotCreate), over: nil, ranks: 2, hasBegun: false)
    own.writeStop()
    #expect(there?.cause == "lost")
    withExtendedLifetime(holder) {}
  }

  @Test("words that do not train say nothing of the run they name", arguments: ["--dry-run", "--help"])
  func otherWords(option: String) throws {
    try begin(RunStatus(.running, step: 7, start: "a/0"))
    for words in [record("a", "train", option), record("a", "doctor")] {
      words.write(refusal(.configuration), over: nil, ranks: 1, hasBegun: true)
      words.writeStop()
      #expect(there?.state == .running)
    }
  }
}
