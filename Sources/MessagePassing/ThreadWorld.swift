/// What the ranks of a ``ThreadCommunicator`` share, under one lock.
struct ThreadWorld {
  private enum Activity {
    case running
    case exchanging
    case entering
    case left
  }

  /// What a message is matched by.
  private struct Route: Hashable {
    let source: Int
    let destination: Int
    let tag: Int
  }

  /// What stands of one route: messages that nobody takes yet, or takers without a message, in the order in
  /// which they came.
  private struct Line {
    var sends: [OutgoingMessage] = []
    var receives: [IncomingMessage] = []

    var isEmpty: Bool { sends.isEmpty && receives.isEmpty }
  }

  private var activities: [Activity]
  /// Messages of each rank's exchange that nobody has matched yet.
  private var open: [Int]
  private var lines: [Route: Line] = [:]
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
      let route = Route(source: message.source, destination: rank, tag: message.tag)
      var line = lines.removeValue(forKey: route) ?? Line()
      if line.sends.isEmpty {
        line.receives.append(message)
      } else {
        try deliver(line.sends.removeFirst(), to: message, along: route)
      }
      if !line.isEmpty { lines[route] = line }
    }
    for message in newSends {
      precondition(activities.indices ~= message.destination, "rank \(message.destination) does not exist")
      let route = Route(source: rank, destination: message.destination, tag: message.tag)
      var line = lines.removeValue(forKey: route) ?? Line()
      if line.receives.isEmpty {
        line.sends.append(message)
      } else {
        try deliver(message, to: line.receives.removeFirst(), along: route)
      }
      if !line.isEmpty { lines[route] = line }
    }
  }

  private mutating func deliver(
    _ send: OutgoingMessage, to receive: IncomingMessage, along route: Route
  ) throws(CommunicationError) {
    guard send.bytes.count == receive.buffer.count else {
      try fail(
        .messageSize(
          source: route.source, destination: route.destination, tag: route.tag, sent: send.bytes.count,
          expected: receive.buffer.count))
    }
    receive.buffer.copyMemory(from: send.bytes)
    for rank in [route.source, route.destination] {
      open[rank] -= 1
      if open[rank] == 0, case .exchanging = activities[rank] { activities[rank] = .running }
    }
  }

  mutating func hasFinishedExchange(rank: Int) throws(CommunicationError) -> Bool {
    try throwFailure()
    if open[rank] == 0 { return true }
    try wait(rank: rank, .exchanging)
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
      if case .entering = activities[rank] { activities[rank] = .running }
    }
  }

  mutating func takeGathered(rank: Int) throws(CommunicationError) -> [[UInt8]]? {
    try throwFailure()
    if let result = gathered[rank] {
      gathered[rank] = nil
      return result
    }
    try wait(rank: rank, .entering)
    return nil
  }

  // MARK: Waiting

  mutating func leave(rank: Int) {
    activities[rank] = .left
    noteStall()
  }

  private mutating func wait(rank: Int, _ activity: Activity) throws(CommunicationError) {
    activities[rank] = activity
    noteStall()
    try throwFailure()
  }

  /// When nobody runs, nobody can end another's wait.
  private mutating func noteStall() {
    for case .running in activities { return }
    let waits = activities.enumerated().map { rank, activity in
      switch activity {
      case .running: ""
      case .exchanging: "rank \(rank) waits for \(openMessages(of: rank))"
      case .entering: "rank \(rank) waits for \(missing(for: rank))"
      case .left: "rank \(rank) has left"
      }
    }
    if failure == nil { failure = .stalled(waits: waits.joined(separator: ", ")) }
  }

  private func openMessages(of rank: Int) -> String {
    let routes = lines.keys.sorted {
      ($0.tag, $0.source, $0.destination) < ($1.tag, $1.source, $1.destination)
    }
    let incoming = routes.filter { $0.destination == rank && !lines[$0]!.receives.isEmpty }
      .map { "message \($0.tag) from rank \($0.source)" }
    let outgoing = routes.filter { $0.source == rank && !lines[$0]!.sends.isEmpty }
      .map { "rank \($0.destination) to take message \($0.tag)" }
    return (incoming + outgoing).joined(separator: " and ")
  }

  private func missing(for rank: Int) -> String {
    let ranks = entered.indices.filter { entered[$0] == nil }.map(String.init).joined(separator: ", ")
    return "rank \(ranks) to enter \(entered[rank]?.header.description ?? "")"
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
