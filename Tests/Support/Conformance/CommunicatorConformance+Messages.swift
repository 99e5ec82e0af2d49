package import MessagePassing

extension CommunicatorConformance {
  static func exchangeAll(_ communicator: any Communicator) throws {
    for count in [1, 100, 20_000] {
      let plan = (0..<communicator.size).map { other in
        (
          outgoing: pattern(count: count + other, seed: communicator.rank * 100 + other),
          expected: pattern(count: count + communicator.rank, seed: other * 100 + communicator.rank)
        )
      }
      let received = try send(
        plan.enumerated().map { ($0.offset, 3, $0.element.outgoing) },
        receive: plan.enumerated().map { ($0.offset, 3, $0.element.expected.count) }, over: communicator)
      for (other, bytes) in received.enumerated() {
        try require(bytes == plan[other].expected, "\(count) bytes from rank \(other) are wrong")
      }
    }
  }

  static func ordering(_ communicator: any Communicator) throws {
    let next = (communicator.rank + 1) % communicator.size
    let previous = (communicator.rank + communicator.size - 1) % communicator.size
    let received = try send(
      [(next, 1, [10]), (next, 2, [20]), (next, 1, [11]), (next, 2, [21])],
      receive: [(previous, 2, 1), (previous, 2, 1), (previous, 1, 1), (previous, 1, 1)], over: communicator)
    try require(received == [[20], [21], [10], [11]], "the messages came as \(received)")
  }

  static func emptyMessages(_ communicator: any Communicator) throws {
    let other = (communicator.rank + 1) % communicator.size
    let previous = (communicator.rank + communicator.size - 1) % communicator.size
    try communicator.exchange(sends: [], receives: [])
    let received = try send([(other, 5, [])], receive: [(previous, 5, 0)], over: communicator)
    try require(received == [[]], "an empty message is not empty")
  }

  static func largeMessage(_ communicator: any Communicator) throws {
    let count = 3_000_017
    let previous = (communicator.rank + communicator.size - 1) % communicator.size
    let received = try send(
      [((communicator.rank + 1) % communicator.size, 9, pattern(count: count, seed: communicator.rank))],
      receive: [(previous, 9, count)], over: communicator)
    try require(received == [pattern(count: count, seed: previous)], "the bytes are wrong")
  }

  /// Sizes of a message that is shorter, and of one that is longer than its receiver expects.
  package static let wrongSizes = [(sent: 64, expected: 100), (sent: 100, expected: 64)]

  /// A message whose receiver expects another size: an error on the receiver, never a hang. Nothing can
  /// follow.
  package static func mismatchedSize(
    _ communicator: any Communicator, sent: Int, expected: Int
  ) throws {
    let error = communicationError {
      if communicator.rank == 0 {
        _ = try send([(1, 4, [UInt8](repeating: 0, count: sent))], receive: [], over: communicator)
      } else if communicator.rank == 1 {
        _ = try send([], receive: [(0, 4, expected)], over: communicator)
      }
    }
    if communicator.rank == 1 {
      let reason = CommunicationError.messageSize(
        source: 0, destination: 1, tag: 4, sent: sent, expected: expected)
      try require(error == reason, "the receiver got \(String(describing: error))")
    }
  }

  /// Ranks that enter different collectives: the same error on all of them, never a hang.
  package static func mismatchedCollectives(_ communicator: any Communicator) throws {
    let odd = communicator.size - 1
    let error = communicationError {
      if communicator.rank == odd {
        try communicator.barrier()
      } else {
        _ = try communicator.allGather([1, 2, 3] as [UInt8])
      }
    }
    guard case .collectivesDiffer(let rank, let entered, let reference) = error else {
      throw ConformanceFailure(description: "rank \(communicator.rank) got \(String(describing: error))")
    }
    try require(
      rank == odd && entered.operation == .barrier && reference.operation == .allGather, "wrong: \(error!)")
  }

  private static func communicationError(_ body: () throws -> Void) -> CommunicationError? {
    do {
      try body()
      return nil
    } catch {
      return error as? CommunicationError
    }
  }

  /// Exchanges arrays; returns what was received, in the order of `receive`.
  private static func send(
    _ messages: [(to: Int, tag: Int, bytes: [UInt8])], receive: [(from: Int, tag: Int, count: Int)],
    over communicator: any Communicator
  ) throws -> [[UInt8]] {
    let outgoing = messages.map { message in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: message.bytes.count, alignment: 16)
      buffer.copyBytes(from: message.bytes)
      return OutgoingMessage(to: message.to, tag: message.tag, bytes: UnsafeRawBufferPointer(buffer))
    }
    let incoming = receive.map { message in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: message.count, alignment: 16)
      return IncomingMessage(from: message.from, tag: message.tag, buffer: buffer)
    }
    defer {
      for message in outgoing { message.bytes.deallocate() }
      for message in incoming { message.buffer.deallocate() }
    }
    try communicator.exchange(sends: outgoing, receives: incoming)
    return incoming.map { Array($0.buffer) }
  }
}
