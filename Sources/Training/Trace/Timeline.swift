package import MessagePassing
package import Models
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

  /// A part of the work.
  package enum Part: String, Sendable {
    /// Of a turn on the training thread, by a pass's first micro-batch.
    case opening, forward, backward
    /// Of a turn, by bucket: handing it over, waiting for it, moving parameters by it. An update without a
    /// bucket is what needs all of the sum.
    case hand, wait, update
    /// Of a turn on the communication thread: all of its sum; in it what ranks tell one another, and buckets.
    case sum, header, bucket
    /// Loading samples.
    case data

    var kind: Kind {
      switch self {
      case .opening, .forward, .backward, .hand, .update: .computation
      case .sum, .header, .bucket: .communication
      case .wait: .wait
      case .data: .data
      }
    }
  }

  /// What was done.
  package struct Work: Equatable, Sendable {
    package let part: Part
    /// Whose turn it is of; nil for what is of none.
    package let phase: Phase?
    /// The micro-batch or bucket.
    package let index: Int?

    package init(_ part: Part, of phase: Phase?, _ index: Int?) {
      (self.part, self.phase, self.index) = (part, phase, index)
    }

    /// For people: such as `generator backward 4` or `wait for generator bucket 0`.
    var name: String {
      let words = part == .wait ? ["wait for", phase?.name, "bucket"] : [phase?.name, part.rawValue]
      return (words + [index.map(String.init)]).compactMap(\.self).joined(separator: " ")
    }
  }

  /// From when to when.
  package struct Span: Equatable, Sendable {
    package let work: Work
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
    _ part: Timeline.Part, of phase: Phase? = nil, _ index: Int? = nil,
    on track: Timeline.Track = .training, step: Int, bytes: Int = 0, _ work: () throws -> T
  ) rethrows -> T {
    guard let self, self.steps.contains(step) else { return try work() }
    let start = ContinuousClock.now
    defer {
      let span = Timeline.Span(
        work: Timeline.Work(part, of: phase, index), track: track, step: step, bytes: bytes,
        start: self.nanoseconds(start), end: self.nanoseconds(.now))
      self.spans.withLock { $0.append(span) }
    }
    return try work()
  }
}
