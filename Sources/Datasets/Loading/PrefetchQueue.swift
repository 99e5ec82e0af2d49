import Dispatch
import Synchronization

/// A bounded queue between one producer and one consumer, which either end may close.
final class PrefetchQueue<Element: Sendable>: Sendable {
  private struct State {
    var elements: [Element] = []
    var isClosed = false
  }

  private let state = Mutex(State())
  private let filled = DispatchSemaphore(value: 0)
  private let free = DispatchSemaphore(value: 0)

  /// - Parameter depth: the elements that may wait; at least 1.
  init(depth: Int) {
    precondition(depth > 0, "a queue holds something")
    // Signalled rather than created with a value: a semaphore that is released below its first value traps.
    for _ in 0..<depth { free.signal() }
  }

  /// Waits for room. False when the queue has been closed.
  func waitForRoom() -> Bool {
    free.wait()
    return state.withLock { !$0.isClosed }
  }

  /// Appends `element` in the room that was waited for.
  func append(_ element: Element) {
    state.withLock { $0.elements.append(element) }
    filled.signal()
  }

  /// Whether there is such an element.
  func contains(where isWanted: (Element) -> Bool) -> Bool {
    state.withLock { $0.elements.contains(where: isWanted) }
  }

  /// The oldest element, waited for; nil when the queue has been closed.
  func take() -> Element? {
    filled.wait()
    let element = state.withLock { state in
      state.isClosed || state.elements.isEmpty ? nil : state.elements.removeFirst()
    }
    free.signal()
    return element
  }

  /// Wakes both ends for good and lets go of what waits.
  func close() {
    state.withLock { state in
      state.isClosed = true
      state.elements = []
    }
    free.signal()
    filled.signal()
  }
}
