import Synchronization

/// What happens when the system has no more memory for a tensor: no caller can go on without it.
package enum MemoryExhaustion {
  package typealias Handler = @Sendable (_ bytes: Int) -> Never

  private static let handler = Mutex<Handler?>(nil)

  /// Sets how the program ends then; it stops with a trap where nobody does.
  package static func setHandler(_ end: @escaping Handler) {
    handler.withLock { $0 = end }
  }

  /// Ends the program for want of `bytes`.
  static func end(_ bytes: Int) -> Never {
    handler.withLock { $0 }?(bytes)
    fatalError("no memory for \(bytes) bytes")
  }
}
