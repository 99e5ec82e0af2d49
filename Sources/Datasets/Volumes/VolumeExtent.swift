/// The sides of a volume.
package struct VolumeExtent: Hashable, Sendable {
  package let depth: Int
  package let height: Int
  package let width: Int

  /// `30 x 32 x 32` (depth by height by width).
  package var sizes: String { "\(depth) x \(height) x \(width)" }

  /// Depth, height and width.
  var sides: [Int] { [depth, height, width] }

  /// The voxels of a volume.
  var count: Int { depth * height * width }

  /// The volumes of an array of shape `[N, D, H, W]`, `[N, D, H, W, 1]` or `[N, 1, D, H, W]`; nil of another.
  ///
  /// Four axes of which the last or the second has an extent of 1 to 4 are none: that looks like channels of
  /// images. Volumes as thin as that have five axes.
  init?(shape: [Int]) {
    let isChannels = { (axis: Int) in (1...4).contains(shape[axis]) }
    switch shape.count {
    case 4 where !isChannels(3) && !isChannels(1): self.init(shape[1...])
    case 5 where shape[4] == 1: self.init(shape[1..<4])
    case 5 where shape[1] == 1: self.init(shape[2...])
    default: return nil
    }
  }

  private init(_ sides: ArraySlice<Int>) {
    self.init(
      depth: sides[sides.startIndex], height: sides[sides.startIndex + 1], width: sides[sides.startIndex + 2])
  }

  init(depth: Int, height: Int, width: Int) {
    self.depth = depth
    self.height = height
    self.width = width
  }

  /// The extent of which `side` gives each side.
  func mapped(_ side: (Int) -> Int) -> VolumeExtent {
    VolumeExtent(depth: side(depth), height: side(height), width: side(width))
  }
}
