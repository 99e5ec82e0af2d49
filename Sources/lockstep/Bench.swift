import ArgumentParser
import MessagePassing
import Platform
import Training

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure training speed on data in memory, or the kernels.",
    discussion: """
      NAME is a recipe, and training steps are timed; or gemm, the peak of one
      core; or conv, every convolution of the recipe dcgan on one core beside that
      peak. key=value words override the recipe's keys, steps= is the length of
      one timed run.

        lockstep bench dcgan size=64 channels=3 batch=64
        mpirun -n 2 lockstep bench dcgan --json batch=128 steps=20
        lockstep bench conv size=64 channels=3 batch=128

      allreduce is the sum of a gradient over all ranks alone, beside MPI's own.

        mpirun -n 2 lockstep bench allreduce megabytes=4

      checkpoint is what saving costs training: stretches of the recipe dcgan64 with
      a save in each and without one, by turns, and saves beside which nothing is
      trained; --runs counts the pairs. The files go to TMPDIR.

        mpirun -n 2 lockstep bench checkpoint --runs 8 checkpoint.every=100

      collapse, divergence, accident and health are runs of the recipe ring that
      are broken from the start, in the middle or not at all, one for each seed
      from seed= on: whether the watch finds that in time, and whether the policy
      puts it right.

        lockstep bench collapse --runs 10
        lockstep bench health --runs 5 seed=5 steps=2000

      GFLOP/s count the arithmetic of the definitions, so algorithms that save
      multiplications show as more.
      Let nothing else run meanwhile.
      """)

  @Argument(
    help:
      "A recipe, such as dcgan, whose data are not read; gemm, conv, allreduce or checkpoint; collapse, divergence, accident or health.",
    completion: .list(Recipes.names + Bench.others))
  var name: String

  /// What is timed beside recipes.
  private static let others =
    ["gemm", "conv", "allreduce", "checkpoint"] + RecoveryBenchmark.Case.allCases.map(\.rawValue)

  @Argument(help: "key=value words.")
  var words: [String] = []

  @Option(help: "Timed runs, 1 to 100; figures are their median.")
  var runs = 5

  @Option(help: "The most ranks that write a checkpoint; all if not given.")
  var writers: Int?

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    let names = Recipes.names + Self.others
    guard names.contains(name) || RecipeSource.isFile(name) else {
      let near = OptionSuggestions(words: names).nearest(to: name)
      let hint = near.isEmpty ? "give" : "did you mean \(Prose.alternatives(near))? Give"
      throw ValidationError(
        "bench times no \(TerminalText.escaped(name.shortened)); \(hint) \(Prose.alternatives(Self.others)), "
          + "a recipe (\(Recipes.names.joined(separator: ", "))), or the path of a YAML file.")
    }
    guard (1...100).contains(runs) else { throw ValidationError("--runs lies between 1 and 100.") }
    if let writers, writers < 1 { throw ValidationError("--writers is at least 1.") }
    guard writers == nil || timesCheckpoints else {
      throw ValidationError("--writers is for bench checkpoint; leave it out.")
    }
    guard !words.contains(where: { $0.hasPrefix("epochs=") }) else {
      throw ValidationError("bench \(name) takes no epochs=; steps= is the length of one timed run.")
    }
    // A second process would share the caches and the clock with the one that is timed.
    guard !(timesKernels || recovery != nil) || (LaunchEnvironment.current.size ?? 1) == 1 else {
      throw ValidationError("bench \(name) is for one process; run it without mpirun.")
    }
    guard name != "allreduce" || reduction != nil else {
      throw ValidationError(
        "bench allreduce takes megabytes=, 0.001 to 4096, and microBatches=, a power of two; "
          + "it was given \(words.joined(separator: " ")).")
    }
  }

  private var recovery: RecoveryBenchmark.Case? { RecoveryBenchmark.Case(rawValue: name) }

  private var reduction: ReductionBenchmark.Settings? {
    name == "allreduce" ? ReductionBenchmark.Settings(words: words) : nil
  }

  private var timesCheckpoints: Bool { name == "checkpoint" }

  private var timesKernels: Bool { name == "gemm" || name == "conv" }

  func run() throws {
    if timesKernels { return runKernels() }
    if let recovery {
      alone {
        let benchmark = try RecoveryBenchmark(recovery, runs: runs, words: words)
        print(json ? benchmark.json : benchmark.text)
      }
    }
    if let reduction {
      leave(
        Ranks.run { communicator, _ in
          let benchmark = try ReductionBenchmark(reduction, runs: self.runs, over: communicator)
          if communicator.rank == 0 { print(self.json ? benchmark.json : benchmark.text) }
          return .done
        })
    }
    leave(
      Ranks.run { communicator, threadCommunicator in
        let options = try communicator.options {
          let hasLength = self.words.contains { $0.hasPrefix("steps=") }
          var words = hasLength ? self.words : self.words + ["steps=10"]
          if timesCheckpoints, !words.contains(where: { $0.hasPrefix("checkpoint.every=") }) {
            words.append("checkpoint.every=100")
          }
          let recipe = timesCheckpoints ? "dcgan64" : name
          return try Options.resolve(recipe: recipe, overrides: words, readsData: false)
        }
        if timesCheckpoints {
          let benchmark = try CheckpointBenchmark(
            options, pairs: runs, maximumWriters: writers, over: communicator, training: threadCommunicator)
          if communicator.rank == 0 { print(json ? benchmark.json : benchmark.text) }
          return .done
        }
        let benchmark = try TrainingBenchmark(
          options, runs: runs, over: communicator, training: threadCommunicator)
        if communicator.rank == 0 { print(json ? benchmark.json : benchmark.text) }
        return .done
      })
  }

  private func runKernels() {
    alone {
      let options = try Options.resolve(recipe: "dcgan", overrides: words)
      let benchmark = KernelBenchmark(
        name == "conv" ? options.convolutions : [], samples: options.batch / options.microBatches, runs: runs)
      print(json ? benchmark.json : benchmark.text)
    }
  }
}
