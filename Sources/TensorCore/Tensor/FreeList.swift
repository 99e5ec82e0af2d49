import Glibc
import Synchronization

/// Blocks that are free, by ``SizeClass``.
enum FreeList {
  private struct State {
    var blocks: [[UInt]] = []
    var systemAllocations = 0

    mutating func take(_ size: SizeClass) -> UInt? {
      size.index < blocks.count ? blocks[size.index].popLast() : nil
    }

    mutating func give(_ block: UInt, _ size: SizeClass) {
      while blocks.count <= size.index { blocks.append([]) }
      blocks[size.index].append(block)
    }

    /// A block that is larger, but by no more than half. So networks that take turns share their large
    /// blocks; small ones are not worth the search.
    mutating func takeLarger(than size: SizeClass) -> (block: UInt, SizeClass)? {
      guard size.capacity >= State.large else { return nil }
      var next = size.next
      while next.index < blocks.count, 2 * next.capacity <= 3 * size.capacity {
        if let block = take(next) { return (block, next) }
        next = next.next
      }
      return nil
    }

    /// A block that is smaller by no more than a third: one to give back for a larger one, which will serve
    /// for both.
    mutating func takeSmaller(than size: SizeClass) -> UInt? {
      guard size.capacity >= State.large else { return nil }
      var previous = size.previous
      while 3 * previous.capacity >= 2 * size.capacity {
        if let block = take(previous) { return block }
        previous = previous.previous
      }
      return nil
    }

    private static let large = 16_384
  }

  private static let state = Mutex(State())
  private static let hugePage = 2 << 20

  static var systemAllocations: Int { state.withLock { $0.systemAllocations } }

  static func take(_ count: Int) -> (UnsafeMutablePointer<Float>, SizeClass) {
    let size = SizeClass(for: count)
    let kept = state.withLock { state -> (block: UInt, size: SizeClass)? in
      if let block = state.take(size) { return (block, size) }
      if let larger = state.takeLarger(than: size) { return larger }
      state.systemAllocations += 1
      if let smaller = state.takeSmaller(than: size) {
        free(UnsafeMutableRawPointer(bitPattern: smaller))
      }
      return nil
    }
    if let kept { return (UnsafeMutablePointer(bitPattern: kept.block)!, kept.size) }
    let bytes = size.capacity * MemoryLayout<Float>.stride
    guard let block = allocate(bytes) ?? retry(bytes) else { MemoryExhaustion.end(bytes) }
    return (block.bindMemory(to: Float.self, capacity: size.capacity), size)
  }

  private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let isLarge = bytes >= hugePage
    // aligned_alloc may refuse what is no multiple of the alignment.
    var block: UnsafeMutableRawPointer?
    guard posix_memalign(&block, isLarge ? hugePage : 64, bytes) == 0, let block else { return nil }
    if isLarge { madvise(block, bytes, Int32(MADV_HUGEPAGE)) }
    return block
  }

  /// Allocates once more, when the system has back what the list holds in other sizes.
  private static func retry(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let blocks = state.withLock { state in
      defer { state.blocks = [] }
      return state.blocks
    }
    for block in blocks.joined() { free(UnsafeMutableRawPointer(bitPattern: block)) }
    return allocate(bytes)
  }

  static func give(_ pointer: UnsafeMutablePointer<Float>, _ size: SizeClass) {
    state.withLock { $0.give(UInt(bitPattern: pointer), size) }
  }
}

/// The capacity of a block in elements: a power of two from 16 up to 1024, a multiple of an eighth of one
/// above, so that neighbours share.
struct SizeClass {
  /// The position among all capacities.
  let index: Int

  private static let least = 4
  private static let page = 10
  private static let small = page - least + 1

  /// The smallest that holds `count` elements.
  init(for count: Int) {
    let exponent = Int.bitWidth - max(count - 1, 0).leadingZeroBitCount
    if exponent <= Self.page {
      index = max(exponent - Self.least, 0)
    } else {
      let eighths = (count + (1 << (exponent - 4)) - 1) >> (exponent - 4)
      index = Self.small + (exponent - Self.page - 1) * 8 + eighths - 9
    }
  }

  private init(index: Int) { self.index = index }

  var next: SizeClass { SizeClass(index: index + 1) }
  var previous: SizeClass { SizeClass(index: index - 1) }

  var capacity: Int {
    if index < Self.small { return 1 << (index + Self.least) }
    let (octave, eighths) = (index - Self.small).quotientAndRemainder(dividingBy: 8)
    return (eighths + 9) << (octave + Self.page - 3)
  }
}
