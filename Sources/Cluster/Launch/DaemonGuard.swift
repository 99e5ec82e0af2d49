import Glibc
import MessagePassing
import Platform
import Training

/// Starts the daemon by which `mpirun` starts ranks on another host, and ends it when the host of `mpirun` is
/// lost.
///
/// A daemon that has something to say to a host that has lost power repeats it as long as TCP does, a quarter
/// of an hour; keepalive works only on a silent connection. Its ranks end it when they notice, but it may
/// have none yet, or none any more. So a second process watches what the kernel knows of the daemon's
/// connection to `mpirun`.
package enum DaemonGuard {
  /// The word that `lockstep` is started with in place of Open MPI's `orted`. Not that name: `mpirun` would
  /// put the folder of its own programs before it.
  package static let word = "daemon"
  /// What the word begins with that says of which start the daemon is.
  static let startWord = "start="
  /// The first word of the guard's.
  private static let guardWord = "guard"
  /// What marks the daemon, in its environment.
  private static let mark = "LOCKSTEP_DAEMON"

  /// Becomes the daemon, with a guard beside it, or the guard.
  /// - Parameter words: what `mpirun` asks of `orted`.
  /// - Returns: only if there is no `orted`.
  package static func run(_ words: [String]) {
    if words.first == guardWord, words.count > 1 {
      watch(words[1], Peer(ports: Set(words.dropFirst(2).compactMap { Int($0) }), address: launcher))
    }
    var words = words
    if let first = words.first, first.hasPrefix(startWord) {
      setenv(RunStatus.startVariable, String(first.dropFirst(startWord.count)), 1)
      words.removeFirst()
    }
    let name = "\(getpid())-\(MonotonicClock.milliseconds)"
    setenv(mark, name, 1)
    if let program = Files.real("/proc/self/exe") {
      let ports = ports(ofContacts: words).sorted().map(String.init)
      (try? ChildProcess(program, [program, word, guardWord, name] + ports))?.close()
    }
    guard let daemon = Files.onPath("orted") else { return }
    for ignored in [SIGPIPE, SIGXFSZ] { signal(ignored, SIG_DFL) }
    var arguments = (["orted"] + words).map { strdup($0) } + [nil]
    execv(daemon, &arguments)
  }

  /// The ports that `mpirun` listens on: of words such as `4711.0;tcp://10.1.1.1,10.2.1.1:40123`.
  package static func ports(ofContacts words: [String]) -> Set<Int> {
    Set(
      words.filter { $0.contains("tcp://") || $0.contains("tcp6://") }.flatMap { word in
        word.split { $0 == ";" || $0 == "\"" }.compactMap { part in
          part.contains("://") ? part.split(separator: ":").last.flatMap { Int($0) } : nil
        }
      })
  }

  // MARK: The guard

  /// Where the daemon talks to `mpirun`.
  package struct Peer: Sendable {
    /// None if they are not known: then any connection counts.
    let ports: Set<Int>
    /// The address from which ssh came, as `/proc/net/tcp` writes it.
    let address: String?

    package init(ports: Set<Int>, address: String?) { (self.ports, self.address) = (ports, address) }
  }

  /// A connection is lost if nothing of it has been heard of for so many repetitions, which are 0.2, 0.4,
  /// 0.8, 1.6 and 3.2 s apart (of a first message: 1, 2 and 4 s), and for another second. An interruption of
  /// 5 s is survived.
  private static let repetitions = (established: 5, opening: 3)

  /// How long the guard looks for a daemon, once a second.
  package struct Patience {
    private var looks = 0
    private var mostInVain = 10

    package init() {}

    /// Whether there is none any more. It takes a moment to begin; one that has begun may go to the
    /// background, by another process, which a look that is under way may miss.
    package mutating func isOver(seeing daemons: Int) -> Bool {
      looks = daemons == 0 ? looks + 1 : 0
      if daemons > 0 { mostInVain = 2 }
      return looks == mostInVain
    }
  }

  private static func watch(_ name: String, _ peer: Peer) -> Never {
    // ssh waits until nobody can write to what it reads.
    for descriptor in 0...2 as ClosedRange<Int32> { close(descriptor) }
    var patience = Patience()
    var suspects: Set<pid_t> = []
    var daemons: [pid_t] = []
    while true {
      sleep(1)
      daemons.removeAll { !isDaemon($0, name) }
      if daemons.isEmpty {
        daemons = entries("/proc").compactMap { pid_t($0) }.filter { isDaemon($0, name) }
        if patience.isOver(seeing: daemons.count) { _exit(0) }
      }
      let lost = Set(daemons.filter { hasLostConnection($0, to: peer) })
      for daemon in lost.intersection(suspects) { kill(daemon, SIGKILL) }
      suspects = lost
    }
  }

  /// Ranks have the mark too, as all that a daemon starts.
  private static func isDaemon(_ process: pid_t, _ name: String) -> Bool {
    LaunchEnvironment.isDaemon(process)
      && hasPiece(of: "/proc/\(process)/environ", endingWith: 0) { $0 == "\(mark)=\(name)\0" }
  }

  private static func hasLostConnection(_ process: pid_t, to peer: Peer) -> Bool {
    let sockets = Set(
      entries("/proc/\(process)/fd").compactMap { socket(at: "/proc/\(process)/fd/\($0)") })
    return ["tcp", "tcp6"].contains { table in
      hasPiece(of: "/proc/\(process)/net/\(table)", endingWith: 10) {
        isLost($0, of: sockets, to: peer)
      }
    }
  }

  /// Whether a line of `/proc/net/tcp` is of one of `sockets`, which has repeated itself too often to `peer`.
  package static func isLost(_ line: String, of sockets: Set<String>, to peer: Peer) -> Bool {
    // sl, local and remote address, state, queues, timer, repetitions, user, probes, inode.
    let words = line.split(separator: " ")
    guard words.count > 9, sockets.contains(String(words[9])), let count = Int(words[6], radix: 16) else {
      return false
    }
    let remote = words[2].split(separator: ":")
    guard let port = remote.last.flatMap({ Int($0, radix: 16) }),
      peer.ports.isEmpty || peer.ports.contains(port)
    else { return false }
    switch words[3] {
    case "01", "04": return count >= repetitions.established
    // Some of the addresses of a host may lead nowhere; that from which ssh came does lead there.
    case "02": return count >= repetitions.opening && remote[0] == peer.address ?? ""
    default: return false
    }
  }

  /// The address from which ssh came here, if it is one of four bytes.
  private static var launcher: String? {
    Files.environment("SSH_CONNECTION").flatMap { $0.split(separator: " ").first }
      .flatMap { tableAddress(of: String($0)) }
  }

  /// An address such as `10.1.1.2` as `/proc/net/tcp` writes it, `0201010A`; nil for any that is not of four
  /// bytes.
  package static func tableAddress(of text: String) -> String? {
    var address = in_addr()
    guard inet_pton(AF_INET, text, &address) == 1 else { return nil }
    // The table has the number, not the bytes in their order.
    return IPAddress(withUnsafeBytes(of: address.s_addr.bigEndian) { Array($0) }).text.uppercased()
  }

  /// The number of a socket that a descriptor stands for.
  private static func socket(at path: String) -> String? {
    var target = [UInt8](repeating: 0, count: 64)
    let length = target.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
    let text = String(decoding: target.prefix(max(0, length)), as: UTF8.self)
    return text.hasPrefix("socket:[") ? String(text.dropFirst(8).dropLast()) : nil
  }

  /// Whether one of a file's pieces, each with the byte that ends it, is what is looked for.
  private static func hasPiece(
    of path: String, endingWith end: Int32, _ isWanted: (String) -> Bool
  ) -> Bool {
    guard let file = fopen(path, "r") else { return false }
    defer { fclose(file) }
    var piece: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(piece) }
    while case let length = getdelim(&piece, &capacity, end, file), length > 0, let piece {
      let bytes = UnsafeRawBufferPointer(start: piece, count: length)
      if isWanted(String(decoding: bytes, as: UTF8.self)) { return true }
    }
    return false
  }

  private static func entries(_ folder: String) -> [String] {
    DirectoryEntry.entries(of: folder)?.map(\.text) ?? []
  }
}
