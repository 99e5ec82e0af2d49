import Platform

/// A bounded queue between one producer and one consumer, which either end may close.
final class PrefetchQueue<Element: Sendable>: Sendable {
  private struct State {
    var elements: [Element] = []
    var isClosed = false
  }

  private let depth: Int
  private let state = Monitor(State())

  /// - Parameter depth: the elements that may wait; at least 1.
  init(depth: Int) {
    precondition(depth > 0, "a queue holds something")
    self.depth = depth
  }

  /// Waits for room. False when the queue has been closed.
  func waitForRoom() -> Bool {
    state.wait { $0.isClosed ? false : $0.elements.count < depth ? true : nil }
  }

  /// Appends `element` in the room that was waited for; nothing to a queue that has been closed.
  func append(_ element: Element) {
    state.withLock { if !$0.isClosed { $0.elements.append(element) } }
  }

  /// Whether there is such an element.
  func contains(where isWanted: (Element) -> Bool) -> Bool {
    state.read { $0.elements.contains(where: isWanted) }
  }

  /// The oldest element, waited for; nil when the queue has been closed.
  func take() -> Element? {
    state.wait { state in
      if state.isClosed { return .some(nil) }
      return state.elements.isEmpty ? nil : .some(state.elements.removeFirst())
    }
  }

  /// Wakes both ends for good and lets go of what waits.
  func close() {
    state.withLock { state in
      state.isClosed = true
      state.elements = []
    }
  }
}
