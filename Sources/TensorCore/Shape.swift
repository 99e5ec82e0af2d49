/// The extents of a tensor, outermost first. Activations are `[N, spatial…, C]` (NHWC in two dimensions).
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The extent of each axis. Empty for a scalar.
  public let extents: [Int]

  /// - Precondition: no extent is negative and the element count fits an `Int`.
  public init(_ extents: [Int]) {
    var count = 1
    for extent in extents {
      precondition(extent >= 0, "a shape has no negative extent: \(extents)")
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      precondition(!overflow, "the element count of \(extents) does not fit an Int")
      count = product
    }
    self.extents = extents
    self.count = count
  }

  /// A shape from a literal such as `[16, 32, 32, 1]`.
  public init(arrayLiteral extents: Int...) {
    self.init(extents)
  }

  /// The number of elements: the product of the extents, 1 for a scalar.
  public let count: Int

  /// The number of axes.
  public var rank: Int { extents.count }

  /// The extent of an axis; negative axes count from the last, as in `shape[-1]`.
  public subscript(axis: Int) -> Int {
    extents[axis < 0 ? extents.count + axis : axis]
  }

  /// The extent of the innermost axis, 1 for a scalar: channels of an activation.
  public var channels: Int { extents.last ?? 1 }

  /// Elements per innermost row: `count / channels`.
  public var rows: Int { channels == 0 ? 0 : count / channels }

  /// Row-major strides in elements.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * extents[axis + 1]
    }
    return strides
  }

  /// The scalar shape.
  public static let scalar = Shape([])

  /// `[16, 32, 32, 1]`.
  public var description: String { extents.description }
}
