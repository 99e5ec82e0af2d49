import Platform

/// Writes texts one after the other on a thread of its own: a terminal that is held, or a pipe that nobody
/// reads, takes nothing, and signals, verdicts and restarts must not wait for it.
package final class BackgroundOutput: Sendable {
  /// A text's bytes, and what writes it.
  private typealias Text = (count: Int, write: @Sendable () -> Void)

  private struct Queue {
    var texts: [Text] = []
    /// Bytes that are not written yet.
    var count = 0
    /// Bytes that had no room.
    var leftOut = 0
    var hasThread = false
  }

  private let queue = Monitor(Queue())
  private let tellOfLeftOut: @Sendable (Int) -> Void

  /// Bytes that wait at most, and those above which lines that will be replaced are not worth their room.
  private static let (most, many) = (1 << 20, 1 << 14)

  /// - Parameter tellOfLeftOut: writes in the place of texts that had no room how many bytes they were.
  package init(tellOfLeftOut: @escaping @Sendable (Int) -> Void) {
    self.tellOfLeftOut = tellOfLeftOut
  }

  /// Whether everything is written.
  package var isWritten: Bool { queue.read { $0.count == 0 && $0.leftOut == 0 } }

  /// Whether so much waits that what will be replaced soon is better not added.
  package var isBehind: Bool { queue.read { $0.count > Self.many } }

  /// Has a text of `count` bytes written after those before it. It is left out where too much waits, and so
  /// are those after it until everything is written, or one is to be kept.
  /// - Parameter isKept: whether it is written in any case, after word of what is left out before it.
  package func add(_ count: Int, isKept: Bool = false, _ write: @escaping @Sendable () -> Void) {
    let tellOfLeftOut = tellOfLeftOut
    let hasThread = queue.withLock { queue in
      defer { queue.hasThread = true }
      if isKept, case let leftOut = queue.leftOut, leftOut > 0 {
        queue.texts.append((1, { tellOfLeftOut(leftOut) }))
        (queue.leftOut, queue.count) = (0, queue.count + 1)
      }
      if !isKept, queue.leftOut > 0 || queue.count > 0 && queue.count + count > Self.most {
        queue.leftOut += count
      } else {
        queue.count += count
        queue.texts.append((count, write))
      }
      return queue.hasThread
    }
    guard !hasThread else { return }
    let thread = SystemThread(ifGiven: .withoutSignals) { while true { self.writeNext() } }
    guard thread == nil else { return }
    // Late, not lost.
    writeNext()
    queue.withLock { $0.hasThread = false }
  }

  /// Waits for texts and writes them.
  private func writeNext() {
    let texts = queue.wait { queue -> [Text]? in
      defer { queue.texts = [] }
      guard queue.texts.isEmpty else { return queue.texts }
      guard case let leftOut = queue.leftOut, leftOut > 0 else { return nil }
      (queue.leftOut, queue.count) = (0, 1)
      return [(1, { self.tellOfLeftOut(leftOut) })]
    }
    for text in texts {
      text.write()
      queue.withLock { $0.count -= text.count }
    }
  }
}
