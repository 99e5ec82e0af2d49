import Glibc
import MessagePassing
import Platform
import Synchronization
import Training

/// Asks hosts something over ssh, many at once.
package enum HostProbe {
  /// What a host answered.
  package struct Answer: Sendable, Equatable {
    package let host: String
    /// The ssh that reaches it, as a person types it.
    package let ssh: String
    /// The exit code of ssh; nil if there was no answer in time.
    package let code: Int32?
    package let output: String
    /// Milliseconds from the first question to the end of this one.
    package let milliseconds: Int

    package init(host: Hostfile.Host, code: Int32?, output: String, milliseconds: Int) {
      (self.host, ssh, self.code, self.output) = (host.name, host.ssh, code, output)
      self.milliseconds = milliseconds
    }

    /// Why it is none, in ssh's words where there are any.
    package var refusal: String { HostProbe.refusal(code, output) }

    /// What to do where it is none.
    package var remedy: String { HostProbe.remedy(code, ssh) }
  }

  /// Within which a host has to answer.
  static let seconds = 4

  /// What is said of an answer that is none: the last line of what ssh has said.
  static func refusal(_ code: Int32?, _ output: String) -> String {
    guard let code else { return "no answer within \(seconds) s" }
    let last = output.split(whereSeparator: \.isNewline).last
    return last.map { TerminalText.escaped(String($0)) } ?? "ssh ended with \(code)"
  }

  /// What to do about an answer that is none.
  /// - Parameter ssh: reaches the host, as a person types it.
  static func remedy(_ code: Int32?, _ ssh: String) -> String {
    code == nil
      ? "check that it is on and in reach: \(ssh) true" : "make this work without a password: \(ssh) true"
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

  /// A host that has been asked.
  private struct Asked {
    let place: Int
    let process: ChildProcess
    /// When it was asked, in milliseconds of the monotonic clock.
    let start = MonotonicClock.milliseconds
    var output: [UInt8] = []
    /// When it was killed.
    var killed: Int64?

    /// Reads what has come.
    /// - Parameter patience: milliseconds after which it is killed.
    /// - Returns: the exit code, or nil in it for a host that is silent; nil while it is waited for.
    mutating func look(patience: Int64) -> Int32?? {
      let now = MonotonicClock.milliseconds
      let code = process.exitCode()
      if code == nil, killed == nil, now - start > patience {
        kill(process.pid, SIGKILL)
        killed = now
      }
      while case let bytes = process.read(), !bytes.isEmpty { output += bytes }
      guard let killed else { return code.map { .some($0) } }
      return code != nil || now - killed > ChildProcess.dying ? .some(nil) : nil
    }
  }

  /// Runs a shell command on every host, on many at once.
  /// - Parameters:
  ///   - seconds: after which a host counts as silent.
  ///   - command: for the host of a place in `hosts`.
  /// - Returns: an answer for each of `hosts`, in their order.
  package static func run(on hosts: [Hostfile.Host], seconds: Int, _ command: (Int) -> String) -> [Answer] {
    let start = MonotonicClock.milliseconds
    let patience = Int64(seconds) * 1000 + 500
    resolve(hosts.map(\.name))
    var answers = [Answer?](repeating: nil, count: hosts.count)
    func answer(_ place: Int, _ code: Int32?, _ output: String) {
      answers[place] = Answer(
        host: hosts[place], code: code, output: output,
        milliseconds: Int(MonotonicClock.milliseconds - start))
    }
    var asked: [Asked] = []
    var next = 0
    // When there was first no room for a single process.
    var refused: Int64?
    while next < hosts.count || !asked.isEmpty {
      while next < hosts.count, asked.count < mostAtOnce {
        do {
          let process = try begin(command(next), on: hosts[next], seconds: seconds)
          asked.append(Asked(place: next, process: process))
          refused = nil
        } catch {
          if error.isForNow {
            let now = MonotonicClock.milliseconds
            refused = asked.isEmpty ? refused ?? now : nil
            if refused.map({ now - $0 < patience }) ?? true { break }
          }
          answer(next, 127, "\(agent[0]) cannot be started: \(error)")
        }
        next += 1
      }
      for index in asked.indices.reversed() {
        guard let code = asked[index].look(patience: patience) else { continue }
        let ended = asked.remove(at: index)
        ended.process.close()
        answer(ended.place, code, String(decoding: ended.output, as: UTF8.self))
      }
      var polled = asked.map { pollfd(descriptor: $0.process.output, events: POLLIN) }
      poll(&polled, nfds_t(polled.count), 10)
      // A pipe at its end is readable for ever.
      usleep(300)
    }
    return answers.compactMap { $0 }
  }

  private static func begin(
    _ command: String, on host: Hostfile.Host, seconds: Int
  ) throws(ChildProcess.NotStarted) -> ChildProcess {
    isLocal(host.name)
      ? try ChildProcess("/bin/sh", ["sh", "-c", command], capturesOutput: true)
      : try ask(command, on: host, seconds: seconds)
  }

  /// - Parameter options: of ssh, which go before what else sets the same.
  private static func ask(
    _ command: String, on host: Hostfile.Host, seconds: Int, options: [String] = []
  ) throws(ChildProcess.NotStarted) -> ChildProcess {
    let options = options + agentArguments + ["-o", "BatchMode=yes", "-o", "ConnectTimeout=\(seconds)"]
    return try ChildProcess(
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
    let asked = try? ask(
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
