import Glibc
import Platform

/// A TCP connection that carries ``WatchRecord``s and never blocks. It belongs to the watchdog's thread.
package final class WatchLink {
  /// Why a connection is no more.
  package enum Loss: Sendable, Equatable {
    /// The process at the other end has ended; its machine said so.
    case ended
    /// The machine at the other end acknowledges nothing.
    case unreachable
    /// The process at the other end has found no memory, and is about to end.
    case exhausted
  }

  /// Milliseconds without an acknowledgement after which a machine counts as lost.
  static let patience: Int64 = 7000
  /// Milliseconds without an acknowledgement after which another connection is tried. TCP waits twice as long
  /// before each repetition, on a busy link soon longer than any patience; a new connection gets through as
  /// soon as the link does.
  static let doubt: Int64 = 1500

  let descriptor: Int32
  /// The rank at the other end, once known.
  var rank: Int?
  /// Whether something of this job has come.
  var isGreeted = false
  /// When it was made, in milliseconds of the monotonic clock.
  let begun = MonotonicClock.milliseconds
  private(set) var loss: Loss? {
    didSet { if loss == .unreachable { unanswered = sinceAcknowledgement ?? silence } }
  }
  /// Milliseconds in which the other machine had acknowledged nothing when it was lost.
  private(set) var unanswered: Int64 = 0
  private var isDrained = false
  private var received: [UInt8] = []
  private var unsent: [UInt8] = []
  /// Milliseconds in which the other machine has acknowledged nothing of what is on its way to it. Time in
  /// which this process was stopped does not count.
  private(set) var silence: Int64 = 0
  private var sentBytes = 0
  private var acknowledgedBytes = 0
  private var lastMeasured = MonotonicClock.milliseconds
  /// When the other process was last heard, and last told a place.
  private var lastHeard = MonotonicClock.milliseconds
  private var lastPlace: Int64?

  package init(descriptor: Int32) {
    self.descriptor = descriptor
    Self.set(descriptor, Int32(IPPROTO_TCP), Self.userTimeout, 3 * Int32(Self.patience))
    Self.set(descriptor, Int32(IPPROTO_TCP), Self.noDelay, 1)
    // The kernels ask each other every second where nothing else travels: a machine that is lost behind a
    // process that was stopped before is noticed when the timeout has passed.
    Self.set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    Self.set(descriptor, Int32(IPPROTO_TCP), Self.keepIdle, 1)
    Self.set(descriptor, Int32(IPPROTO_TCP), Self.keepInterval, 1)
  }

  deinit { close(descriptor) }

  /// `TCP_USER_TIMEOUT`, `TCP_NODELAY`, `TCP_KEEPIDLE` and `TCP_KEEPINTVL` of Linux.
  private static let userTimeout: Int32 = 18
  private static let noDelay: Int32 = 1
  private static let keepIdle: Int32 = 4
  private static let keepInterval: Int32 = 5

  private static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
    var value = value
    setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Sends a record; what the kernel does not take now goes with the next one. A place that finds no room is
  /// dropped: the next is as good. So is one that is not due.
  package func send(_ record: WatchRecord) {
    if record.kind != .place || (unsent.isEmpty && isPlaceDue()) { unsent += record.bytes }
    flush()
  }

  /// Whether the other process is to be told a place now: the more rarely, the longer it says nothing. One
  /// that is stopped does not read, and once its window is full its machine acknowledges nothing, as if that
  /// were lost. Four times a second fill 64 KB in two and a half minutes; these are 27 KB in a week.
  private func isPlaceDue() -> Bool {
    let now = MonotonicClock.milliseconds
    if let lastPlace, now - lastPlace < (now - lastHeard) / 20 { return false }
    lastPlace = now
    return true
  }

  /// Milliseconds since the other machine last acknowledged anything, also what its kernel alone was asked;
  /// nil where this machine's kernel does not say.
  package var sinceAcknowledgement: Int64? {
    var (info, size) = (tcp_info(), socklen_t(MemoryLayout<tcp_info>.size))
    guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &size) == 0 else { return nil }
    return Int64(info.tcpi_last_ack_recv)
  }

  /// Sends what the kernel did not take before.
  func flush() {
    while !unsent.isEmpty, loss == nil {
      let count = unsent.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      if count < 0 {
        if errno == EAGAIN || errno == ENOTCONN { return }
        if errno != EINTR { fail(errno) }
      } else {
        unsent.removeFirst(count)
        sentBytes += count
      }
    }
  }

  /// Counts the time in which nothing was acknowledged, also where nothing has come: several times a second.
  func measureSilence() {
    let now = MonotonicClock.milliseconds
    defer { lastMeasured = now }
    var pending: Int32 = 0
    guard loss == nil, ioctl(descriptor, UInt(TIOCOUTQ), &pending) == 0 else { return }
    let acknowledged = sentBytes - Int(pending)
    let isHeard = pending == 0 || acknowledged > acknowledgedBytes
    acknowledgedBytes = acknowledged
    silence = isHeard ? 0 : silence + min(now - lastMeasured, 1000)
    if silence > Self.patience { loss = .unreachable }
  }

  /// The records that have come, also those that came before the connection broke.
  package func receive() -> [WatchRecord] {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { take(into: $0) }
    var records: [WatchRecord] = []
    while received.count >= WatchRecord.byteCount {
      guard let record = WatchRecord(bytes: received.prefix(WatchRecord.byteCount)) else {
        // A stranger.
        received = []
        loss = .ended
        break
      }
      records.append(record)
      received.removeFirst(WatchRecord.byteCount)
    }
    return records
  }

  /// Takes what has come from the kernel, through `buffer`.
  private func take(into buffer: UnsafeMutableRawBufferPointer) {
    while !isDrained {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
      if count > 0 {
        received += buffer[..<count]
        silence = 0
        lastHeard = MonotonicClock.milliseconds
        lastMeasured = lastHeard
        // No peer sends so much without a record in it.
        if received.count > 1 << 20 { break }
      } else if count < 0 && (errno == EAGAIN || errno == ENOTCONN) {
        break
      } else if count == 0 || errno != EINTR {
        isDrained = true
        if loss == nil { fail(count == 0 ? ECONNRESET : errno) }
      }
    }
  }

  private func fail(_ code: Int32) {
    switch code {
    case ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ENETDOWN, EHOSTDOWN: loss = .unreachable
    default: loss = .ended
    }
  }
}
