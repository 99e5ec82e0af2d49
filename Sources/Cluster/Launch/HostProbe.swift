import Glibc
import MessagePassing
import Platform
import Reporting
import Synchronization
import Training

/// Asks hosts something over ssh, all at once.
package enum HostProbe {
  /// What a host answered.
  package struct Answer: Sendable, Equatable {
    package let host: String
    /// The exit code of ssh; nil if there was no answer in time.
    package let code: Int32?
    package let output: String
    /// Milliseconds until the end.
    package let milliseconds: Int
  }

  /// The ssh that mpirun would use: of several, such as `ssh : rsh`, the first.
  static var agent: [String] {
    let agents = Files.environment("OMPI_MCA_plm_rsh_agent")?.split(separator: ":").first
    let words = agents?.split(separator: " ").map(String.init) ?? []
    return words.isEmpty ? ["ssh"] : words
  }

  /// What the environment has mpirun give it.
  static var agentArguments: [String] {
    Files.environment("OMPI_MCA_plm_rsh_args")?.split(separator: " ").map(String.init) ?? []
  }

  /// Runs a shell command on every host.
  /// - Parameters:
  ///   - seconds: after which a host counts as silent.
  ///   - command: for the host of a place in `hosts`.
  package static func run(on hosts: [Hostfile.Host], seconds: Int, _ command: (Int) -> String) -> [Answer] {
    let start = MonotonicClock.milliseconds
    let path = Files.onPath(agent[0]) ?? agent[0]
    let options = agentArguments + ["-o", "BatchMode=yes", "-o", "ConnectTimeout=\(seconds)"]
    struct Asked {
      let process: ChildProcess?
      var output: [UInt8] = []
      var answer: Answer?
    }
    let names = hosts.map(\.name)
    var asked = hosts.enumerated().map { index, host in
      let isLocal = isLocal(host.name)
      let words =
        isLocal ? ["sh", "-c", command(index)] : agent + options + host.sshWords + [command(index)]
      return Asked(process: ChildProcess(isLocal ? "/bin/sh" : path, words, capturesOutput: true))
    }
    while asked.contains(where: { $0.answer == nil }) {
      let elapsed = Int(MonotonicClock.milliseconds - start)
      for (index, host) in names.enumerated() where asked[index].answer == nil {
        guard let process = asked[index].process else {
          asked[index].answer = Answer(
            host: host, code: 127, output: "ssh cannot be started", milliseconds: 0)
          continue
        }
        var code = process.exitCode()
        let isOverdue = code == nil && elapsed > seconds * 1000 + 500
        if isOverdue {
          kill(process.pid, SIGKILL)
          while code == nil { code = process.exitCode() }
        }
        while true {
          let bytes = process.read()
          if bytes.isEmpty { break }
          asked[index].output += bytes
        }
        guard code != nil else { continue }
        process.close()
        asked[index].answer = Answer(
          host: host, code: isOverdue ? nil : code,
          output: String(decoding: asked[index].output, as: UTF8.self),
          milliseconds: elapsed)
      }
      var polled = asked.filter { $0.answer == nil }.compactMap(\.process).map {
        pollfd(descriptor: $0.output, events: POLLIN)
      }
      poll(&polled, nfds_t(polled.count), 10)
      // A pipe at its end is readable for ever.
      usleep(300)
    }
    return asked.compactMap(\.answer)
  }

  /// Whether a name is this host's, as mpirun sees it: by its own name or by any of its addresses.
  package static func isLocal(_ host: String) -> Bool {
    let name = Hostfile.address(of: host)
    let own = RunOwner.current.host
    let short = own.split(separator: ".").first.map(String.init) ?? own
    if ["localhost", own, short].contains(name) { return true }
    return known.withLock { known in
      if let isLocal = known[name] { return isLocal }
      let isLocal = IPAddress.of(name).contains { $0.isLoopback || IPAddress.ofThisHost.contains($0) }
      known[name] = isLocal
      return isLocal
    }
  }

  /// A server of names is asked once.
  private static let known = Mutex<[String: Bool]>([:])

  /// Whether a name has an address.
  package static func resolves(_ host: String) -> Bool { !IPAddress.of(Hostfile.address(of: host)).isEmpty }
}
