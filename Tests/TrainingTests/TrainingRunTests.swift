import Autograd
import DataParallel
import Datasets
import Foundation
import MessagePassing
import Models
import Platform
import Reporting
import Synchronization
import TensorCore
import TestSupport
import Testing
import Training

@Suite("A run finds out what goes wrong in it")
struct TrainingRunTests {
  private static let words = [
    "batch=16", "size=16", "model.generatorFeatures=4", "model.discriminatorFeatures=4", "threads=1",
    "samples.count=4", "samples.every=0", "log.every=1",
  ]

  /// A communicator that is used during training too: by then nobody uses it before.
  private struct Again: @unchecked Sendable {
    nonisolated(unsafe) let communicator: any Communicator

    init(_ communicator: any Communicator) { self.communicator = communicator }

    func again() -> sending any Communicator { communicator }
  }

  /// What comes of a run of a small DCGAN in `folder` on as many ranks that share no memory, of which one
  /// begins with another weight of the discriminator than the others.
  private static func outcomes(
    _ words: [String], ranks: Int, odd: Int, in folder: String
  ) -> [Result<Trainer.Outcome, any Error>] {
    ThreadCommunicator.results(size: ranks) { communicator in
      let rank = communicator.rank
      return try TrainingRun.run(
        TrainingRequest(
          recipe: "dcgan", overrides: Self.words + words, folder: folder + "/run", isResuming: false),
        over: communicator, training: Again(communicator).again(),
        output: ReportOutput(hasColours: false, columns: { nil }, write: { _ in }),
        preparing: { state in
          if rank == odd { state.model.networks[1].store.withValues { $0[0] += 0.001 } }
        })
    }
  }

  @Test(
    "a replica that differs is found and named at a checkpoint, and every so many steps where none is saved",
    arguments: [(["replicas.every=0", "checkpoint.every=3"], 3), (["replicas.every=2"], 2)])
  func replicas(words: [String], step: Int) throws {
    let folder = TemporaryFolder()
    for outcome in Self.outcomes(words + ["steps=4"], ranks: 3, odd: 1, in: folder.path) {
      let error = try #require(outcome.error as? DivergenceError, "\(outcome)")
      #expect(error.isOfReplica && error.ranks == [1] && error.step == step)
      #expect(error.description.contains("discriminator"))
    }
    let status = try #require(RunStatus.read(in: folder.path + "/run"))
    #expect(status.exitCode == 76 && status.cause?.contains("rank 1 of 3") == true, "\(status)")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/run/checkpoints")) ?? []
    #expect(names.allSatisfy { !$0.hasPrefix("step-") }, "what differs is not saved: \(names)")
  }

  @Test("what another rank could not read is the cause that rank 0 records, and all end with its code")
  func failureElsewhere() throws {
    let folder = TemporaryFolder()
    let images = folder.path + "/images"
    try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
    // One of the last of the second batch.
    let bad = SampleStream(count: 64, seed: 1).indices(at: 31..<32)[0]
    for index in 0..<64 {
      let name = "\(images)/\(10 + index).png"
      let image = KeyedNoise(seed: 1, purpose: .synthetic, turn: index).uniform([16, 16, 3])
      try PNGFile.write(ImageGrid.pixels(ofOne: image), to: name)
      guard index == bad else { continue }
      var bytes = try Data(contentsOf: URL(fileURLWithPath: name))
      bytes[bytes.count / 2] ^= 0xff
      try bytes.write(to: URL(fileURLWithPath: name))
    }
    for outcome in Self.outcomes(
      ["data=\(images)", "channels=3", "seed=1", "steps=4"], ranks: 4, odd: -1, in: folder.path)
    {
      #expect(outcome.error.map { ExitStatus(of: $0) } == .badData, "\(outcome)")
    }
    let status = try #require(RunStatus.read(in: folder.path + "/run"))
    #expect(status.state == .failed && status.exitCode == 65, "\(status)")
    #expect(status.cause?.contains("\(10 + bad).png") == true, "\(status)")
    #expect(status.cause?.contains("[rank 3 on ") == true, "\(status)")
  }

  @Test("a run of a file whose name is none goes on by the name that it was given, and by no other")
  func givenName() throws {
    let folder = TemporaryFolder()
    folder.write("model: {family: dcgan}\n", to: "my recipe.yaml")
    func train(_ words: String..., isResuming: Bool) throws {
      _ = try TrainingRun.run(
        TrainingRequest(
          recipe: folder.path(of: "my recipe.yaml"), overrides: (isResuming ? [] : Self.words) + words,
          folder: folder.path + "/run", isResuming: isResuming),
        over: SoloCommunicator(), training: SoloCommunicator(),
        output: ReportOutput(hasColours: false, columns: { nil }, write: { _ in }))
    }
    try train("recipe=mine", "steps=1", isResuming: false)
    try train("recipe=mine", "steps=2", isResuming: true)
    #expect(RunStatus.read(in: folder.path + "/run")?.step == 2)
    #expect(throws: RunFolderError.self) { try train("steps=3", isResuming: true) }
    #expect(throws: RunFolderError.self) {
      try train("recipe=mine", "model.family=vae", "steps=3", isResuming: true)
    }
  }

  @Test("a run whose saves have failed for ten minutes ends, long before its last step")
  func hopelessSaves() throws {
    let folder = TemporaryFolder()
    let said = Mutex("")
    // Five minutes from one failure to the next.
    let time = Atomic<Int64>(0)
    #expect(throws: (any Error).self) {
      try TrainingRun.run(
        TrainingRequest(
          recipe: "dcgan", overrides: Self.words + ["steps=100", "checkpoint.every=1"],
          folder: folder.path + "/run", isResuming: false),
        over: SoloCommunicator(), training: SoloCommunicator(),
        output: ReportOutput(
          hasColours: false, columns: { nil }, write: { text in said.withLock { $0 += text } }),
        preparing: { _ in
          try! FileManager.default.removeItem(atPath: folder.path + "/run/checkpoints")
          folder.write("", to: "run/checkpoints")
        }, timingSavesBy: { time.add(300_000, ordering: .relaxed).newValue })
    }
    let text = said.withLock { $0 }
    #expect(text.contains("3 saves in a row have failed, the run ends"), "\(text)")
    #expect(text.contains("step 3/100") && !text.contains("step 50/100"), "\(text)")
  }

  @Test("where a sample cannot be measured for what its file has become, the run ends and keeps its work")
  func unreadable() throws {
    // Which state is the best decides on no weight, and before the first one nothing may be saved yet.
    for words in [[], ["checkpoint.keepBest=true"]] {
      let status = try Self.endOfUnreadable(["quality.every=2", "quality.samples=64"] + words)
      #expect(status.exitCode == 65 && (status.checkpoint ?? 0) > 0, "\(status)")
    }
  }

  @Test("but saves nothing behind a decision that was not made for it, so that a resume makes it")
  func undecided() throws {
    let check = try Self.endOfUnreadable(["watch.every=2", "watch.samples=64"])
    let patience = try Self.endOfUnreadable(["quality.every=2", "quality.samples=64", "stop.patience=5"])
    for status in [check, patience] {
      #expect(status.exitCode == 65 && status.checkpoint == nil, "\(status)")
    }
  }

  /// How a run of two steps stands whose samples cannot be read any more at what is due after the second.
  private static func endOfUnreadable(_ due: [String]) throws -> RunStatus {
    let folder = TemporaryFolder()
    let images = folder.path + "/images"
    try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
    let names = (10..<74).map { "\(images)/\($0).png" }
    for name in names {
      try PNGFile.write(ImageGrid.pixels(ofOne: Tensor(repeating: 0.5, shape: [16, 16, 3])), to: name)
    }
    #expect(throws: (any Error).self) {
      try TrainingRun.run(
        TrainingRequest(
          recipe: "inpainting",
          overrides: words + ["data=\(images)", "steps=2"] + due,
          folder: folder.path + "/run", isResuming: false),
        over: SoloCommunicator(), training: SoloCommunicator(),
        output: ReportOutput(
          hasColours: false, columns: { nil },
          write: { text in
            guard text.contains("step 1/2") else { return }
            // What training reads has been read ahead by then.
            for name in names { try? Data("no PNG".utf8).write(to: URL(fileURLWithPath: name)) }
          }))
    }
    return try #require(RunStatus.read(in: folder.path + "/run"))
  }
}
