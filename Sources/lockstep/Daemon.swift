import ArgumentParser
import Cluster
import Platform
import Training

/// What `lockstep launch` has mpirun start on other hosts in place of Open MPI's daemon.
struct Daemon: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: DaemonGuard.word,
    abstract: "Become Open MPI's orted, and end it when the host of mpirun is lost.",
    shouldDisplay: false)

  /// What mpirun asks of orted.
  @Argument(parsing: .captureForPassthrough)
  var words: [String] = []

  func run() {
    DaemonGuard.run(words)
    Failure.report("orted is not on PATH of this host; apt-get install openmpi-bin, or load the MPI module")
    leave(.peerLost)
  }
}
