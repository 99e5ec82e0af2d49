public import MessagePassing

/// The one thread of a rank that communicates. It owns the communicator from start-up on and does what is submitted in
/// the order of submission, so that all ranks that submit alike communicate alike.
///
/// It sleeps while there is nothing to do. After the first error everything submitted fails with that error, because
/// the ranks no longer know what the others are doing.
public final class CommunicationThread: Sendable {
  private struct Queue {
    var jobs: [@Sendable (any Communicator, (any Error)?) -> (any Error)?] = []
    var isClosed = false
  }

  private final class Handover: @unchecked Sendable {
    let communicator: any Communicator
    init(_ communicator: sending any Communicator) { self.communicator = communicator }
  }

  /// This process's number.
  public let rank: Int
  /// The number of ranks.
  public let size: Int
  private let queue: Monitor<Queue>
  private let thread: SystemThread

  /// Starts the thread, which takes the communicator over.
  public init(_ communicator: sending any Communicator) {
    rank = communicator.rank
    size = communicator.size
    let queue = Monitor(Queue())
    self.queue = queue
    let handover = Handover(communicator)
    thread = SystemThread {
      var failure: (any Error)?
      while let job = Self.next(queue) {
        failure = job(handover.communicator, failure)
      }
    }
  }

  private static func next(
    _ queue: Monitor<Queue>
  ) -> (@Sendable (any Communicator, (any Error)?) -> (any Error)?)? {
    queue.wait { queue in
      if !queue.jobs.isEmpty { return .some(queue.jobs.removeFirst()) }
      return queue.isClosed ? .some(nil) : nil
    }
  }

  /// Has `work` done after all that was submitted before, and returns at once.
  ///
  /// To communicate without overlap, wait for the result right away; the bits are the same.
  /// - Precondition: ``finish()`` has not been called.
  public func submit<T: Sendable>(
    _ work: @escaping @Sendable (any Communicator) throws -> T
  ) -> Pending<T> {
    let pending = Pending<T>()
    queue.withLock { queue in
      precondition(!queue.isClosed, "the communication thread has finished")
      queue.jobs.append { communicator, failure in
        let result = Result {
          if let failure { throw failure }
          return try work(communicator)
        }
        pending.resolve(result)
        if case .failure(let error) = result { return error }
        return nil
      }
    }
    return pending
  }

  /// Ends the thread after everything submitted is done, and waits for that. To be called once.
  public func finish() {
    queue.withLock { $0.isClosed = true }
    thread.join()
  }
}
