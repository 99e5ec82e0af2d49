import Foundation
import Models
import Reporting
import TestSupport
import Testing
import Training

@Suite("What a run tells")
struct RunReportTests {
  private let scratch = TemporaryFolder()
  private let folder: RunFolder
  private let loss = Statistic("loss", label: "D", plot: "loss")

  init() throws {
    folder = try RunFolder.create(
      at: scratch.path + "/run", options: Options.resolve(recipe: "dcgan", overrides: []))
  }

  private func line(_ step: Int, ranks: RankTimes? = nil) -> RunReport.Line {
    RunReport.Line(
      step: step, epoch: 0, statistics: [(loss, 1 / Float(step + 2))], imagesPerSecond: 1, waitedForRanks: 0,
      waitedForData: 0, ranks: ranks)
  }

  /// The picture of the losses that a report draws.
  private func losses(_ report: RunReport, step: Int) -> [UInt8]? {
    let samples = Pixels(width: 2, height: 2, channels: 1, samples: [0, 1, 2, 3])
    report.draw(samples: samples, measured: nil, step: step, statistics: [loss])
    return scratch.bytes(of: "run/losses.png")
  }

  @Test("steps that wait for data for a third of their time are worth a word once they have taken long")
  func dataWarning() {
    #expect(Trainer.dataWarning(waited: 3, of: 10, isPath: true) == nil)
    #expect(Trainer.dataWarning(waited: 5, of: 5, isPath: true) == nil)
    #expect(Trainer.dataWarning(waited: 4, of: 10, isPath: false) == "steps wait for data 40 % of their time")
    #expect(Trainer.dataWarning(waited: 4, of: 10, isPath: true)?.contains("data pack --resize") == true)
    let ofPairs = Trainer.dataWarning(waited: 4, of: 10, isPath: true, arePairs: true)
    #expect(ofPairs?.contains("data pack --pairs --resize") == true)
  }

  @Test("the log has of every rank what it computed and what it waited for, each under its own name")
  func ranks() throws {
    let before = [RankPlace(), RankPlace()]
    var after = before
    (after[0].busy, after[0].loading, after[0].waiting) = (3000, 500, 250)
    (after[1].busy, after[1].loading, after[1].waiting) = (2000, 0, 1000)
    let report = try RunReport(folder: folder, resumingAt: nil, loggedEvery: 1, progress: .silent)
    report.log(line(1, ranks: RankTimes(from: before, to: after, shares: [3, 1])))
    let log = try #require(scratch.bytes(of: "run/log.jsonl"))
    let logged = try JSONSerialization.jsonObject(with: Data(log)) as? [String: Any]
    #expect(logged?["rank_computed"] as? [Double] == [3, 2])
    #expect(logged?["rank_waited_for_data"] as? [Double] == [0.5, 0])
    #expect(logged?["rank_waited_for_ranks"] as? [Double] == [0.25, 1])
    #expect(logged?["slowest_rank"] as? Int == 1)
  }

  @Test(
    "a log that lacks lines up to the checkpoint is told when a run goes on",
    arguments: [(9, 1, 8, true), (9, 1, nil, true), (9, 1, 9, false), (9, 5, 5, false), (9, 10, nil, false)]
      as [(Int, Int, Int?, Bool)])
  func lackingLines(step: Int, every: Int, last: Int?, isTold: Bool) throws {
    scratch.write(last.map { "{\"step\":\($0)}\n" } ?? "", to: "run/log.jsonl")
    var told = ""
    let output = ReportOutput(hasColours: false, columns: { nil }, write: { told += $0 })
    let progress = ProgressReporter(.init(steps: 9, itemsPerStep: 1, linesEvery: 1), output: output)
    _ = try RunReport(folder: folder, resumingAt: step, loggedEvery: every, progress: progress)
    #expect(told.contains("the log has no line after step ") == isTold && told.isEmpty != isTold)
  }

  @Test(
    "of a log that cannot be written so many lines are kept, and the steps of those given up are told",
    .enabled(if: geteuid() == 0, "a device that is full is made by root alone"))
  func longWaiting() throws {
    // Device 1, 7 is that of /dev/full; a log may be no symbolic link.
    try #require(mknod(scratch.path + "/run/log.jsonl", S_IFCHR | 0o600, dev_t(1 << 8 | 7)) == 0)
    var told = ""
    let output = ReportOutput(hasColours: false, columns: { nil }, write: { told += $0 })
    let progress = ProgressReporter(.init(steps: 9, itemsPerStep: 1, linesEvery: 1), output: output)
    let report = try RunReport(folder: folder, resumingAt: nil, loggedEvery: 1, progress: progress)
    for step in 1...RunReport.mostWaiting { report.log(line(step)) }
    #expect(!told.isEmpty && !told.contains("will lack"))
    report.log(line(RunReport.mostWaiting + 1))
    #expect(told.contains("will lack the lines of steps 1 to \(RunReport.mostWaiting / 10): "), "\(told)")
    #expect(throws: ReportingError.self) { try report.finish() }
  }

  @Test(
    "the losses are drawn without reading the log again, and a resumed run draws what one that went on does")
  func drawing() throws {
    let report = try RunReport(folder: folder, resumingAt: nil, loggedEvery: 1, progress: .silent)
    report.log(line(1))
    let first = losses(report, step: 1)
    for step in 2...5 { report.log(line(step)) }
    let log = try #require(scratch.text(of: "run/log.jsonl"))
    scratch.write("no log", to: "run/log.jsonl")
    let whole = losses(report, step: 5)
    try report.finish()
    #expect(whole != nil && whole != first)

    scratch.write(log, to: "run/log.jsonl")
    let resumed = try RunReport(folder: folder, resumingAt: 3, loggedEvery: 1, progress: .silent)
    let cut = losses(resumed, step: 3)
    for step in 4...5 { resumed.log(line(step)) }
    #expect(cut != whole && losses(resumed, step: 5) == whole)
    try resumed.finish()
  }
}
