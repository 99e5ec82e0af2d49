import Glibc
import Platform
import Training

/// A process in a session of its own, so that Ctrl-C does not reach it, whose standard error is read here.
struct ChildProcess {
  /// Why a program was not started.
  struct NotStarted: Error, CustomStringConvertible {
    /// The error number of the call that failed.
    let code: Int32

    /// Whether the system has no room, but may have it when another process has ended.
    var isForNow: Bool { [EAGAIN, EMFILE, ENFILE, ENOMEM].contains(code) }

    var description: String { String(cString: strerror(code)) }
  }

  let pid: pid_t
  /// The reading end of its standard error, and of its standard output if asked for; does not block.
  let output: Int32

  /// Starts a program. Its standard input is empty, no signal is blocked or ignored.
  /// - Parameters:
  ///   - path: the program.
  ///   - words: its name and arguments.
  ///   - capturesOutput: whether standard output is read here too.
  init(_ path: String, _ words: [String], capturesOutput: Bool = false) throws(NotStarted) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw NotStarted(code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    if capturesOutput { posix_spawn_file_actions_adddup2(&actions, ends[1], 1) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    // POSIX_SPAWN_SETSID of glibc 2.26.
    let newSession: Int32 = 0x80
    posix_spawnattr_setflags(
      &attributes, Int16(Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | newSession))
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid = pid_t()
    // Where the parent process has them ignored, the kernel keeps no exit codes.
    signal(SIGCHLD, SIG_DFL)
    let code = posix_spawn(&pid, path, &actions, &attributes, &arguments, environ)
    Glibc.close(ends[1])
    guard code == 0 else {
      Glibc.close(ends[0])
      throw NotStarted(code: code)
    }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    self.pid = pid
    output = ends[0]
  }

  /// What has been written since; empty if nothing has.
  func read() -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = Glibc.read(output, &buffer, buffer.count)
    return Array(buffer.prefix(max(0, count)))
  }

  /// Waits up to `milliseconds` for something to be written.
  func wait(milliseconds: Int32) {
    var polled = pollfd(descriptor: output, events: POLLIN)
    poll(&polled, 1, milliseconds)
    // At its end the pipe is readable for ever.
    if Int32(polled.revents) & (POLLIN | POLLHUP) == POLLHUP { usleep(UInt32(milliseconds) * 1000) }
  }

  /// The exit code, or 128 and the signal's number; nil while it runs. To be called until it is there.
  func exitCode() -> Int32? {
    var status: Int32 = 0
    let ended = waitpid(pid, &status, WNOHANG)
    // Somebody else has taken how it ended.
    if ended < 0, errno == ECHILD { return ExitStatus.peerLost.rawValue }
    guard ended == pid else { return nil }
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal
  }

  /// Milliseconds that a process which was killed has to end. One that waits for a disk or a file server may
  /// need as long as that does, and stays behind.
  static let dying: Int64 = 1000

  /// Kills it, and waits for its end, but not for long.
  func end() {
    kill(pid, SIGKILL)
    let limit = MonotonicClock.milliseconds + Self.dying
    while exitCode() == nil, MonotonicClock.milliseconds < limit { usleep(1000) }
  }

  /// Frees what reading needs.
  func close() { Glibc.close(output) }
}
