/// The operands of a tile transform: an address for each row of its source and of its result.
struct TilePointers {
  let from: UnsafeMutablePointer<UnsafePointer<Float>>
  let to: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
  private let between: UnsafeMutablePointer<Float>

  private static let capacity = 36

  /// Calls `body` with room for the largest tile.
  static func with(_ body: (TilePointers) -> Void) {
    let between = Scratch(count: KernelTable.transformScratchCount)
    defer { between.end() }
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: capacity) { from in
      withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>.self, capacity: capacity) { to in
        from.initialize(repeating: UnsafePointer(between.pointer))
        to.initialize(repeating: between.pointer)
        body(
          TilePointers(
            from: from.baseAddress.unsafelyUnwrapped, to: to.baseAddress.unsafelyUnwrapped,
            between: between.pointer))
      }
    }
  }

  @inline(__always)
  func apply(_ transform: TileTransforms.Transform, channels: Int) {
    transform(UnsafePointer(from), UnsafePointer(to), between, channels)
  }

  /// Reads `count` rows at equal distances.
  @inline(__always)
  func read(_ first: UnsafePointer<Float>, stride: Int, count: Int) {
    for index in 0..<count { from[index] = first + index &* stride }
  }

  /// Writes `count` rows at equal distances.
  @inline(__always)
  func write(_ first: UnsafeMutablePointer<Float>, stride: Int, count: Int) {
    for index in 0..<count { to[index] = first + index &* stride }
  }
}
