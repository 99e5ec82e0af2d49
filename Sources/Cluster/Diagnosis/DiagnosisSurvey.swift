import Glibc
import Platform
import Training

/// Asks the hosts of a hostfile over ssh what a run needs to know of them: all at once, then one after the
/// other how fast they send, because they share the link of this host.
///
/// That takes less than ten seconds for up to five hosts, and for each further one a second more at the most,
/// in practice as long as ssh takes to connect; names that a server of names does not answer for come on top.
package enum HostSurvey {
  /// What a host sends to be measured, and the milliseconds that all have for it: those that are left over by
  /// one are the next one's, up to a limit.
  private static let payload = 16 << 20
  private static let (measuring, measuringEach, longest): (Int64, Int64, Int64) = (5000, 1000, 2000)

  /// The verdicts on every host.
  /// - Parameter run: the run folder; nil for the default ones below `runs`.
  /// - Throws: ``ClusterError``.
  package static func checks(_ hostfile: String, run: String?) throws(ClusterError) -> [DiagnosisCheck] {
    let hosts = try Hostfile.read(hostfile).hosts
    let path = Files.real("/proc/self/exe") ?? "lockstep"
    let folder = Files.real(FolderFacts.existing(run)) ?? "."
    let reference = HostFacts.Reference(program: Handshake.programDigest(), path: path, folder: folder)
    let facts = gather(hosts, path: path, folder: folder)
    return facts.flatMap { $0.checks(reference) } + HostFacts.doubles(among: facts)
  }

  private static func gather(_ hosts: [Hostfile.Host], path: String, folder: String) -> [HostFacts] {
    let mark = "\(folder)/\(RunFolder.doctorsMark)\(getpid())"
    let names = hosts.map(\.name)
    // A file for each host, by its place: what it calls itself need not be what the hostfile calls it.
    let isMade = names.indices.map { makeFile("\(mark)-\($0)") }
    defer {
      for index in names.indices {
        unlink("\(mark)-\(index)")
        unlink("\(mark)-\(index)-renamed")
      }
    }
    HostProbe.resolve(names)
    let asked = Double(time(nil))
    let answers = HostProbe.run(on: hosts, seconds: HostProbe.seconds) {
      script(path: path, folder: folder, mark: "\(mark)-\($0)")
    }
    let reached = hosts.indices.filter { answers[$0].code == 0 && !HostProbe.isLocal(names[$0]) }
    let bandwidths = measured(reached, of: hosts)
    return hosts.indices.map { index in
      var facts = HostFacts(hosts[index])
      facts.isLocal = HostProbe.isLocal(facts.name)
      facts.resolves =
        facts.isLocal || HostProbe.resolves(facts.name) || answers[index].code == 0
      facts.sshCode = answers[index].code
      facts.sshMessage = answers[index].output
      guard facts.sshCode == 0 else { return facts }
      for line in answers[index].output.split(separator: "\n") {
        let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
        if parts.count == 2 { facts.answers[parts[0]] = parts[1] }
      }
      facts.sharesFolder = isMade[index] ? Files.exists("\(mark)-\(index)-renamed") : nil
      facts.clockOffset = facts.answers["time"].flatMap { Double($0) }.map {
        $0 - asked - Double(answers[index].milliseconds) / 1000
      }
      facts.bandwidth = bandwidths[index]
      return facts
    }
  }

  /// Megabits a second from the hosts at some places, one after the other.
  private static func measured(_ places: [Int], of hosts: [Hostfile.Host]) -> [Int: Double] {
    let end =
      MonotonicClock.milliseconds + max(measuring, Int64(places.count) * measuringEach)
    var bandwidths: [Int: Double] = [:]
    for (done, place) in places.enumerated() {
      let left = end - MonotonicClock.milliseconds
      let share = min(longest, left / Int64(places.count - done))
      bandwidths[place] = HostProbe.bandwidth(from: hosts[place], bytes: payload, milliseconds: share)
    }
    return bandwidths
  }

  /// Prints `key value` lines. `SSH_CONNECTION` names the address by which this host was reached. Of an
  /// `OMP_NUM_THREADS` from a shell's settings `nproc` would make the number of cores.
  private static func script(path: String, folder: String, mark: String) -> String {
    """
    cd /
    echo cores $(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
    echo time $(date +%s); echo orted $(command -v orted)
    echo machine $(cat /proc/sys/kernel/random/boot_id 2>/dev/null && uname -n)
    echo program $(sha256sum \(ShellWord.quoted(path)) 2>/dev/null | cut -d' ' -f1)
    free() { df -Pk "$1" 2>/dev/null | sed -n '2s/^[^ ]* *[0-9]* *[0-9]* *\\([0-9]*\\) .*/\\1/p'; }
    echo free $(free \(ShellWord.quoted(folder)))
    t=${TMPDIR:-${TEMP:-${TMP:-/tmp}}}
    echo temporary "$t"; echo temporary-free $(free "$t")
    f=$(LC_ALL=C mktemp "$t/\(RunFolder.doctorsMark)XXXXXX" 2>&1) && rm -f "$f" || echo temporary-refused "${f##*: }"
    m=\(ShellWord.quoted(mark))
    if [ -e "$m" ]; then echo refused $(LC_ALL=C mv "$m" "$m-renamed" 2>&1 | sed 's/.*: //'); fi
    set -- $SSH_CONNECTION
    if [ -n "$1" ]; then
      echo interface $(ip -o route get "$1" 2>/dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')
      echo latency $(ping -c 3 -i 0.2 -W 1 -q "$1" 2>/dev/null | sed -n 's|^rtt[^=]*= [^/]*/\\([^/]*\\)/.*|\\1|p')
    fi
    true
    """
  }

  private static func makeFile(_ path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return true
  }
}
