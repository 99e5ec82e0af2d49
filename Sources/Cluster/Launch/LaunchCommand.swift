import Platform
import Training

/// The `mpirun` command that `lockstep launch` starts: what makes a run safe, written out.
package struct LaunchCommand: Sendable, Equatable {
  /// The number of ranks.
  package var ranks: Int
  /// The hostfile; nil for this host.
  package var hostfile: String?
  /// Start more ranks than there are slots.
  package var oversubscribes = false
  /// `mpirun` refuses to work for root unless it is told.
  package var isRoot = false
  /// What a rank is bound to: none, core, socket, numa.
  package var binding = "none"
  /// Whether slots are this host's cores as the system counts them, two of which may be threads of one.
  package var countsHardwareThreads = false
  /// What the environment has mpirun give to ssh, of which the command's own words would take the place.
  package var sshArguments: [String] = []
  /// Whether the environment says how daemons are started.
  package var hasLaunchAgent = false
  /// What the processes of this start are marked with, for ``StartSweep``; nil for none.
  package var start: String?
  /// Variables that every host gets: `NAME` with its value here, or `NAME=VALUE`.
  package var variables: [String] = []
  /// The program and its words.
  package var program: [String]

  package init(ranks: Int, program: [String]) {
    self.ranks = ranks
    self.program = program
  }

  /// The words of the command.
  ///
  /// - Keepalive: a host that loses power is noticed by `mpirun` after 8 to 10 s instead of 491 s. The
  ///   watchdog, which knows the rank, the step and the phase, comes first, after 7 s; both survive an
  ///   interruption of 5 s.
  /// - Binding: a rank uses all cores that `threads` asks for. Open MPI's own default is one core a rank.
  /// - ssh: a host that asks for a password or does not answer fails at once; one that vanishes before its
  ///   daemon has called back, after 8 s instead of never.
  /// - Daemon: that of another host is started with a ``DaemonGuard``, which ends it when this host is lost.
  /// - `odls_base_sigkill_timeout` stays at 1 s: with more, `mpirun` sleeps all of it, several times over,
  ///   when it ends a job of which a rank has died. A wish to stop travels as SIGUSR1 instead, which leaves
  ///   the ranks all the time.
  package var words: [String] {
    var words = ["mpirun", "-n", "\(ranks)"]
    if let hostfile { words += ["--hostfile", hostfile] }
    if oversubscribes { words.append("--oversubscribe") }
    if isRoot { words.append("--allow-run-as-root") }
    words += ["--bind-to", binding]
    if countsHardwareThreads { words.append("--use-hwthread-cpus") }
    let settings = [
      ("oob_tcp_keepalive_time", "2"), ("oob_tcp_keepalive_intvl", "1"), ("oob_tcp_keepalive_probes", "7"),
    ]
    for (name, value) in settings { words += ["--mca", name, value] }
    if hostfile != nil {
      words += [
        "--mca", "plm_rsh_args",
        (sshArguments + [
          "-o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=2 -o ServerAliveCountMax=4"
        ]).joined(separator: " "),
      ]
      // mpirun takes these words apart at spaces, and the shell of the other host reads them.
      if !hasLaunchAgent, let name = program.first, name.hasPrefix("/"), ShellWord.typed(name) == name {
        let mark = start.map { ShellWord.typed($0) == $0 ? " \(DaemonGuard.startWord)\($0)" : "" } ?? ""
        words += ["--mca", "orte_launch_agent", "\(name) \(DaemonGuard.word)\(mark)"]
      }
    }
    for variable in variables { words += ["-x", variable] }
    return words + program
  }

  /// The command as a person would type it.
  package var text: String { words.map(ShellWord.typed).joined(separator: " ") }
}
