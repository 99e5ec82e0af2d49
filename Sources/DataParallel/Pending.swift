import Platform

/// A result that a ``CommunicationThread`` is still to bring.
public final class Pending<T: Sendable>: Sendable {
  private let result = Monitor<Result<T, any Error>?>(nil)

  init() {}

  /// Sleeps until the work is done; may be called again.
  /// - Throws: what the work threw, or what the first failed work before it threw.
  public func wait() throws -> T {
    try result.wait { $0 }.get()
  }

  func resolve(_ value: Result<T, any Error>) {
    result.withLock { $0 = value }
  }
}
