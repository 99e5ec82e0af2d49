import ArgumentParser
import Reporting
import Training

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Describe and verify a run's newest checkpoint, or one checkpoint.",
    discussion: """
      Every byte is checked against its SHA-256. --json prints one object with
      step, weights_sha256 (the float bytes of all networks), state_sha256
      (everything that determines the rest of the run), world_size_written and
      more. If a newer checkpoint of the run is damaged, passed_over says which
      and why, and the exit code is 65.
      """)

  @Argument(help: "A run folder or a checkpoint folder.")
  var path: String

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    alone {
      let inspection = try Inspection(of: path)
      for reason in inspection.rejected { Failure.report(reason) }
      print(json ? inspection.json : inspection.text)
      if !inspection.rejected.isEmpty { leave(.badData) }
    }
  }
}
