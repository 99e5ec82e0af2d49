import Glibc
import MessagePassing
import Platform
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
    struct Asked {
      let process: ChildProcess?
      var output: [UInt8] = []
      /// When it was killed, in milliseconds from the start.
      var killed: Int?
      var answer: Answer?
    }
    let names = hosts.map(\.name)
    resolve(names)
    var asked = hosts.enumerated().map { index, host in
      Asked(
        process: isLocal(host.name)
          ? ChildProcess("/bin/sh", ["sh", "-c", command(index)], capturesOutput: true)
          : ask(command(index), on: host, seconds: seconds))
    }
    while asked.contains(where: { $0.answer == nil }) {
      let elapsed = Int(MonotonicClock.milliseconds - start)
      for (index, host) in names.enumerated() where asked[index].answer == nil {
        guard let process = asked[index].process else {
          asked[index].answer = Answer(
            host: host, code: 127, output: "ssh cannot be started", milliseconds: 0)
          continue
        }
        let code = process.exitCode()
        if code == nil, asked[index].killed == nil, elapsed > seconds * 1000 + 500 {
          kill(process.pid, SIGKILL)
          asked[index].killed = elapsed
        }
        while true {
          let bytes = process.read()
          if bytes.isEmpty { break }
          asked[index].output += bytes
        }
        let isGivenUp = asked[index].killed.map { elapsed - $0 > ChildProcess.dying } ?? false
        guard code != nil || isGivenUp else { continue }
        process.close()
        asked[index].answer = Answer(
          host: host, code: asked[index].killed == nil ? code : nil,
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

  /// - Parameter options: of ssh, which go before what else sets the same.
  private static func ask(
    _ command: String, on host: Hostfile.Host, seconds: Int, options: [String] = []
  ) -> ChildProcess? {
    let options = options + agentArguments + ["-o", "BatchMode=yes", "-o", "ConnectTimeout=\(seconds)"]
    return ChildProcess(
      Files.onPath(agent[0]) ?? agent[0], agent + options + host.sshWords + [command], capturesOutput: true)
  }

  /// Measures how fast a host sends.
  /// - Parameters:
  ///   - bytes: what it sends, if there is time.
  ///   - milliseconds: for all of it, connecting included.
  /// - Returns: megabits a second; nil where too little has come in that time.
  static func bandwidth(from host: Hostfile.Host, bytes: Int, milliseconds: Int64) -> Double? {
    let end = MonotonicClock.milliseconds + milliseconds
    // Nothing is left of zeros that are compressed.
    let asked = ask(
      "head -c \(bytes) /dev/zero", on: host, seconds: 1 + Int(milliseconds / 1000),
      options: ["-o", "Compression=no"])
    guard let process = asked else { return nil }
    defer { process.close() }
    var flow = Flow()
    var code: Int32?
    while code == nil, MonotonicClock.milliseconds < end {
      process.wait(milliseconds: 10)
      code = process.exitCode()
      while case let count = process.read().count, count > 0, MonotonicClock.milliseconds < end {
        flow.add(count, at: ContinuousClock.now)
      }
    }
    if code == nil { process.end() }
    return flow.bandwidth
  }

  /// Whether a name is this host's, as mpirun sees it: by its own name or by any of its addresses.
  package static func isLocal(_ host: String) -> Bool {
    let name = Hostfile.address(of: host)
    return isOwn(name) || addresses(of: name).contains { $0.isLoopback || IPAddress.ofThisHost.contains($0) }
  }

  private static func isOwn(_ name: String) -> Bool {
    let own = RunOwner.current.host
    let short = own.split(separator: ".").first.map(String.init) ?? own
    return ["localhost", own, short].contains(name)
  }

  /// Whether a name has an address.
  package static func resolves(_ host: String) -> Bool { !addresses(of: Hostfile.address(of: host)).isEmpty }

  /// Finds the addresses of names, for several at once: a server of names that does not answer takes ten
  /// seconds for each.
  static func resolve(_ hosts: [String]) {
    let names = Set(hosts.map(Hostfile.address)).filter { !isOwn($0) }
    let next = Mutex(Array(names))
    let threads = (0..<min(names.count, mostAtOnce)).compactMap { _ in
      SystemThread(ifGiven: .withoutSignals) {
        while let name = next.withLock({ $0.popLast() }) { _ = addresses(of: name) }
      }
    }
    for thread in threads { thread.join() }
  }

  private static let mostAtOnce = 64

  /// The addresses of a name, for which a server of names is asked once.
  private static func addresses(of name: String) -> [IPAddress] {
    if let found = known.withLock({ $0[name] }) { return found }
    let addresses = IPAddress.of(name)
    known.withLock { $0[name] = addresses }
    return addresses
  }

  private static let known = Mutex<[String: [IPAddress]]>([:])
}
