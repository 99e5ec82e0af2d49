import ArgumentParser
import Cluster
import Glibc
import MessagePassing
import Platform
import TensorCore
import Training

/// The command line.
@main
struct Lockstep: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lockstep",
    abstract: "Train GANs data-parallel over MPI: the same bits on any number of ranks.",
    discussion: """
      Train alone, or under mpirun on up to as many ranks as there are micro-batches:

        lockstep train dcgan
        mpirun -n 2 lockstep train dcgan-mnist data=mnist --run runs/digits
        mpirun -n 3 lockstep train --run runs/digits --resume
        lockstep launch -n 4 --hostfile hosts --max-restarts 5 train dcgan

      Exit codes: 0 done, 1 something unforeseen, 64 usage, 65 bad data or
      checkpoint, 66 input missing, 69 peer lost or stalled, 73 cannot create or
      lock an output, 74 input or output failed, 75 stopped early (--run FOLDER
      --resume goes on, if it was saved), 76 ranks disagree, 78 wrong
      configuration, 79 training collapsed or diverged.
      """,
    version: Program.version,
    subcommands: [
      Train.self, Launch.self, Sample.self, Evaluate.self, ExportCommand.self, Inspect.self, RecipeList.self,
      DataCommand.self, Bench.self, Plan.self, Doctor.self, Daemon.self,
    ])

  static func main() {
    // A wish to stop that comes before the program is ready for it must not end it. Caught, not blocked:
    // libraries have threads by now, which would take a signal that is blocked here.
    switch CommandLine.arguments.dropFirst().first {
    case "train" where !CommandLine.arguments.contains("--dry-run"): StopSignals.catchAll()
    case "launch": LaunchSignals.catchAll()
    default: break
    }
    StandardStreams.prepare()
    OpenFiles.raiseLimit()
    MemoryExhaustion.setHandler { bytes in
      Failure.report(MemoryError.exhausted(bytes))
      _exit(ExitStatus.configuration.rawValue)
    }
    Subnormals.flush()
    guard CPUFeatures.current.supportsBaseline else {
      Failure.reportHere(
        "this processor has \(CPUFeatures.current); run on one with x86-64-v3, as since Haswell and Zen "
          + "(the CPU model of a virtual machine may hide it)")
      leave(.configuration)
    }
    if let problem = KernelSet.environmentProblem {
      Failure.reportHere(problem)
      leave(.configuration)
    }
    let words = Array(CommandLine.arguments.dropFirst())
    if let advice = UsageAdvice.beforeParsing(words) {
      if LaunchEnvironment.current.isFirst { Failure.report(advice) }
      leave(.usage)
    }
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      // Under mpirun every rank parses the same words: one of them speaks.
      let status = Self.exitCode(for: error).rawValue
      guard LaunchEnvironment.current.isFirst else { leave(status) }
      if status == ExitStatus.usage.rawValue,
        let advice = UsageAdvice.text(words)
      {
        Failure.report(advice)
        leave(status)
      }
      Self.exit(withError: error)
    }
  }
}
