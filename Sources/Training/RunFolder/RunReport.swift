package import Models
import Platform
package import Reporting

/// What a run tells the world: the progress line, `log.jsonl`, TensorBoard events, sample grids and the loss
/// plot. Rank 0 has one; the other ranks have ``silent``, so that the training loop asks nobody who it is.
///
/// What cannot be written is warned of and does not stop training: lines of the log wait and are tried again
/// with the next one, pictures and events are left out. ``finish()`` throws what is wrong at the end.
package final class RunReport {
  /// One logged step.
  package struct Line {
    /// The steps done.
    package let step: Int
    /// Passes over the data so far.
    package let epoch: Double
    /// Seconds since 1970 by the system's clock.
    package let time = WallClock.seconds
    /// The statistics of each phase.
    package let statistics: [(Statistic, Float)]
    /// Verdicts, decisions and events, in words.
    package let notes: [(key: String, text: String)]
    /// Global images a second since the line before.
    package let imagesPerSecond: Double
    /// Seconds since the line before that this rank waited for the sums of other ranks.
    package let waitedForRanks: Double
    /// Seconds since the line before that this rank waited for data.
    package let waitedForData: Double
    /// What every rank spent its time on; nil for a rank alone.
    package let ranks: RankTimes?

    package init(
      step: Int, epoch: Double, statistics: [(Statistic, Float)], notes: [(key: String, text: String)] = [],
      imagesPerSecond: Double,
      waitedForRanks: Double,
      waitedForData: Double, ranks: RankTimes? = nil
    ) {
      self.ranks = ranks
      self.step = step
      self.epoch = epoch
      self.statistics = statistics
      self.notes = notes
      self.imagesPerSecond = imagesPerSecond
      self.waitedForRanks = waitedForRanks
      self.waitedForData = waitedForData
    }
  }

  private struct Sinks {
    let folder: RunFolder
    let title: String
    let log: JSONLinesLog
    let tensorBoard: TensorBoardWriter
  }

  /// The person at the terminal.
  package let progress: ProgressReporter
  private let sinks: Sinks?
  /// Lines that could not be written yet.
  private var waiting: [Line] = []
  /// The most of them: some megabytes.
  package static let mostWaiting = 10_000
  /// What the log has of each statistic that is drawn, as single-precision numbers; read once, at the first
  /// picture, and kept up to date with every line. 16 bytes a line and statistic.
  private var drawn: [String: [Plot.Point]] = [:]
  /// The last failure of each kind of output, until it works again.
  private var failures: [Output: any Error] = [:]

  private enum Output: CaseIterable {
    case log, tensorBoard, pictures
  }

  /// Numbers of a line that say how a run went on its machine, and nothing of its model.
  static let executionKeys: Set = [
    "time", "images_per_second", "waited_for_ranks", "waited_for_data", "slowest_rank",
  ]

  /// The report of a rank that says nothing.
  package static var silent: RunReport { RunReport(progress: .silent, sinks: nil) }

  /// The report of a run in `folder`.
  /// - Parameters:
  ///   - step: the steps done before a run is resumed, after which lines of the log are dropped; nil for a
  ///     new run.
  ///   - loggedEvery: the steps between two lines before it is resumed.
  /// - Throws: `ReportingError`.
  package convenience init(
    folder: RunFolder, resumingAt step: Int?, loggedEvery: Int, progress: ProgressReporter
  ) throws {
    let log =
      try step.map { try JSONLinesLog.resume(folder.logPath, afterStep: $0) }
      ?? JSONLinesLog.create(folder.logPath)
    self.init(
      progress: progress,
      sinks: Sinks(
        folder: folder, title: folder.options.title, log: log,
        tensorBoard: try TensorBoardWriter(folder: folder.tensorBoardPath, resumingAfter: step)))
    // The log of a run that has begun with another one's state does not begin at step 1.
    guard let step, log.lastStep != nil || folder.options.initial.run == nil else { return }
    let wanted = step / loggedEvery * loggedEvery
    if log.lastStep ?? 0 < wanted {
      progress.warning(
        "the log has no line after step \(log.lastStep ?? 0), and the checkpoint is of step \(step), "
          + "\(log.path); bring back what is lost, or go on without it")
    }
  }

  private init(progress: ProgressReporter, sinks: Sinks?) {
    self.progress = progress
    self.sinks = sinks
  }

  /// Whether anything is written, so that what is only drawn need not be computed.
  var isSilent: Bool { sinks == nil }

  /// Writes a line to the log and to TensorBoard.
  package func log(_ line: Line) {
    guard let sinks else { return }
    waiting.append(line)
    attempt(.log) { try writeWaiting(sinks.log) }
    dropLongWaiting(sinks.log.path)
    attempt(.tensorBoard) {
      try sinks.tensorBoard.write(
        scalars: line.statistics.map { (tag: "\($0.plot ?? "statistics")/\($0.key)", value: Double($1)) } + [
          (tag: "speed/images_per_second", value: line.imagesPerSecond)
        ], step: line.step)
    }
  }

  private func writeWaiting(_ log: JSONLinesLog) throws {
    var written = 0
    defer { waiting.removeFirst(written) }
    for line in waiting {
      try append(line, to: log)
      written += 1
    }
  }

  /// Gives up the oldest lines of a log that cannot be written for long, a tenth at a time.
  private func dropLongWaiting(_ path: String) {
    guard waiting.count > Self.mostWaiting else { return }
    let lost = waiting.prefix(Self.mostWaiting / 10).map(\.step)
    waiting.removeFirst(lost.count)
    progress.warning(
      "the log will lack the lines of steps \(lost[0]) to \(lost[lost.count - 1]): it could not be written "
        + "for too long, \(path); mend what the warning before names, or stop the run")
  }

  private func append(_ line: Line, to log: JSONLinesLog) throws {
    let statistics = line.statistics.map { ($0.key, JSONValue.float($1)) }
    try log.append(
      step: line.step,
      [("epoch", .double(line.epoch)), ("time", .double(line.time))] + statistics
        + line.notes.map { ($0.key, JSONValue.string($0.text)) }
        + [
          ("images_per_second", .double(line.imagesPerSecond)),
          ("waited_for_ranks", .double(line.waitedForRanks)),
          ("waited_for_data", .double(line.waitedForData)),
        ] + (line.ranks.map(Self.fields) ?? []))
    for (statistic, value) in line.statistics {
      drawn[statistic.key]?.append(Plot.Point(x: Double(line.step), y: Double(value)))
    }
  }

  /// The most ranks of which each has its numbers in every line.
  private static let mostRanks = 64

  private static func fields(_ ranks: RankTimes) -> [(String, JSONValue)] {
    let all: [(String, [Double])] = [
      ("rank_computed", ranks.computing), ("rank_waited_for_data", ranks.loading),
      ("rank_waited_for_ranks", ranks.waiting),
    ]
    let arrays = ranks.computing.count > mostRanks ? [] : all
    return arrays.map { ($0, .array($1.map { .double($0) })) } + [("slowest_rank", .integer(ranks.slowest))]
  }

  /// Draws a picture of samples and the plot of `statistics` over all steps of the log.
  /// - Parameters:
  ///   - text: what the samples say, if they are text; it goes to a file of its own.
  ///   - measured: what was measured on the samples, for people.
  package func draw(
    samples: Pixels, text: String? = nil, measured: String?, step: Int, statistics: [Statistic]
  ) {
    guard let sinks else { return }
    attempt(.pictures) {
      let picture = try PNGFile(encoding: samples)
      var path = sinks.folder.samplePath(step: step)
      try picture.write(to: path)
      if let text {
        path = sinks.folder.sampleTextPath(step: step)
        try AtomicFile.write(Array(text.utf8), to: path, durable: false)
      }
      try sinks.tensorBoard.write(picture: picture, tag: "samples", step: step)
      try drawLosses(sinks, statistics)
      progress.notice("samples", path: measured.map { "\(path): \($0)" } ?? path)
    }
  }

  /// Writes, or warns once until it works again.
  private func attempt(_ output: Output, _ write: () throws -> Void) {
    do {
      try write()
      failures[output] = nil
    } catch {
      if failures[output] == nil { progress.warning("\(error)") }
      failures[output] = error
    }
  }

  private func drawLosses(_ sinks: Sinks, _ statistics: [Statistic]) throws {
    let plotted = statistics.filter { $0.plot != nil }
    let missing = plotted.map(\.key).filter { drawn[$0] == nil }
    if !missing.isEmpty {
      for series in try JSONLinesLog.series(missing, of: sinks.log.path) {
        drawn[series.name] = series.points.map { Plot.Point(x: $0.x, y: Double(Float($0.y))) }
      }
    }
    var titles: [String] = []
    for case let title? in plotted.map(\.plot) where !titles.contains(title) { titles.append(title) }
    let panels = titles.map { title in
      Plot.Panel(
        title,
        plotted.filter { $0.plot == title }.map {
          Plot.Series($0.label ?? $0.words, drawn[$0.key] ?? [])
        })
    }
    try PNGFile.write(Plot(title: sinks.title, panels: panels).pixels(), to: sinks.folder.lossesPath)
  }

  /// Makes sure that what was written survives a power cut.
  package func synchronize() {
    guard let sinks else { return }
    attempt(.log) {
      try writeWaiting(sinks.log)
      try sinks.log.synchronize()
    }
    attempt(.tensorBoard) { try sinks.tensorBoard.synchronize() }
  }

  /// Throws the failure of an output that did not recover.
  package func finish() throws {
    for output in Output.allCases { if let failure = failures[output] { throw failure } }
  }
}
