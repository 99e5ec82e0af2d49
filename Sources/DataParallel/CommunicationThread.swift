public import MessagePassing
import Platform

/// The one thread of a rank that communicates. It owns the communicator from start-up on and does what is
/// submitted in the order of submission, so that all ranks that submit alike communicate alike.
///
/// It sleeps while there is nothing to do. After the first error everything submitted fails with that error,
/// because the ranks no longer know what the others are doing.
///
/// A rank that is alone has nobody to wait for: what is submitted is done on the spot, without a thread.
public final class CommunicationThread: Sendable {
  /// Work that is told why the communicator is of no more use, if so, and tells whether it is now.
  package typealias Job = @Sendable (any Communicator, (any Error)?) -> (any Error)?

  private struct Queue {
    var jobs: [Job] = []
    var isClosed = false
  }

  /// The communicator, and why it is of no more use; touched by one thread alone.
  private final class Owner: @unchecked Sendable {
    private let communicator: any Communicator
    private var failure: (any Error)?

    init(_ communicator: sending any Communicator) { self.communicator = communicator }

    func run(_ job: Job) { failure = job(communicator, failure) }
  }

  /// This process's number.
  public let rank: Int
  /// The number of ranks.
  public let size: Int
  private let queue = Monitor(Queue())
  private let owner: Owner
  private let thread: SystemThread?

  /// Starts the thread, which takes the communicator over.
  public init(_ communicator: sending any Communicator) {
    rank = communicator.rank
    size = communicator.size
    let owner = Owner(communicator)
    self.owner = owner
    let queue = queue
    thread =
      size == 1
      ? nil
      : SystemThread {
        while let job = Self.next(queue) { owner.run(job) }
      }
  }

  private static func next(_ queue: Monitor<Queue>) -> Job? {
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
    enqueue { communicator, failure in
      let result = Result {
        if let failure { throw failure }
        return try work(communicator)
      }
      pending.resolve(result)
      if case .failure(let error) = result { return error }
      return nil
    }
    return pending
  }

  /// The same for work that brings its results one by one: it is done after a failure too, and told of that.
  package func enqueue(_ job: @escaping Job) {
    queue.withLock { queue in
      precondition(!queue.isClosed, "the communication thread has finished")
      if thread != nil { queue.jobs.append(job) }
    }
    if thread == nil { owner.run(job) }
  }

  /// Ends the thread after everything submitted is done, and waits for that. To be called once.
  public func finish() {
    queue.withLock { $0.isClosed = true }
    thread?.join()
  }
}
