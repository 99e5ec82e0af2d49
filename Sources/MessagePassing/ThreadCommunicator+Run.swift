import Platform

extension ThreadCommunicator {
  /// Runs `body` as `size` ranks, each on its thread, and returns what came of each, in rank order.
  ///
  /// A rank that throws has left: the others go on until they need it.
  /// - Parameter nodes: the ranks of each node, all of which share memory with each other; none share any if
  ///   it is empty.
  public static func results<T: Sendable>(
    size: Int, nodes: [[Int]] = [],
    _ body: @escaping @Sendable (sending ThreadCommunicator) throws -> T
  ) -> [Result<T, any Error>] {
    precondition(size > 0, "a world has at least one rank")
    let world = Monitor(ThreadWorld(size: size))
    let results = Monitor([Result<T, any Error>?](repeating: nil, count: size))
    precondition(
      nodes.isEmpty || nodes.joined().sorted() == Array(0..<size), "every rank runs on one node: \(nodes)")
    let segments = nodes.contains { $0.count > 1 } ? ThreadSegments(nodes: nodes) : nil
    let threads = (0..<size).map { rank in
      SystemThread {
        let result = Result {
          try body(ThreadCommunicator(rank: rank, size: size, world: world, segments: segments))
        }
        results.withLock { $0[rank] = result }
        world.withLock { $0.leave(rank: rank) }
      }
    }
    for thread in threads { thread.join() }
    return results.withLock { $0.map { $0! } }
  }

  /// Runs `body` as `size` ranks, each on its thread, and returns their values in rank order.
  ///
  /// - Parameter nodes: as in ``results(size:nodes:_:)``.
  /// - Throws: the first rank's error that is a cause: one that says that others left or hang only if there
  ///   is no other.
  public static func run<T: Sendable>(
    size: Int, nodes: [[Int]] = [],
    _ body: @escaping @Sendable (sending ThreadCommunicator) throws -> T
  ) throws -> [T] {
    let results = results(size: size, nodes: nodes, body)
    var consequence: (any Error)?
    for case .failure(let error) in results {
      guard case .stalled? = error as? CommunicationError else { throw error }
      consequence = consequence ?? error
    }
    if let consequence { throw consequence }
    return try results.map { try $0.get() }
  }
}
