import ArgumentParser
import Glibc
import MessagePassing
import Platform
import Training

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure the samples of runs or checkpoints against the data.",
    discussion: """
      Draws samples from the averaged generator and compares them with the
      training samples in the space of quality.space (their principal components,
      unless the run has another): Fréchet and kernel distance (smaller is better),
      precision, recall, density and coverage by the fifth neighbour (larger is
      better), and how near samples come to their nearest training sample, of
      65,536 at most (around 1 for new ones, near 0 for copies). A classifier's
      space counts modes too.

      A model that completes samples is also compared with the originals: the mean
      absolute difference, of what was hidden, and the intersection over union of
      volumes. Held-out data measure what it has not seen; of its own data it is not
      said how near training samples are, which it was shown parts of.

        lockstep evaluate runs/dcgan
        lockstep evaluate runs/dcgan runs/hinge runs/wgan-gp
        lockstep evaluate runs/digits data=mnist quality.space=classifier
        lockstep evaluate runs/digits/checkpoints/best data=mnist --json
        lockstep evaluate runs/completion data=heldout.npy
        mpirun -n 2 lockstep evaluate runs/dcgan quality.samples=10000

      The values are the same on any number of ranks. The Fréchet distance falls
      as samples grow in number: compare those of equal quality.samples.
      """)

  @Argument(help: "A run folder or a checkpoint folder within one.", completion: .directory)
  var path: String

  @Argument(
    help: ArgumentHelp(
      "More of them, and key=value words over the runs' options, such as data=DIR.",
      valueName: "run or key=value"))
  var words: [String] = []

  @Flag(help: "Print one JSON object, of several runs one a line.")
  var json = false

  func run() throws {
    // No key has a slash.
    func isPath(_ word: String) -> Bool { !word.contains("=") || word.prefix { $0 != "=" }.contains("/") }
    let paths = [path] + words.filter(isPath)
    let overrides = words.filter { !isPath($0) }
    leave(
      Ranks.run { communicator, _ in
        try CheckpointEvaluation.together(over: communicator) { communicator, board in
          try evaluate(paths, overrides, over: communicator, telling: board)
        }
        return .done
      })
  }

  /// Evaluates the checkpoints at some paths, one after the other, and has rank 0 print them.
  private func evaluate(
    _ paths: [String], _ overrides: [String], over communicator: any Communicator,
    telling board: ProgressBoard?
  ) throws {
    try CheckpointEvaluation.requireCheckpoints(at: paths, overrides: overrides, over: communicator) {
      // Not as a failure: a launcher takes those for causes.
      Progress.note($0)
    }
    let evaluations = try paths.map { path in
      if communicator.rank == 0, isatty(STDERR_FILENO) == 1 {
        Progress.note("drawing and measuring samples of \(path)")
      }
      let evaluation = try CheckpointEvaluation(
        path, overrides: overrides, over: communicator, telling: board)
      if communicator.rank == 0 {
        for reason in evaluation.rejected { Failure.report(reason) }
        if json { print(evaluation.json) }
      }
      return evaluation
    }
    if communicator.rank == 0, !json {
      print(evaluations.count == 1 ? evaluations[0].text : CheckpointEvaluation.table(evaluations))
    }
  }
}
