/// What the ranks of a ``ThreadCommunicator`` share, under one lock.
struct ThreadWorld {
  private enum Activity {
    case running
    case waiting(for: String)
    case left
  }

  private struct Send {
    let source: Int
    let message: OutgoingMessage
  }

  private struct Receive {
    let destination: Int
    let message: IncomingMessage
  }

  private var activities: [Activity]
  /// Messages of each rank's exchange that nobody has matched yet.
  private var open: [Int]
  private var sends: [Send] = []
  private var receives: [Receive] = []
  private var entered: [(header: CollectiveHeader, bytes: [UInt8])?]
  private var gathered: [[[UInt8]]?]
  private var failure: CommunicationError?

  init(size: Int) {
    activities = Array(repeating: .running, count: size)
    open = Array(repeating: 0, count: size)
    entered = Array(repeating: nil, count: size)
    gathered = Array(repeating: nil, count: size)
  }

  // MARK: Exchanges

  mutating func post(
    sends newSends: [OutgoingMessage], receives newReceives: [IncomingMessage], rank: Int
  ) throws(CommunicationError) {
    try throwFailure()
    open[rank] = newSends.count + newReceives.count
    for message in newReceives {
      precondition(activities.indices ~= message.source, "rank \(message.source) does not exist")
      let match = sends.firstIndex {
        $0.source == message.source && $0.message.destination == rank && $0.message.tag == message.tag
      }
      if let match {
        try deliver(sends.remove(at: match), to: Receive(destination: rank, message: message))
      } else {
        receives.append(Receive(destination: rank, message: message))
      }
    }
    for message in newSends {
      precondition(activities.indices ~= message.destination, "rank \(message.destination) does not exist")
      let match = receives.firstIndex {
        $0.destination == message.destination && $0.message.source == rank && $0.message.tag == message.tag
      }
      if let match {
        try deliver(Send(source: rank, message: message), to: receives.remove(at: match))
      } else {
        sends.append(Send(source: rank, message: message))
      }
    }
  }

  private mutating func deliver(_ send: Send, to receive: Receive) throws(CommunicationError) {
    let bytes = send.message.bytes
    guard bytes.count == receive.message.buffer.count else {
      try fail(
        .messageSize(
          source: send.source, destination: receive.destination, tag: send.message.tag, sent: bytes.count,
          expected: receive.message.buffer.count))
    }
    receive.message.buffer.copyMemory(from: bytes)
    for rank in [send.source, receive.destination] {
      open[rank] -= 1
      if open[rank] == 0, case .waiting = activities[rank] { activities[rank] = .running }
    }
  }

  mutating func hasFinishedExchange(rank: Int) throws(CommunicationError) -> Bool {
    try throwFailure()
    if open[rank] == 0 { return true }
    let incoming = receives.filter { $0.destination == rank }
      .map { "message \($0.message.tag) from rank \($0.message.source)" }
    let outgoing = sends.filter { $0.source == rank }
      .map { "rank \($0.message.destination) to take message \($0.message.tag)" }
    try wait(rank: rank, for: (incoming + outgoing).joined(separator: " and "))
    return false
  }

  // MARK: Collectives

  mutating func enter(
    _ header: CollectiveHeader, carrying bytes: [UInt8], rank: Int
  ) throws(CommunicationError) {
    try throwFailure()
    entered[rank] = (header, bytes)
    let all = entered.compactMap { $0 }
    guard all.count == entered.count else { return }
    do {
      try CollectiveHeader.verify(all.map(\.header))
    } catch {
      try fail(error)
    }
    for rank in entered.indices {
      gathered[rank] = all.map(\.bytes)
      entered[rank] = nil
      if case .waiting = activities[rank] { activities[rank] = .running }
    }
  }

  mutating func takeGathered(rank: Int) throws(CommunicationError) -> [[UInt8]]? {
    try throwFailure()
    if let result = gathered[rank] {
      gathered[rank] = nil
      return result
    }
    let missing = entered.indices.filter { entered[$0] == nil }.map(String.init).joined(separator: ", ")
    try wait(rank: rank, for: "rank \(missing) to enter \(entered[rank]?.header.description ?? "")")
    return nil
  }

  // MARK: Waiting

  mutating func leave(rank: Int) {
    activities[rank] = .left
    noteStall()
  }

  private mutating func wait(rank: Int, for what: String) throws(CommunicationError) {
    activities[rank] = .waiting(for: what)
    noteStall()
    try throwFailure()
  }

  /// When nobody runs, nobody can end another's wait.
  private mutating func noteStall() {
    var waits: [String] = []
    for (rank, activity) in activities.enumerated() {
      switch activity {
      case .running: return
      case .waiting(let what): waits.append("rank \(rank) waits for \(what)")
      case .left: waits.append("rank \(rank) has left")
      }
    }
    if failure == nil { failure = .stalled(waits: waits.joined(separator: ", ")) }
  }

  private func throwFailure() throws(CommunicationError) {
    if let failure { throw failure }
  }

  /// One error ends the world: messages left behind must not be matched any more.
  private mutating func fail(_ error: CommunicationError) throws(CommunicationError) -> Never {
    failure = failure ?? error
    throw error
  }
}
