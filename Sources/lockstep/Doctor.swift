import ArgumentParser
import Cluster
import Glibc
import MessagePassing
import Platform
import Training

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check the machine, MPI and the run folder, alone or over all ranks.",
    discussion: """
      Every check is OK, WARN (training works, but more slowly or with a risk) or
      FAIL, with what to do about it. The machine, MPI, the folder for temporary
      files and the run folder are looked at; under mpirun the ranks are compared
      too: one program, one MPI, one instruction set, a core for every thread.

        lockstep doctor
        lockstep doctor --hostfile hosts --run /shared/runs/digits
        mpirun -n 4 --hostfile hosts lockstep doctor --run /shared/runs/digits

      With --hostfile every host is asked too: name, ssh, program, MPI, cores,
      temporary folder, network, clock and a shared run folder. That takes less
      than 10 s for up to five hosts, and at most a second more for each further
      one, since the speed of the network is measured with one after the other.

      Exit codes: 0 if nothing fails, else that of the first failure: 69 a host
      does not answer, 73 the run folder cannot be written, 76 ranks disagree, 78
      wrong configuration.
      """)

  @Option(
    name: .customLong("run"),
    help: "The run folder to probe, or one that is still to be made; by default ./runs.",
    completion: .directory)
  var folder: String?

  @Option(
    help: "Also ask every host of this file, over ssh, what a run over them needs.", completion: .file())
  var hostfile: String?

  @Flag(help: "Print one JSON object: checks, each with name, status, detail and advice, and exit_code.")
  var json = false

  func run() throws {
    // Before the ranks are joined: a process that uses MPI should not start others.
    let isFirst = LaunchEnvironment.current.isFirst
    let launch = isFirst ? LaunchFacts.gather() : LaunchFacts()
    // Tasks that cannot find each other cannot be compared: the first says so, among its own checks.
    let isParted = LaunchEnvironment.current.launcher == .slurmWithoutPMI
    if isParted, !isFirst { leave(.configuration) }
    if hostfile != nil || isParted {
      alone {
        let base = Diagnosis(machine: .gather(), launch: launch, folder: .probe(folder), world: nil)
        let hosts = try hostfile.map { try HostSurvey.checks($0, run: folder) } ?? []
        let diagnosis = Diagnosis(base.checks + hosts)
        print(json ? diagnosis.json : diagnosis.text(hasColours: Self.hasColours))
        leave(diagnosis.exitStatus)
      }
    }
    leave(
      Ranks.run { communicator, _ in
        let isAlone = communicator.size == 1 && LaunchEnvironment.current.launcher == .none
        let world = isAlone ? nil : try WorldFacts.gather(over: communicator)
        let answer = try communicator.fromCoordinator {
          let diagnosis = Diagnosis(
            machine: .gather(), launch: launch, folder: .probe(folder), world: world)
          print(json ? diagnosis.json : diagnosis.text(hasColours: Self.hasColours))
          return [UInt8(truncatingIfNeeded: diagnosis.exitStatus.rawValue)]
        }
        return ExitStatus(rawValue: Int32(answer[0])) ?? .unexpected
      })
  }

  /// Whether colours are understood and wanted on standard output.
  private static var hasColours: Bool {
    Terminal.columns(of: STDOUT_FILENO) != nil && Terminal.wantsColours()
  }
}
