import Platform
import Training

/// Ends what is left of a start whose ranks have not all come, and says where it hangs: mpirun waits for ever
/// for a daemon that does not call back, or for a rank that is stopped in `MPI_Init`, where no watchdog is
/// there yet.
///
/// It looks at all hosts of the hostfile, because mpirun waits for a daemon on each, also where no rank goes;
/// without one at this host alone, also where a batch system has given mpirun others.
package struct StartSweep {
  /// What was found on a host.
  private struct Found {
    let host: String
    /// Whether mpirun puts ranks on it.
    let takesRanks: Bool
    /// The states of its ranks by the letters of `ps`; nil if the host has not answered.
    var ranks: [Substring]?
    /// Whether a daemon was there that talks to somebody; this host needs none.
    var hasDaemon = false
  }

  private let found: [Found]

  /// Seconds that a host has to answer.
  private static let seconds = 4

  /// Ends on `hosts` what belongs to a start.
  /// - Parameters:
  ///   - start: what it is marked with.
  ///   - program: the path of this program.
  ///   - ranked: the names of those that take ranks.
  init(_ start: String, program: String, on hosts: [Hostfile.Host], ranked: [String]) {
    // All hosts are looked at first: ranks that lose others end by themselves.
    let answers = HostProbe.run(on: hosts, seconds: Self.seconds) { _ in
      Self.script(start, program: program, ends: false)
    }
    let alive = zip(hosts, answers).filter { $1.code == 0 }.map(\.0)
    _ = HostProbe.run(on: alive, seconds: Self.seconds) { _ in
      Self.script(start, program: program, ends: true)
    }
    self.init(answers.map { ($0.host, $0.code == 0 ? $0.output : nil) }, ranked: ranked)
  }

  /// - Parameters:
  ///   - answers: what the script has printed on each host; nil where there was no answer.
  ///   - ranked: the names of those that take ranks.
  package init(_ answers: [(host: String, output: String?)], ranked: [String]) {
    found = answers.map { host, output in
      var found = Found(host: host, takesRanks: ranked.contains(host))
      guard let lines = output?.split(separator: "\n").map({ $0.split(separator: " ") }) else { return found }
      found.ranks = lines.filter { $0.first == "rank" }.compactMap(\.last)
      found.hasDaemon =
        HostProbe.isLocal(host) || lines.contains { $0.first == "daemon" && $0.last != "0" }
      return found
    }
  }

  /// The hosts at fault, if others are not; none if nothing tells them apart.
  package var faulty: [String] { faults.count < found.count ? faults.map(\.host) : [] }

  /// For people: where the start hangs.
  package var text: String {
    let faults = faults
    if !faults.isEmpty { return Prose.list(faults.map { "\($0.what) \($0.host)" }) }
    return found.allSatisfy { $0.ranks?.isEmpty == true }
      ? "mpirun has started none" : "they run, and do not find each other"
  }

  private var faults: [(host: String, what: String)] {
    let signs: [(what: String, isSeen: (Found) -> Bool)] = [
      ("a rank is stopped on", { $0.ranks?.contains("T") == true }),
      ("there is no answer from", { $0.ranks == nil }),
      ("mpirun's daemon does not come up on", { !$0.hasDaemon }),
    ]
    for sign in signs {
      let hosts = found.filter(sign.isSeen)
      if !hosts.isEmpty { return hosts.map { ($0.host, sign.what) } }
    }
    let ranked = found.filter(\.takesRanks)
    let bare = ranked.filter { $0.ranks?.isEmpty == true }
    return bare.count < ranked.count ? bare.map { ($0.host, "no rank has begun on") } : []
  }

  /// Prints `rank STATE` or `daemon SOCKETS` for each process of the start, or ends them. Everything that
  /// mpirun has started has the mark in its environment; so has the ssh that brings this script, which does
  /// not match the brackets in it.
  private static func script(_ start: String, program: String, ends: Bool) -> String {
    let name = program.split(separator: "/").last.map(String.init) ?? program
    let mark = ShellWord.quoted("\(RunStatus.startVariable)=\(start)")
    return """
      for p in $(grep -lszxF \(mark) /proc/[0-9]*/environ); do
        p=${p%/environ}
        case "$(cat $p/comm 2>/dev/null)" in
          \(ShellWord.quoted(String(name.prefix(15)))) )
            grep -qszxF \(DaemonGuard.word) $p/cmdline || echo rank $(sed 's/.*) //' $p/stat | cut -c1) ;;
          orted) echo daemon $(ls -l $p/fd | grep -c socket) ;;
          ssh) grep -qsz '[d]aemon \(DaemonGuard.startWord)' $p/cmdline || continue ;;
          *) continue ;;
        esac
        \(ends ? "kill -9 ${p#/proc/}" : ":")
      done 2>/dev/null
      true
      """
  }
}
