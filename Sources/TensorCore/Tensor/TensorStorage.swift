import Glibc

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
  let isLasting: Bool

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
