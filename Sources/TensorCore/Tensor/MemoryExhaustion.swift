import Glibc
import Synchronization

/// What happens when the system has no more memory for a tensor: no caller can go on without it.
package enum MemoryExhaustion {
  /// Ends the program; told how much there was no memory for.
  package typealias Handler = @Sendable (_ bytes: Int) -> Never

  private struct Ending {
    var handler: Handler?
    var lastWords: (@Sendable () -> Void)?
    /// Address space that is given back for the last words; untouched, it takes no memory.
    var reserve: UnsafeMutableRawPointer?
    var hasBegun = false
  }

  private static let ending = Mutex(Ending())
  /// Bytes that the last words have: a thread's stack among them.
  private static let reserveSize = 32 << 20

  /// Sets how the program ends then; it stops with a trap where nobody does.
  package static func setHandler(_ end: @escaping Handler) {
    ending.withLock { $0.handler = end }
  }

  /// Sets what is said before the handler is called, by the first thread that finds no memory; nil for
  /// nothing. There are some megabytes for it. It must not make tensors.
  package static func setLastWords(_ say: (@Sendable () -> Void)?) {
    ending.withLock { ending in
      guard !ending.hasBegun else { return }
      ending.lastWords = say
      giveBack(&ending.reserve)
      guard say != nil else { return }
      let flags = MAP_PRIVATE | MAP_ANONYMOUS
      let reserve = mmap(nil, reserveSize, PROT_READ | PROT_WRITE, flags, -1, 0)
      if reserve != MAP_FAILED { ending.reserve = reserve }
    }
  }

  private static func giveBack(_ reserve: inout UnsafeMutableRawPointer?) {
    if let reserve { munmap(reserve, reserveSize) }
    reserve = nil
  }

  /// Ends the program for want of `bytes`.
  static func end(_ bytes: Int) -> Never {
    let (isFirst, say, handler) = ending.withLock { ending in
      defer { ending.hasBegun = true }
      giveBack(&ending.reserve)
      return (!ending.hasBegun, ending.lastWords, ending.handler)
    }
    // Another thread is about to end the program, and has not yet said why.
    if isFirst { say?() } else { sleep(10) }
    handler?(bytes)
    fatalError("no memory for \(bytes) bytes")
  }
}
