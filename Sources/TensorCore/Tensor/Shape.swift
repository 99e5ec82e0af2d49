/// The extents of a tensor, outermost first. Activations are `[N, spatial…, C]` (NHWC in two dimensions).
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The most axes of a tensor.
  public static let maximumRank = 8

  /// The extents behind one another, zeros after the last: no reference is counted when a tensor is copied.
  private let axes: SIMD8<UInt32>
  /// The number of axes.
  public let rank: Int
  /// The number of elements: the product of the extents, 1 for a scalar.
  public let count: Int

  /// - Precondition: at most ``maximumRank`` axes, no extent is negative or needs more than 32 bits, and the
  ///   element count fits an `Int`.
  public init(_ extents: some Collection<Int>) {
    precondition(
      extents.count <= Self.maximumRank, "a shape has at most \(Self.maximumRank) axes: \(extents)")
    var axes = SIMD8<UInt32>.zero
    var count = 1
    var axis = 0
    for extent in extents {
      guard let small = UInt32(exactly: extent) else {
        preconditionFailure("an extent is from 0 to \(UInt32.max): \(extents)")
      }
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      precondition(!overflow, "the element count of \(extents) does not fit an Int")
      axes[axis] = small
      count = product
      axis += 1
    }
    self.axes = axes
    self.count = count
    rank = axis
  }

  /// A shape from a literal such as `[16, 32, 32, 1]`.
  public init(arrayLiteral extents: Int...) {
    self.init(extents)
  }

  /// The extent of each axis. Empty for a scalar.
  public var extents: [Int] { (0..<rank).map { Int(axes[$0]) } }

  /// The extent of an axis; negative axes count from the last, as in `shape[-1]`.
  public subscript(axis: Int) -> Int {
    let index = axis < 0 ? rank + axis : axis
    precondition(index >= 0 && index < rank, "\(self) has no axis \(axis)")
    return Int(axes[index])
  }

  /// The extent of the innermost axis, 1 for a scalar: channels of an activation.
  public var channels: Int { rank == 0 ? 1 : Int(axes[rank &- 1]) }

  /// The number of innermost rows: `count / channels`.
  public var rows: Int { channels == 0 ? 0 : count / channels }

  /// The shape with the extent 1 along `axes`, of which negative ones count from the last.
  package func reduced(along axes: [Int]) -> Shape {
    let reduced = Set(axes.map { $0 < 0 ? $0 + rank : $0 })
    precondition(reduced.allSatisfy { $0 >= 0 && $0 < rank }, "axes \(axes) of \(self)")
    return Shape(extents.enumerated().map { reduced.contains($0.offset) ? 1 : $0.element })
  }

  /// The shape with another innermost extent.
  public func replacingChannels(by channels: Int) -> Shape { Shape(extents.dropLast() + [channels]) }

  /// Row-major strides in elements.
  var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * self[axis + 1]
    }
    return strides
  }

  /// The scalar shape.
  public static let scalar = Shape([])

  /// `[16, 32, 32, 1]`.
  public var description: String { extents.description }
}
