import Glibc
package import MessagePassing
import Platform

/// The connections over which the watchdogs of a job hear each other: a star around rank 0. It belongs to the
/// watchdog's thread.
///
/// Rank 0 hears where everyone is and tells everyone that it is there: 112 bytes each way four times a second
/// for every other rank. A rank on the host of rank 0 connects through the loopback, any other tries all of
/// rank 0's addresses at once and keeps the first that answers with the job's token. Where the connection
/// falls silent, it tries another once a second, beside the old one.
package final class WatchNetwork {
  /// What is known of another rank.
  package struct Peer {
    package var place = RankPlace()
    /// When it was last heard, in milliseconds of the monotonic clock; nil before the first word.
    package var lastHeard: Int64?
    package var loss: WatchLink.Loss?
    /// Milliseconds in which its machine had acknowledged nothing when that was lost.
    package var unanswered: Int64 = 0
    package var hasLeft = false
  }

  /// On rank 0 all other ranks, elsewhere rank 0.
  package private(set) var peers: [Int: Peer] = [:]
  /// Whether rank 0 has said what is wrong.
  package private(set) var hasVerdict = false

  private let rank: Int
  private let address: WatchAddress
  /// Whether this rank's host has the name of rank 0's.
  private let isOnHostOfFirst: Bool
  /// Whether rank 0 is looked for at the loopback alone. Two hosts may have one name: where nobody answers
  /// there, its other addresses are tried too.
  private var isNear: Bool
  /// Rank 0's listening socket.
  private let listener: Int32?
  /// Connections whose other end is not known yet.
  private var strangers: [WatchLink] = []
  private var links: [Int: WatchLink] = [:]
  /// Silent connections that another one stands in for, open until rank 0 uses that: closing them before
  /// would look as if this process had ended.
  private var replaced: [WatchLink] = []
  private var lastAttempt: Int64?
  private let begun = MonotonicClock.milliseconds
  /// Until when no connection is taken, because this process may open no more files.
  private var isFullUntil: Int64 = 0
  private var isFull: Bool { MonotonicClock.milliseconds < isFullUntil }
  private var lastMeasured = MonotonicClock.milliseconds

  /// What the ranks agree on before their watchdogs start.
  package struct Plan: Sendable {
    let rank: Int
    let hosts: [String]
    let address: WatchAddress
    let listener: Int32?

    /// A connection to rank 0 of a process that says nothing; nil if there is none.
    package func knock() -> Int32? { address.connect(to: IPAddress.loopback) }
  }

  package init(_ plan: Plan) {
    rank = plan.rank
    address = plan.address
    listener = plan.listener
    isOnHostOfFirst = plan.hosts[plan.rank] == plan.hosts[0]
    isNear = isOnHostOfFirst
    for other in plan.hosts.indices where other != rank && (rank == 0 || other == 0) { peers[other] = Peer() }
  }

  deinit { if let listener { close(listener) } }

  /// Has rank 0 listen and tell the others where: one broadcast of some 100 bytes. Nil where it cannot.
  package static func plan(over communicator: any Communicator, hosts: [String]) throws(CommunicationError)
    -> Plan?
  {
    let listening = communicator.rank == 0 ? WatchAddress.listen() : nil
    let bytes = Array((listening?.address.text ?? "").utf8)
    let text = String(decoding: try communicator.broadcast(bytes), as: UTF8.self)
    return WatchAddress(text: text).map {
      Plan(rank: communicator.rank, hosts: hosts, address: $0, listener: listening?.descriptor)
    }
  }

  /// Waits up to `milliseconds` for something to come, also at the descriptor `wake`, then takes it in.
  package func listen(milliseconds: Int32, wake: Int32) {
    connectIfNeeded()
    let (unknown, known) = (strangers, Array(links))
    var polled = (unknown + known.map(\.value)).map {
      pollfd(descriptor: $0.descriptor, events: POLLIN)
    }
    polled.append(pollfd(descriptor: wake, events: POLLIN))
    if let listener, !isFull { polled.append(pollfd(descriptor: listener, events: POLLIN)) }
    if poll(&polled, nfds_t(polled.count), milliseconds) > 0 { accept() }
    // Only where something has come: with all of them at every wake, rank 0's work would grow with the square
    // of the ranks. Another rank has few, and has to send what could not go before they were made.
    for (stranger, socket) in zip(unknown, polled) where listener == nil || socket.revents != 0 {
      meet(stranger)
    }
    strangers.removeAll { $0.rank != nil || $0.loss != nil }
    forgetSilentStrangers()
    if listener == nil && !isInDoubt { strangers = [] }
    // Some may have been replaced by a stranger.
    for ((other, link), socket) in zip(known, polled.dropFirst(unknown.count))
    where socket.revents != 0 && links[other] === link {
      hear(link, from: other)
    }
    measureSilence()
  }

  /// Every quarter of a second, the rhythm of what is told.
  private func measureSilence() {
    let now = MonotonicClock.milliseconds
    guard now - lastMeasured >= 250 else { return }
    lastMeasured = now
    for link in strangers { link.measureSilence() }
    for (other, link) in links {
      link.measureSilence()
      dropIfLost(link, of: other)
    }
  }

  /// Tells the other ends where this rank is.
  package func tell(_ kind: WatchRecord.Kind, _ place: RankPlace) {
    let record = WatchRecord(kind, token: address.token, rank: rank, place: place)
    for link in links.values { link.send(record) }
    // Who has only just come should know it too.
    if listener != nil && kind != .place { for link in strangers { link.send(record) } }
  }

  private func accept() {
    guard let listener, !isFull else { return }
    while true {
      let descriptor = Glibc.accept(listener, nil, nil)
      guard descriptor >= 0 else {
        // The connection stays, and poll would tell of it again at once.
        if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) {
          isFullUntil = MonotonicClock.milliseconds + 1000
        }
        return
      }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      strangers.append(WatchLink(descriptor: descriptor))
    }
  }

  /// Every 2 s until rank 0 has answered, and every second while it is silent.
  private func connectIfNeeded() {
    let now = MonotonicClock.milliseconds
    guard listener == nil, let first = peers[0], first.loss == nil, !first.hasLeft, isInDoubt else { return }
    if let lastAttempt, now - lastAttempt < (links.isEmpty ? 2000 : 1000) { return }
    lastAttempt = now
    if links.isEmpty && now - begun >= Self.loopbackPatience { isNear = false }
    let candidates =
      isNear ? [IPAddress.loopback] : address.addresses.filter { isOnHostOfFirst || $0 != IPAddress.loopback }
    let attempts = candidates.compactMap { candidate in
      address.connect(to: candidate).map { WatchLink(descriptor: $0) }
    }
    for attempt in attempts { attempt.send(WatchRecord(.hello, token: address.token, rank: rank)) }
    // Earlier attempts may yet come through, but not for ever.
    strangers = strangers.suffix(7 * candidates.count) + attempts
  }

  /// Milliseconds for which a rank looks for rank 0 at the loopback alone.
  private static let loopbackPatience: Int64 = 10_000

  /// Whether this rank has no connection to rank 0 that answers.
  private var isInDoubt: Bool { links[0].map { $0.silence > WatchLink.doubt } ?? true }

  /// Finds out who is at the other end. Rank 0 takes a connection for a rank's once a place comes over it,
  /// because a rank says hello over several and keeps one.
  private func meet(_ stranger: WatchLink) {
    // Sends what could not go before the connection was made.
    if listener == nil { stranger.flush() }
    for record in stranger.receive() {
      guard record.token == address.token, peers[record.rank] != nil else { continue }
      stranger.isGreeted = true
      switch record.kind {
      case .hello where listener != nil:
        stranger.send(WatchRecord(.welcome, token: address.token, rank: rank))
      case .welcome where listener == nil && isInDoubt:
        if let silent = links[0] { replaced.append(silent) }
        bind(stranger, to: 0)
        // At once, so that rank 0 knows whose connection this is.
        stranger.send(WatchRecord(.place, token: address.token, rank: rank))
      case .place, .goodbye, .verdict, .exhausted:
        if listener != nil { bind(stranger, to: record.rank) }
        take(record)
      default: break
      }
    }
  }

  /// Closes connections that anybody may make: those over which nothing of this job has come in a while, and
  /// the oldest where there are many. Over one that a rank has greeted it may yet go on.
  private func forgetSilentStrangers() {
    guard listener != nil else { return }
    let now = MonotonicClock.milliseconds
    strangers.removeAll { !$0.isGreeted && now - $0.begun > Self.strangerPatience }
    let silent = strangers.filter { !$0.isGreeted }
    guard silent.count > Self.mostStrangers else { return }
    let oldest = Set(silent.prefix(silent.count - Self.mostStrangers).map(\.descriptor))
    strangers.removeAll { oldest.contains($0.descriptor) }
  }

  /// Milliseconds within which a rank says who it is, and how many connections may owe that.
  static let strangerPatience: Int64 = 10_000
  package static let mostStrangers = 256
  /// Connections whose other end is not known yet.
  package var strangerCount: Int { strangers.count }

  private func bind(_ link: WatchLink, to other: Int) {
    link.rank = other
    links[other] = link
    peers[other]?.lastHeard = MonotonicClock.milliseconds
  }

  private func hear(_ link: WatchLink, from other: Int) {
    for record in link.receive() where record.token == address.token {
      take(record)
      replaced = []
    }
    dropIfLost(link, of: other)
  }

  private func dropIfLost(_ link: WatchLink, of other: Int) {
    guard let loss = link.loss else { return }
    links[other] = nil
    // Who has said that it ends has said why.
    guard var peer = peers[other], !peer.hasLeft, peer.loss == nil else { return }
    (peer.loss, peer.unanswered) = (loss, link.unanswered)
    peers[other] = peer
  }

  private func take(_ record: WatchRecord) {
    switch record.kind {
    case .place:
      peers[record.rank]?.place = record.place
      peers[record.rank]?.lastHeard = MonotonicClock.milliseconds
    case .goodbye: peers[record.rank]?.hasLeft = true
    case .verdict: hasVerdict = true
    case .exhausted:
      peers[record.rank]?.place = record.place
      peers[record.rank]?.loss = .exhausted
    case .hello, .welcome: break
    }
  }
}
