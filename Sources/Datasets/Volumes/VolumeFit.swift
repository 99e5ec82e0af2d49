/// How a volume becomes floats: a cube, as ``PixelFit`` makes a square of an image, enlarged by the largest
/// whole factor, or averaged over whole boxes; centred, the rest empty (-1). Or a small one of about its own
/// form, to look at.
struct VolumeFit: Sendable {
  let extent: VolumeExtent
  /// The sides of the result.
  let result: VolumeExtent
  /// What it does to volumes: nothing, `scaled`, `padded` or both.
  private let changes: [String]
  /// The sides of the box of source voxels that one value averages.
  private let box: VolumeExtent
  /// The side of the cube of values that one source voxel fills.
  private let repeats: Int

  /// The fit to a cube.
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
    result = extent.mapped { _ in size }
    changes = factor.changes(sides: extent.sides, size: size)
    box = extent.mapped { _ in factor.box }
    repeats = factor.repeats
  }

  /// The means over the least boxes that leave no side longer than `longest`. Voxels at the ends that fill no
  /// box are left out; where a side is shorter than the box, so is the box.
  init(_ extent: VolumeExtent, longest: Int) {
    let side = (extent.sides.max()! + longest - 1) / longest
    self.extent = extent
    box = extent.mapped { min($0, side) }
    result = extent.mapped { max(1, $0 / side) }
    changes = side > 1 ? ["scaled"] : []
    repeats = 1
  }

  /// What it does to volumes, as a run tells it; nil if nothing.
  var remark: String? {
    changes.isEmpty ? nil : "\(changes.joined(separator: " and ")) from \(extent.sizes)"
  }

  /// Writes the values of ``result`` in [-1, 1].
  /// - Parameters:
  ///   - source: the volume's bytes.
  ///   - full: the byte that becomes 1; 0 becomes -1.
  func write(_ source: UnsafePointer<UInt8>, full: Int, into values: UnsafeMutablePointer<Float>) {
    // The sum is exact, and the quotient of whole numbers rounded once.
    let halfRange = Float(full * box.count) / 2
    fill(into: values) { z, y, x in
      var sum = 0
      forEach(z, y, x) { sum &+= Int(source[$0]) }
      return Float(sum) / halfRange - 1
    }
  }

  /// The same of values that are numbers in [-1, 1] already: their means.
  func write(_ source: UnsafePointer<Float>, into values: UnsafeMutablePointer<Float>) {
    let volume = Float(box.count)
    fill(into: values) { z, y, x in
      var sum: Float = 0
      forEach(z, y, x) { sum += source[$0] }
      return sum / volume
    }
  }

  /// The places of the voxels of a source box, in their order.
  @inline(__always)
  private func forEach(_ z: Int, _ y: Int, _ x: Int, _ body: (_ place: Int) -> Void) {
    let first = (z &* box.depth &* extent.height &+ y &* box.height) &* extent.width &+ x &* box.width
    // Most volumes have the size that is asked for.
    guard box.count > 1 else { return body(first) }
    for layer in 0..<box.depth {
      for row in 0..<box.height {
        let start = first &+ (layer &* extent.height &+ row) &* extent.width
        for column in 0..<box.width { body(start &+ column) }
      }
    }
  }

  /// Writes the value of each source box to its cube of the result, -1 around them.
  @inline(__always)
  private func fill(
    into values: UnsafeMutablePointer<Float>, _ boxValue: (_ z: Int, _ y: Int, _ x: Int) -> Float
  ) {
    values.update(repeating: -1, count: result.count)
    let (layers, rows, columns) = (
      extent.depth / box.depth, extent.height / box.height, extent.width / box.width
    )
    func margin(_ side: Int, _ boxes: Int) -> Int { (side - boxes * repeats) / 2 }
    let top = margin(result.depth, layers) * result.height + margin(result.height, rows)
    let corner = values + (top * result.width + margin(result.width, columns))
    for z in 0..<layers {
      for y in 0..<rows {
        let line = corner + (z &* repeats &* result.height &+ y &* repeats) &* result.width
        for x in 0..<columns {
          let value = boxValue(z, y, x)
          for column in 0..<repeats { line[x &* repeats &+ column] = value }
        }
        for copy in 1..<repeats &* repeats {
          let place = (copy / repeats &* result.height &+ copy % repeats) &* result.width
          (line + place).update(from: line, count: columns &* repeats)
        }
      }
    }
  }
}
