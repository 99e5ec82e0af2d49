import Checkpoints
import DataParallel
import Datasets
package import MessagePassing
import Platform
import Reporting

/// Times what saving costs training: stretches of steps with a save in them and without one, by turns, and
/// saves behind which nothing is trained, as the last one of a run.
package struct CheckpointBenchmark {
  /// Seconds of stretches of `steps` steps without a save and with one, in pairs.
  private var pairs: [(without: Double, with: Double)] = []
  /// Seconds for which saves kept the training thread.
  private var blocked: [Double] = []
  /// Seconds of whole saves beside which nothing is trained.
  private var final: [Double] = []
  private let steps: Int
  private let every: Int
  private let writers: Int
  private let worldSize: Int
  private let modelDescription: String
  private let bytes: Int

  /// Trains the family of `options` on synthetic images; all ranks call, rank 0's figures count.
  /// - Parameters:
  ///   - pairCount: stretches without a save and as many with one, after one of each that is not timed.
  ///   - maximumWriters: the most ranks that write; all that see the folder if nil.
  /// - Throws: ``BenchmarkError`` for stretches too short for a save, for a run that saves nothing and where
  ///   a stop is wished, `DatasetError`, ``RunFolderError`` where no temporary folder can be made,
  ///   `CheckpointError`, `CommunicationError`.
  package init(
    _ options: Options, pairs pairCount: Int, maximumWriters: Int?, over communicator: any Communicator,
    training threadCommunicator: sending any Communicator
  ) throws {
    let steps = options.length.steps(samples: 1, batch: options.batch)
    let dataset = try communicator.together {
      guard steps > 1 else { throw BenchmarkError.tooShort(steps: steps) }
      guard options.checkpoint.every > 0 else { throw BenchmarkError.savesNothing }
      return try Datasets.open(DatasetRequest(options))
    }
    let training = try TimedTraining(options, over: communicator, training: threadCommunicator)
    defer { training.communication.finish() }
    // From here on a signal must leave nothing behind.
    StopSignals.catchAll()
    let folder = String(
      decoding: try communicator.fromCoordinator { Array(try TemporaryFile.makeFolder().utf8) },
      as: UTF8.self)
    defer { if communicator.rank == 0 { try? FileSystem().removeTree(folder) } }
    let store = CheckpointStore(directory: folder + "/checkpoints", keepLast: options.checkpoint.keepLast)
    let ranks = try store.writers(over: RankExchange(communicator))
    let writers = Array(ranks.prefix(maximumWriters ?? ranks.count))
    let setup = Trainer.Setup(
      options: options, plan: training.engine.plan, dataset: dataset, steps: steps, folder: folder)
    let saver = RunSaver(
      setup, training.engine.state, store: store, writers: writers,
      hosts: try communicator.nodeLayout().hosts, over: RankExchange(training.communication), report: .silent)
    var step = 0
    var blocked: [Double] = []
    func save() throws {
      try training.engine.synchronize()
      let start = ContinuousClock.now
      try saver.save(training.engine, step: step)
      blocked.append((ContinuousClock.now - start).seconds)
    }
    func seconds(_ work: () throws -> Void) throws -> Double {
      try communicator.together { if StopSignals.isStopWished { throw BenchmarkError.stopped } }
      try communicator.barrier()
      let start = ContinuousClock.now
      try work()
      try training.engine.synchronize()
      try communicator.barrier()
      return (ContinuousClock.now - start).seconds
    }
    func stretch(saves: Bool) throws -> Double {
      try seconds {
        for index in 0..<steps {
          // After the first step, so that the pipeline of turns is full, and in time to be done with at the
          // end.
          if saves, index == 1 { try save() }
          try training.take(step, flags: saver.flags)
          step += 1
          try saver.complete(seen: training.engine.commonFlags)
        }
        if saves { try saver.finish() }
      }
    }
    for number in 0...pairCount {
      // Which comes first changes, so that a drift of the machine's speed cancels out.
      let savesFirst = number % 2 == 1
      var pair = (without: 0.0, with: 0.0)
      for saves in [savesFirst, !savesFirst] {
        let seconds = try stretch(saves: saves)
        if saves { pair.with = seconds } else { pair.without = seconds }
      }
      if number == 0 { blocked = [] } else { pairs.append(pair) }
    }
    self.blocked = blocked
    for _ in 0..<pairCount {
      final.append(
        try seconds {
          try save()
          try saver.finish()
        })
      step += 1
    }
    self.steps = steps
    every = options.checkpoint.every
    self.writers = writers.count
    worldSize = communicator.size
    modelDescription = options.modelDescription
    bytes = try communicator.fromCoordinator {
      guard let newest = try store.newestValid().generation else { return [] }
      return Array(
        "\(try store.load(newest.name, verify: false).manifest.files.reduce(0) { $0 + $1.bytes })".utf8)
    }.withUnsafeBytes { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
  }

  private var secondsPerStep: Double { pairs.map(\.without).median / Double(steps) }
  /// What a save costs, the median over pairs that follow each other.
  private var stall: Double { pairs.map { $0.with - $0.without }.median }
  private var fraction: Double { stall / (Double(every) * secondsPerStep) }

  /// One JSON object; figures are medians.
  package var json: String {
    JSONValue.object([
      .init("model", .string(modelDescription)), .init("ranks", .integer(worldSize)),
      .init("writers", .integer(writers)), .init("checkpoint_bytes", .integer(bytes)),
      .init("pairs", .integer(pairs.count)), .init("steps_per_stretch", .integer(steps)),
      .init("seconds_per_step", .double(secondsPerStep)), .init("stall_seconds", .double(stall)),
      .init("stalls", .array(pairs.map { .double($0.with - $0.without) })),
      .init("blocked_seconds", .double(blocked.median)), .init("final_save_seconds", .double(final.median)),
      .init("checkpoint_every", .integer(every)), .init("stall_fraction", .double(fraction)),
    ]).text
  }

  /// The same for people.
  package var text: String {
    func milliseconds(_ seconds: Double) -> String { "\(FixedDecimal.text(1000 * seconds, places: 1)) ms" }
    let spread = pairs.map { $0.with - $0.without }.sorted()
    return """
      \(modelDescription), \(worldSize) ranks, \(writers) of them write \(bytes) bytes; medians of \(pairs.count) pairs of \
      \(steps) steps
      step                     \(milliseconds(secondsPerStep))
      stall by a checkpoint    \(milliseconds(stall))   (\(milliseconds(spread[0])) to \(milliseconds(spread[spread.count - 1])))
      of it, before training   \(milliseconds(blocked.median))
      last checkpoint of a run \(milliseconds(final.median))
      every \(every) steps         \(FixedDecimal.text(100 * fraction, places: 2)) % of the run
      """
  }
}
