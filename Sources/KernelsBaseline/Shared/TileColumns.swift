/// One row of a register tile: one or two vectors side by side.
///
/// Tiles are built from types rather than loops, so that every accumulator is a stored property and ends up
/// in a register of its own.
protocol TileColumns {
  /// The number of floats.
  static var count: Int { get }
  init()
  init(loading source: UnsafePointer<Float>)
  func store(to destination: UnsafeMutablePointer<Float>)
  mutating func add(_ other: Self)
  /// `self = factor * other + self`, fused: one rounding.
  mutating func addProduct(_ factor: Vector, _ other: Self)
}

/// A single vector: the right edge of a matrix.
struct OneVector: TileColumns {
  var vector: Vector

  @inline(__always) static var count: Int { Vector.scalarCount }
  @inline(__always) init() { vector = .zero }
  @inline(__always) init(loading source: UnsafePointer<Float>) {
    vector = UnsafeRawPointer(source).loadUnaligned(as: Vector.self)
  }
  @inline(__always) func store(to destination: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(destination).storeBytes(of: vector, as: Vector.self)
  }
  @inline(__always) mutating func add(_ other: Self) { vector += other.vector }
  @inline(__always) mutating func addProduct(_ factor: Vector, _ other: Self) {
    vector = vector.addingProduct(factor, other.vector)
  }
}

/// Two vectors: the full width of a panel.
struct TwoVectors: TileColumns {
  var left: OneVector
  var right: OneVector

  @inline(__always) static var count: Int { 2 &* Vector.scalarCount }
  @inline(__always) init() {
    left = OneVector()
    right = OneVector()
  }
  @inline(__always) init(loading source: UnsafePointer<Float>) {
    left = OneVector(loading: source)
    right = OneVector(loading: source + Vector.scalarCount)
  }
  @inline(__always) func store(to destination: UnsafeMutablePointer<Float>) {
    left.store(to: destination)
    right.store(to: destination + Vector.scalarCount)
  }
  @inline(__always) mutating func add(_ other: Self) {
    left.add(other.left)
    right.add(other.right)
  }
  @inline(__always) mutating func addProduct(_ factor: Vector, _ other: Self) {
    left.addProduct(factor, other.left)
    right.addProduct(factor, other.right)
  }
}

extension TileColumns {
  /// The first `columns` floats; the others are zero.
  @inline(never)
  init(loading source: UnsafePointer<Float>, columns: Int) {
    self = withUnsafeTemporaryAllocation(of: Float.self, capacity: 32) { row in
      let row = row.baseAddress.unsafelyUnwrapped
      Self().store(to: row)
      copyColumns(columns, from: source, to: row)
      return Self(loading: row)
    }
  }

  /// The first `columns` floats.
  @inline(never)
  func store(to destination: UnsafeMutablePointer<Float>, columns: Int) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 32) { row in
      let row = row.baseAddress.unsafelyUnwrapped
      store(to: row)
      copyColumns(columns, from: row, to: destination)
    }
  }
}

@inline(__always)
private func copyColumns(
  _ count: Int, from source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>
) {
  var index = 0
  while index < count {
    destination[index] = source[index]
    index &+= 1
  }
}
