public import TensorCore

/// Lays volumes out as the cells of one picture, row by row, each drawn as a solid of clay on white.
///
/// A volume is seen from 25 degrees above, turned by 30 degrees about its vertical axis, so that one looks
/// into an open vessel; light comes from the upper left. All volumes of one shape are drawn to one scale.
/// Equal volumes give equal pixels on every machine.
public struct VolumeGrid: Sendable {
  /// Cells per row; nil for the nearest square, `ceil(sqrt(N))`.
  private let columns: Int?

  /// Pixels, of both sides of a volume in a grid.
  private static let cellSide = 96
  /// Pixels, of both sides of a volume by itself.
  private static let side = 256

  /// - Parameter columns: cells per row, for interpolations their length; nil for the nearest square.
  public init(columns: Int? = nil) {
    precondition(columns.map { $0 > 0 } ?? true, "a grid has at least one column")
    self.columns = columns
  }

  /// The grid of `volumes`, of shape `[N, D, H, W, 1]`: layers from the top, rows from the back, values in
  /// [-1, 1].
  ///
  /// -1 is empty and 1 full; the surface is near 0. Values outside are clamped, NaN is empty, and so is
  /// everything outside of a volume. A cell has 96 x 96 pixels of 3 channels, and cells are where those of an
  /// ``ImageGrid`` are.
  public func pixels(of volumes: Tensor) -> Pixels {
    precondition(
      volumes.shape.rank == 5 && volumes.count > 0 && volumes.shape[4] == 1,
      "volumes are [N, D, H, W, 1], not \(volumes.shape)")
    let side = Self.cellSide
    let layout = GridLayout(of: volumes.shape[0], columns: columns, cellWidth: side, cellHeight: side)
    var samples = layout.blank(channels: 3)
    for cell in 0..<volumes.shape[0] {
      let volume = volumes.rows(cell..<cell + 1).reshaped(Shape(volumes.shape.extents.dropFirst()))
      let picture = Self.picture(of: volume, side: side)
      let (left, top) = layout.origin(of: cell)
      for row in 0..<side {
        let start = ((top + row) * layout.width + left) * 3
        samples.replaceSubrange(
          start..<start + side * 3, with: picture[row * side * 3..<(row + 1) * side * 3])
      }
    }
    return Pixels(width: layout.width, height: layout.height, channels: 3, samples: samples)
  }

  /// One volume `[D, H, W, 1]` by itself, 256 x 256 pixels, with values as in a grid.
  public static func pixels(ofOne volume: Tensor) -> Pixels {
    precondition(
      volume.shape.rank == 4 && volume.count > 0 && volume.shape[3] == 1,
      "a volume is [D, H, W, 1], not \(volume.shape)")
    return Pixels(width: side, height: side, channels: 3, samples: picture(of: volume, side: side))
  }

  private static func picture(of volume: Tensor, side: Int) -> [UInt8] {
    volume.withUnsafeBufferPointer {
      VolumeRenderer(side: side).samples(
        of: $0, depth: volume.shape[0], height: volume.shape[1], width: volume.shape[2])
    }
  }
}
