import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A reference-counted block of Float32, aligned to 64 bytes, taken from and returned to a free list keyed by
/// size, so that after the first step a training loop asks the system for no memory.
///
/// Storage is shared by value-semantic tensors and is written only while it is uniquely referenced, or by the
/// one owner of a flat parameter buffer between two passes; that discipline is what makes it safe to send.
public final class TensorStorage: @unchecked Sendable {
  /// The first element.
  public let pointer: UnsafeMutablePointer<Float>
  /// The number of elements that may be used.
  public let count: Int
  /// Of a block of the free list.
  private let size: SizeClass?
  /// Whose the memory is, if it is not this storage's.
  private let owner: (any AnyObject & Sendable)?
  /// Whether the values outlast a step and are read many times, so that forms derived from them are worth
  /// keeping.
  package let isLasting: Bool

  /// What kernels derive from these values: few forms for each weight.
  package private(set) var derived: [Derived] = []
  /// Raised by every owner that overwrites the values in place; see ``invalidateDerived()``.
  package private(set) var version = 0

  /// Uninitialised storage for `count` elements.
  /// - Parameter isLasting: whether the values outlast a step, as parameters do.
  public init(count: Int, isLasting: Bool = false) {
    self.count = count
    self.isLasting = isLasting
    owner = nil
    let (pointer, size) = FreeList.take(count)
    self.pointer = pointer
    self.size = size
  }

  /// Storage for values that outlast a step, in memory that other processes may see too.
  /// - Parameters:
  ///   - pointer: the first of `count` initialised elements, at a multiple of 64 bytes.
  ///   - owner: keeps the memory.
  public init(at pointer: UnsafeMutablePointer<Float>, count: Int, owner: any AnyObject & Sendable) {
    precondition(UInt(bitPattern: pointer) % 64 == 0, "storage is aligned to 64 bytes")
    self.pointer = pointer
    self.count = count
    self.owner = owner
    size = nil
    isLasting = true
  }

  deinit {
    if let size { FreeList.give(pointer, size) }
  }

  /// Whether the values are those of another storage, bit by bit.
  public func hasBits(of other: TensorStorage) -> Bool {
    count == other.count && memcmp(pointer, other.pointer, count * MemoryLayout<Float>.stride) == 0
  }

  /// Says that the values have changed in place, so that packed copies of them are made anew.
  public func invalidateDerived() {
    version &+= 1
  }

  /// Says that some of the values have changed in place, so that packed copies of these are made anew.
  public func invalidateDerived(in elements: Range<Int>) {
    for index in derived.indices where derived[index].source.overlaps(elements) {
      derived[index].version = version &- 1
    }
  }

  /// A form derived from some of the values: the one at hand if it was made from those that are there now,
  /// else a new one.
  /// - Parameter make: makes it, given the storage of a former one if there is one.
  func derived(
    _ form: DerivedForm, from source: Range<Int>, _ make: (TensorStorage?) -> TensorStorage
  ) -> TensorStorage {
    guard let index = derived.firstIndex(where: { $0.source == source && $0.form == form }) else {
      let storage = make(nil)
      derived.append(Derived(form: form, source: source, storage: storage, version: version))
      return storage
    }
    if derived[index].version == version { return derived[index].storage }
    let storage = make(derived[index].storage)
    (derived[index].storage, derived[index].version) = (storage, version)
    return storage
  }

  /// The system allocations made so far in this process. Constant over the steps after warm-up.
  public static var systemAllocations: Int { FreeList.systemAllocations }
}

/// Values that were derived from those of a storage.
package struct Derived {
  let form: DerivedForm
  /// What they were made from.
  package let source: Range<Int>
  package fileprivate(set) var storage: TensorStorage
  /// The version of the storage that they were made from; another one if they are out of date.
  package fileprivate(set) var version: Int
}

/// What is derived from a weight.
enum DerivedForm: Equatable {
  case panels(MatrixPanels, lanes: Int)
  case convolution(PackedWeightsForm)
  /// The values divided by a number, which stands behind them.
  case quotient
}

/// Blocks that are free, by ``SizeClass``.
private enum FreeList {
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
    guard let block = aligned_alloc(isLarge ? hugePage : 64, bytes) else { return nil }
    #if os(Linux)
      if isLarge { madvise(block, bytes, Int32(MADV_HUGEPAGE)) }
    #endif
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
private struct SizeClass {
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
