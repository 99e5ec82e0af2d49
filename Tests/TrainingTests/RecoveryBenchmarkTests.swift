import Foundation
import TestSupport
import Testing
import Training

@Suite("What became of a run that was broken is told by its log")
struct RecoveryBenchmarkTests {
  private let folder = TemporaryFolder()

  /// Of a run that is broken at step 50, found wrong `after` steps later, and ends with so many modes.
  private func outcome(after: Int, modes: Int, failure: String? = nil) throws -> RecoveryBenchmark.Outcome {
    let lines = [
      #"{"step":25,"verdict":"collapsed"}"#, #"{"step":50,"verdict":"diverged","modes":8}"#,
      #"{"step":51,"verdict":"suspicious"}"#,
      #"{"step":\#(50 + after),"verdict":"collapsed","event":"rewind"}"#,
      #"{"step":9000,"verdict":"healthy","modes":\#(modes),"high_quality":0.25}"#,
    ]
    let path = "\(folder.path)/log.jsonl"
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
    return try RecoveryBenchmark.Outcome(log: path, seed: 3, brokenAt: 50, failure: failure)
  }

  @Test("the first verdict after the break counts, and the modes of the last line")
  func log() throws {
    let outcome = try outcome(after: 75, modes: 6)
    #expect(outcome.detected == 75 && outcome.rewinds == 1 && outcome.modes == 6)
    #expect(outcome.seed == 3 && outcome.highQuality == 0.25 && outcome.failure == nil)
  }

  @Test("found within 500 steps, and restored with all modes but one, is what counts")
  func counts() throws {
    let json = RecoveryBenchmark(
      .collapse, modes: 8,
      [
        try outcome(after: 500, modes: 8), try outcome(after: 501, modes: 7),
        try outcome(after: 75, modes: 6),
        try outcome(after: 75, modes: 8, failure: "it stopped"),
      ]
    ).json
    #expect(json.contains(#""detected_within_500":3,"detected":4,"restored":2,"#), "\(json)")
  }
}
