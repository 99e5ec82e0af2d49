/// One row of a register tile: one or two vectors side by side.
///
/// Tiles are built from types rather than loops, so that every accumulator is a stored property and ends up in
/// a register of its own.
protocol TileColumns {
  /// The number of floats.
  static var count: Int { get }
  init()
  init(loading source: UnsafePointer<Float>)
  func store(to destination: UnsafeMutablePointer<Float>)
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
  @inline(__always) mutating func addProduct(_ factor: Vector, _ other: Self) {
    left.addProduct(factor, other.left)
    right.addProduct(factor, other.right)
  }
}
