import ArgumentParser
import Cluster
import MessagePassing
import Platform
import Training

struct Launch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Start ranks with mpirun, safely, and go on when some are lost.",
    discussion: """
      Wraps mpirun: hosts that vanish are noticed within 10 s, ranks may use all
      the cores that threads= asks for, ssh never asks for a password, what
      OPENBLAS_* and LOCKSTEP_* say here holds on every host. Ctrl-C, SIGTERM and
      SIGUSR1 finish the step, save and exit with 75; a further one stops at once,
      if it comes a second or more after the first.

        lockstep launch -n 2 train dcgan --run runs/a
        lockstep launch -n 8 --hostfile hosts --max-restarts 5 train dcgan
        lockstep launch -n 8 --hostfile hosts --dry-run train dcgan

      A hostfile names a host a line and how many ranks it takes: node1 slots=2.
      Every host needs the program at the same path and ssh without a password;
      `lockstep doctor --hostfile hosts` tells what is missing.

      With --max-restarts a run that lost a rank or a host goes on from its newest
      whole checkpoint, with fewer ranks if hosts are gone. The weights are those
      of a run that nothing disturbed. Where hosts do not share the run folder, it
      ends when the host of rank 0 is lost. status.json in the run folder holds
      the cause of the last end.

      Exit codes are those of train, whatever mpirun makes of them; 69 if a rank
      or host is lost and no restart is left, 78 for a wrong hostfile.
      """)

  @Option(name: .customShort("n"), help: "Ranks, at most as many as micro-batches.")
  var ranks: Int

  @Option(help: "The hosts and their slots; without it, the cores of this host.", completion: .file())
  var hostfile: String?

  @Option(help: "Go on so many times after a rank or host is lost.")
  var maxRestarts = 0

  @Flag(help: "Start more ranks than there are slots.")
  var oversubscribe = false

  @Option(help: "Bind each rank: none, core, socket or numa.")
  var bindTo = "none"

  @Flag(help: "Print the mpirun command and start nothing.")
  var dryRun = false

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("train and its words; also evaluate, bench, doctor.", valueName: "train …"))
  var words: [String] = []

  func validate() throws {
    guard ranks > 0 else { throw ValidationError("-n is at least 1.") }
    guard (0...1_000_000).contains(maxRestarts) else {
      throw ValidationError("--max-restarts lies between 0 and 1000000.")
    }
    guard ["none", "core", "socket", "numa"].contains(bindTo) else {
      throw ValidationError("--bind-to is none, core, socket or numa.")
    }
    let commands = ["train", "evaluate", "bench", "doctor"]
    guard let command = words.first else {
      throw ValidationError("Say what to start, for example: lockstep launch -n 2 train dcgan")
    }
    guard commands.contains(command) else {
      throw ValidationError(
        "launch starts \(Prose.alternatives(commands)), not \(TerminalText.escaped(command.shortened)).")
    }
    guard (LaunchEnvironment.current.size ?? 1) == 1 else {
      throw ValidationError("launch starts mpirun itself; leave mpirun out.")
    }
  }

  func run() throws {
    var request = Launcher.Request(ranks: ranks, words: TrainWords(words))
    request.hostfile = hostfile
    request.maxRestarts = maxRestarts
    request.oversubscribes = oversubscribe
    request.binding = bindTo
    request.isDryRun = dryRun
    do {
      let launcher = try Launcher(request) { Failure.report($0) }
      if dryRun {
        print(launcher.text)
        leave(.done)
      }
      leave(try launcher.run())
    } catch {
      Failure.report(error)
      leave(ExitStatus(of: error))
    }
  }
}
