import Glibc
import MessagePassing
import Platform
import Reporting
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

  /// The ssh that mpirun would use, with its options.
  static var agent: [String] {
    let words = Files.environment("OMPI_MCA_plm_rsh_agent")?.split(separator: " ").map(String.init) ?? []
    return words.isEmpty ? ["ssh"] : words
  }

  /// Runs a shell command on every host.
  /// - Parameters:
  ///   - seconds: after which a host counts as silent.
  ///   - command: for the host of a place in `hosts`.
  package static func run(on hosts: [String], seconds: Int, _ command: (Int) -> String) -> [Answer] {
    let start = MonotonicClock.milliseconds
    let path = Files.onPath(agent[0]) ?? agent[0]
    let options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=\(seconds)"]
    struct Asked {
      let process: ChildProcess?
      var output: [UInt8] = []
      var answer: Answer?
    }
    var asked = hosts.enumerated().map { index, host in
      let words = isLocal(host) ? ["sh", "-c", command(index)] : agent + options + [host, command(index)]
      return Asked(process: ChildProcess(isLocal(host) ? "/bin/sh" : path, words, capturesOutput: true))
    }
    while asked.contains(where: { $0.answer == nil }) {
      let elapsed = Int(MonotonicClock.milliseconds - start)
      for (index, host) in hosts.enumerated() where asked[index].answer == nil {
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

  /// Whether a name is this host's, as mpirun sees it.
  package static func isLocal(_ host: String) -> Bool {
    let own = RunOwner.current.host
    let short = own.split(separator: ".").first.map(String.init) ?? own
    return ["localhost", "127.0.0.1", "::1", own, short].contains(host)
  }

  /// Whether a name has an address.
  package static func resolves(_ host: String) -> Bool {
    let name = Hostfile.address(of: host)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(name, nil, nil, &list) == 0 else { return false }
    freeaddrinfo(list)
    return true
  }
}
