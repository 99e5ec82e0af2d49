/// How a volume becomes a cube of floats: as ``PixelFit`` does it of an image, enlarged by the largest whole
/// factor, or averaged over whole boxes; centred, the rest empty (-1).
struct VolumeFit: Sendable {
  let extent: VolumeExtent
  /// The sides of the result.
  let size: Int
  private let factor: WholeFactor

  /// - Throws: ``DatasetError`` of kind `unsuitable` for a volume that is larger than `size` by no whole
  ///   factor.
  init(_ extent: VolumeExtent, size: Int, place: String) throws(DatasetError) {
    guard let factor = WholeFactor(sides: extent.sides, size: size) else {
      let nearest = WholeFactor.nearestSize(sides: extent.sides, to: size)
      throw DatasetError(
        .unsuitable,
        "volumes of \(extent.sizes) do not fit size \(size): no whole number of voxels each way", place,
        "give size=\(nearest) if the recipe takes that, or scale the volumes")
    }
    self.extent = extent
    self.size = size
    self.factor = factor
  }

  /// What it does to volumes: nothing, `scaled`, `padded` or both.
  var changes: [String] { factor.changes(sides: extent.sides, size: size) }

  /// Writes `size * size * size` values in [-1, 1].
  /// - Parameters:
  ///   - source: the volume's bytes.
  ///   - full: the byte that becomes 1; 0 becomes -1.
  func write(_ source: UnsafePointer<UInt8>, full: Int, into result: UnsafeMutablePointer<Float>) {
    // The sum is exact, and the quotient of whole numbers rounded once.
    let halfRange = Float(full * factor.box * factor.box * factor.box) / 2
    fill(into: result) { z, y, x in
      var sum = 0
      forEach(z, y, x) { sum &+= Int(source[$0]) }
      return Float(sum) / halfRange - 1
    }
  }

  /// The same of values that are numbers in [-1, 1] already: their means.
  func write(_ source: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>) {
    let volume = Float(factor.box * factor.box * factor.box)
    fill(into: result) { z, y, x in
      var sum: Float = 0
      forEach(z, y, x) { sum += source[$0] }
      return sum / volume
    }
  }

  /// The places of the voxels of a source box, in their order.
  @inline(__always)
  private func forEach(_ z: Int, _ y: Int, _ x: Int, _ body: (_ place: Int) -> Void) {
    let box = factor.box
    let first = (z &* box &* extent.height &+ y &* box) &* extent.width &+ x &* box
    // Most volumes have the size that is asked for.
    guard box > 1 else { return body(first) }
    for layer in 0..<box {
      for row in 0..<box {
        let start = first &+ (layer &* extent.height &+ row) &* extent.width
        for column in 0..<box { body(start &+ column) }
      }
    }
  }

  /// Writes the value of each source box to its cube of the result, -1 around them.
  @inline(__always)
  private func fill(
    into result: UnsafeMutablePointer<Float>, _ boxValue: (_ z: Int, _ y: Int, _ x: Int) -> Float
  ) {
    result.update(repeating: -1, count: size &* size &* size)
    let repeats = factor.repeats
    let margins = extent.sides.map { (size - factor.side($0)) / 2 }
    let corner = result + ((margins[0] * size + margins[1]) * size + margins[2])
    let columns = extent.width / factor.box
    for z in 0..<extent.depth / factor.box {
      for y in 0..<extent.height / factor.box {
        let line = corner + (z &* repeats &* size &+ y &* repeats) &* size
        for x in 0..<columns {
          let value = boxValue(z, y, x)
          for column in 0..<repeats { line[x &* repeats &+ column] = value }
        }
        for copy in 1..<repeats &* repeats {
          let place = (copy / repeats &* size &+ copy % repeats) &* size
          (line + place).update(from: line, count: columns &* repeats)
        }
      }
    }
  }
}
