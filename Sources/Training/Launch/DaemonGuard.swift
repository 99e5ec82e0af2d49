#if canImport(Glibc)
  import Glibc
#endif

/// Starts the daemon by which `mpirun` starts ranks on another host, and ends it when the host of `mpirun` is lost.
///
/// A daemon that has something to say to a host that has lost power repeats it as long as TCP does, a quarter of an hour;
/// keepalive works only on a silent connection. Its ranks end it when they notice, but it may have none yet, or none any
/// more. So a second process watches what the kernel knows of the daemon's connections.
package enum DaemonGuard {
  /// The word that `lockstep` is started with in place of Open MPI's `orted`.
  package static let word = "orted"
  /// What marks the daemon, in its environment.
  private static let mark = "LOCKSTEP_DAEMON"

  /// Becomes the daemon, with a guard beside it, or the guard.
  /// - Parameter words: what `mpirun` asks of `orted`; none for the guard.
  /// - Returns: only if there is no `orted`.
  package static func run(_ words: [String]) {
    if words.isEmpty, let name = Files.environment(mark) { watch(name) }
    var clock = timespec()
    clock_gettime(CLOCK_MONOTONIC, &clock)
    setenv(mark, "\(getpid())-\(clock.tv_sec).\(clock.tv_nsec)", 1)
    startGuard()
    guard let daemon = Files.onPath("orted") else { return }
    for ignored in [SIGPIPE, SIGXFSZ] { signal(ignored, SIG_DFL) }
    var arguments = (["orted"] + words).map { strdup($0) } + [nil]
    execv(daemon, &arguments)
  }

  private static func startGuard() {
    guard let program = Files.real("/proc/self/exe"), let child = ChildProcess(program, [program, word])
    else {
      return
    }
    child.close()
  }

  // MARK: The guard

  /// A connection is lost if nothing of it has been heard of for so many repetitions, which are 0.2, 0.4, 0.8, 1.6 and 3.2 s
  /// apart (of a first message: 1, 2 and 4 s), and for another second. An interruption of 5 s is survived.
  private static let repetitions = (established: 5, opening: 3)

  private static func watch(_ name: String) -> Never {
    // Nobody reads what it would say; ssh waits until nobody can.
    for descriptor in 0...2 as ClosedRange<Int32> { close(descriptor) }
    var looks = 0
    var suspects: Set<pid_t> = []
    var daemons: [pid_t] = []
    while true {
      sleep(1)
      daemons.removeAll { !isDaemon($0, name) }
      if daemons.isEmpty {
        daemons = all(name)
        // It takes a moment to begin, and goes to the background then.
        looks = daemons.isEmpty ? looks + 1 : 0
        if looks == 10 { _exit(0) }
      }
      let lost = Set(daemons.filter(hasLostConnection))
      for daemon in lost.intersection(suspects) { kill(daemon, SIGKILL) }
      suspects = lost
    }
  }

  private static func all(_ name: String) -> [pid_t] {
    entries("/proc").compactMap { pid_t($0) }.filter { isDaemon($0, name) }
  }

  /// Ranks have the mark too, as all that a daemon starts.
  private static func isDaemon(_ process: pid_t, _ name: String) -> Bool {
    guard Files.head("/proc/\(process)/comm") == "orted\n",
      let variables = Files.head("/proc/\(process)/environ")
    else { return false }
    return variables.split(separator: "\0").contains { $0 == "\(mark)=\(name)" }
  }

  private static func hasLostConnection(_ process: pid_t) -> Bool {
    let sockets = Set(
      entries("/proc/\(process)/fd").compactMap { socket(at: "/proc/\(process)/fd/\($0)") })
    return ["tcp", "tcp6"].contains { table in
      guard let file = fopen("/proc/\(process)/net/\(table)", "r") else { return false }
      defer { fclose(file) }
      var line: UnsafeMutablePointer<CChar>?
      var capacity = 0
      defer { free(line) }
      while getline(&line, &capacity, file) > 0 {
        if let line, isLost(String(cString: line), of: sockets) { return true }
      }
      return false
    }
  }

  /// Whether a line of `/proc/net/tcp` is of one of `sockets`, which has repeated itself too often.
  package static func isLost(_ line: String, of sockets: Set<String>) -> Bool {
    // sl, local and remote address, state, queues, timer, repetitions, user, probes, inode.
    let words = line.split(separator: " ")
    guard words.count > 9, sockets.contains(String(words[9])), let count = Int(words[6], radix: 16) else {
      return false
    }
    switch words[3] {
    case "01", "04": return count >= repetitions.established
    case "02": return count >= repetitions.opening
    default: return false
    }
  }

  /// The number of a socket that a descriptor stands for.
  private static func socket(at path: String) -> String? {
    var target = [UInt8](repeating: 0, count: 64)
    let length = target.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
    let text = String(decoding: target.prefix(max(0, length)), as: UTF8.self)
    return text.hasPrefix("socket:[") ? String(text.dropFirst(8).dropLast()) : nil
  }

  private static func entries(_ folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafeBytes(of: entry.pointee.d_name) {
          String(cString: $0.bindMemory(to: CChar.self).baseAddress!)
        })
    }
    return names
  }
}
