import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A reference-counted block of Float32, aligned to 64 bytes, taken from and returned to a free list keyed by
/// size, so that after the first step a training loop asks the system for no memory.
///
/// Storage is shared by value-semantic tensors and is written only while it is uniquely referenced, or by the one
/// owner of a flat parameter buffer between two passes; that discipline is what makes it safe to send.
public final class TensorStorage: @unchecked Sendable {
  /// The first element.
  public let pointer: UnsafeMutablePointer<Float>
  /// The number of elements that may be used.
  public let count: Int
  private let capacity: Int
  /// Whether the values outlast a step and are read many times, so that forms derived from them are worth keeping.
  package let isLasting: Bool

  /// Results that kernels derive from these values (packed weights), valid for `version`, and from which of them.
  package var derived: [AnyHashable: (version: Int, storage: TensorStorage, source: Range<Int>)] = [:]
  /// Raised by every owner that overwrites the values in place; see ``invalidateDerived()``.
  package private(set) var version = 0

  /// Uninitialised storage for `count` elements.
  /// - Parameter isLasting: whether the values outlast a step, as parameters do.
  public init(count: Int, isLasting: Bool = false) {
    self.count = count
    self.isLasting = isLasting
    (pointer, capacity) = FreeList.take(count)
  }

  deinit {
    FreeList.give(pointer, capacity: capacity)
  }

  /// Says that the values have changed in place, so that packed copies of them are made anew.
  public func invalidateDerived() {
    version &+= 1
  }

  /// Says that some of the values have changed in place, so that packed copies of these are made anew.
  public func invalidateDerived(in elements: Range<Int>) {
    derived = derived.mapValues { known in
      known.source.overlaps(elements) ? (version &- 1, known.storage, known.source) : known
    }
  }

  /// The system allocations made so far in this process. Constant over the steps after warm-up.
  public static var systemAllocations: Int { FreeList.systemAllocations }
}

/// Blocks that are free, by capacity in elements.
private enum FreeList {
  private struct State {
    var blocks: [Int: [UInt]] = [:]
    var systemAllocations = 0

    /// The least capacity with a free block that is larger, but by no more than half. So networks that take turns share
    /// their large blocks; small ones are not worth the search.
    func next(above capacity: Int) -> Int? {
      guard capacity >= State.large else { return nil }
      return free { $0 > capacity && 2 * $0 <= 3 * capacity }.min()
    }

    /// The largest capacity with a free block that is smaller by no more than a third: one to give back for a larger one,
    /// which will serve for both.
    func next(below capacity: Int) -> Int? {
      guard capacity >= State.large else { return nil }
      return free { $0 < capacity && 3 * $0 >= 2 * capacity }.max()
    }

    private static let large = 16_384

    private func free(_ isWanted: (Int) -> Bool) -> [Int] {
      blocks.filter { isWanted($0.key) && !$0.value.isEmpty }.map(\.key)
    }
  }

  private static let state = Mutex(State())
  private static let hugePage = 2 << 20

  static var systemAllocations: Int { state.withLock { $0.systemAllocations } }

  /// Capacities are powers of two up to a page and multiples of an eighth of one above, so that neighbours share.
  private static func capacity(for count: Int) -> Int {
    var capacity = 16
    while capacity < count { capacity <<= 1 }
    if capacity <= 1024 { return capacity }
    let grain = capacity >> 4
    return (count + grain - 1) / grain * grain
  }

  static func take(_ count: Int) -> (UnsafeMutablePointer<Float>, Int) {
    let capacity = capacity(for: count)
    let free = state.withLock { state -> (block: UInt, capacity: Int)? in
      if let block = state.blocks[capacity]?.popLast() { return (block, capacity) }
      if let larger = state.next(above: capacity), let block = state.blocks[larger]?.popLast() {
        return (block, larger)
      }
      state.systemAllocations += 1
      if let smaller = state.next(below: capacity), let block = state.blocks[smaller]?.popLast() {
        UnsafeMutableRawPointer(bitPattern: block)?.deallocate()
      }
      return nil
    }
    if let free { return (UnsafeMutablePointer(bitPattern: free.block)!, free.capacity) }
    let bytes = capacity * MemoryLayout<Float>.stride
    let isLarge = bytes >= hugePage
    let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? hugePage : 64)
    #if os(Linux)
      if isLarge { madvise(block, bytes, Int32(MADV_HUGEPAGE)) }
    #endif
    return (block.bindMemory(to: Float.self, capacity: capacity), capacity)
  }

  static func give(_ pointer: UnsafeMutablePointer<Float>, capacity: Int) {
    state.withLock { $0.blocks[capacity, default: []].append(UInt(bitPattern: pointer)) }
  }
}
