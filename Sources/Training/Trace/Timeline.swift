package import MessagePassing
import Platform
import Synchronization

/// What the two threads of a rank did when, over the first steps after a start.
package final class Timeline: Sendable {
  /// The thread.
  package enum Track: Int, Sendable, CaseIterable {
    case training, communication
  }

  /// What the time was spent on; a category of the trace.
  package enum Kind: String, Sendable {
    case computation, communication, wait, data
  }

  /// From when to when.
  package struct Span: Equatable, Sendable {
    package let name: String
    package let kind: Kind
    package let track: Track
    package let step: Int
    /// Bytes of what travels; 0 if nothing does.
    package let bytes: Int
    /// Nanoseconds since the start.
    package let start: Int64
    package let end: Int64
  }

  /// The steps whose spans are kept.
  package let steps: Range<Int>
  private let origin: ContinuousClock.Instant
  fileprivate let spans = Mutex<[Span]>([])

  /// A timeline of `count` steps. All ranks call: one barrier, after which their clocks begin.
  package init(
    from firstStep: Int, count: Int = 100, over communicator: any Communicator
  ) throws(CommunicationError) {
    steps = firstStep..<firstStep + count
    try communicator.barrier()
    origin = .now
  }

  /// What is kept.
  package var kept: [Span] { spans.withLock { $0 } }

  fileprivate func nanoseconds(_ instant: ContinuousClock.Instant) -> Int64 {
    Int64((instant - origin).seconds * 1e9)
  }
}

extension Timeline? {
  /// Does `work`, and keeps how long it took if there is a timeline of its step.
  func span<T>(
    _ name: @autoclosure () -> String, _ kind: Timeline.Kind, on track: Timeline.Track = .training, step: Int,
    bytes: Int = 0, _ work: () throws -> T
  ) rethrows -> T {
    guard let self, self.steps.contains(step) else { return try work() }
    let start = ContinuousClock.now
    defer {
      let span = Timeline.Span(
        name: name(), kind: kind, track: track, step: step, bytes: bytes, start: self.nanoseconds(start),
        end: self.nanoseconds(.now))
      self.spans.withLock { $0.append(span) }
    }
    return try work()
  }
}
