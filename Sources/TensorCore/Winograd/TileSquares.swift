/// The squares of pixels under the tiles of an activation `[images, extents, channels]`, one for each image
/// and each position of a grid of tiles.
struct TileSquares {
  /// The corner of each square: a patch for each tile.
  private let corners: Patches
  /// Pixels of a square along each axis.
  let side: Int
  /// From one pixel of a square to the next.
  private let step: Triple

  /// - Parameters:
  ///   - spacing: pixels of a square from the start of one tile to that of the next.
  ///   - origin: the first pixel of the first square.
  init(
    images: Int, extents: Triple, channels: Int, tiles: Triple, side: Int, spacing: Int, step: Triple,
    origin: Triple
  ) {
    corners = Patches(
      images: images, source: extents, channels: channels, taps: .one,
      step: Triple(step.z, spacing * step.y, spacing * step.x), origin: origin, grid: tiles)
    self.side = side
    self.step = step
  }

  var count: Int { corners.rows }

  /// Calls `body` for some tiles, numbered by image, then row-major in the grid.
  @inline(__always)
  func forEach(_ tiles: Range<Int>, _ body: (_ tile: Int, _ square: Square) -> Void) {
    corners.forEachRow(tiles) { tile, image, z, y, x in
      body(tile, Square(image: image, z: z, y: y, x: x))
    }
  }

  /// The square under one tile.
  subscript(_ tile: Int) -> Square {
    let grid = corners.grid
    let (line, x) = tile.quotientAndRemainder(dividingBy: grid.x)
    let (plane, y) = line.quotientAndRemainder(dividingBy: grid.y)
    let (image, z) = plane.quotientAndRemainder(dividingBy: grid.z)
    return Square(
      image: image, z: z &* corners.step.z &+ corners.origin.z, y: y &* corners.step.y &+ corners.origin.y,
      x: x &* corners.step.x &+ corners.origin.x)
  }

  /// The place of a square: its image, its plane in it, and its first pixel.
  struct Square {
    let image: Int
    let z: Int
    let y: Int
    let x: Int
  }

  /// Calls `body` for every pixel of a square in row-major order, with its offset if it lies in the
  /// activation.
  @inline(__always)
  func forEachPixel(of square: Square, _ body: (_ index: Int, _ offset: Int?) -> Void) {
    let (depth, height, width) = (corners.source.z, corners.source.y, corners.source.x)
    let plane = square.image &* depth &+ square.z
    let isPlaneInside = UInt(bitPattern: square.z) < UInt(bitPattern: depth)
    var index = 0
    var y = square.y
    while index < side &* side {
      let isLineInside = isPlaneInside && UInt(bitPattern: y) < UInt(bitPattern: height)
      let line = (plane &* height &+ y) &* width
      var x = square.x
      let end = index &+ side
      while index < end {
        let isInside = isLineInside && UInt(bitPattern: x) < UInt(bitPattern: width)
        body(index, isInside ? (line &+ x) &* corners.channels : nil)
        x &+= step.x
        index &+= 1
      }
      y &+= step.y
    }
  }
}
