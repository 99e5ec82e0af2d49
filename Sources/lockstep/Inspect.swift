import ArgumentParser
import Training

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Describe and verify a run's newest whole checkpoint, or one checkpoint.",
    discussion: """
      Every byte is checked against its SHA-256. --json prints one object with
      step, weights_sha256 (the float bytes of all networks), state_sha256
      (everything that determines the rest of the run), world_size_written and
      more; passed_over lists newer checkpoints of the run that are damaged, and
      why. The exit code is 65 if the named checkpoint is damaged, or all of them.
      """)

  @Argument(help: "A run folder or a checkpoint folder.", completion: .directory)
  var path: String

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    alone {
      let inspection = try Inspection(of: path)
      for reason in inspection.rejected { Failure.report(reason) }
      print(json ? inspection.json : inspection.text)
    }
  }
}
