import ArgumentParser
import MessagePassing
import Training

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure training speed on data in memory.",
    discussion: """
      NAME is a recipe; key=value words override its keys, steps= is the length of one timed run.

        lockstep bench dcgan size=64 channels=3 batch=64
        mpirun -n 2 lockstep bench dcgan --json batch=128 steps=20

      GFLOP/s count the least arithmetic that the model needs, so algorithms that save multiplications show as more.
      Let nothing else run meanwhile.
      """)

  @Argument(help: "A recipe that needs no data, such as dcgan.")
  var name: String

  @Argument(help: "key=value words.")
  var words: [String] = []

  @Option(help: "Timed runs, 1 to 100; figures are their median.")
  var runs = 5

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard (1...100).contains(runs) else { throw ValidationError("--runs lies between 1 and 100.") }
  }

  func run() throws {
    leave(
      Ranks.run { communicator, threadCommunicator in
        let yaml = try communicator.fromCoordinator {
          let words = self.words.contains { $0.hasPrefix("steps=") } ? self.words : self.words + ["steps=10"]
          return Array(try Options.resolve(recipe: name, overrides: words).canonicalYAML.utf8)
        }
        let options = try Options.resolve(yaml: yaml, name: name, label: "options")
        let benchmark = try TrainingBenchmark(
          options, runs: runs, over: communicator, training: threadCommunicator)
        if communicator.rank == 0 { print(json ? benchmark.json : benchmark.text) }
        return .done
      })
  }
}
