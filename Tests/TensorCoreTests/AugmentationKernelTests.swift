import TensorCore
import Testing

@Suite("Maps that differ from image to image")
struct AugmentationKernelTests {
  private static let placements: [PixelPlacement] = [false, true].flatMap { isMirrored in
    (0..<4).flatMap { turns in
      [(0, 0), (2, -1), (-3, 4), (1, 0), (0, -4)].map { down, right in
        var placement = PixelPlacement()
        placement.isMirrored = isMirrored
        placement.quarterTurns = turns
        placement.down = down
        placement.right = right
        return placement
      }
    }
  }

  private static func images(_ count: Int, channels: Int, seed: UInt64) -> Tensor {
    KeyedNoise(seed: seed, purpose: .synthetic, turn: 0).normal([count, 5, 5, channels])
  }

  /// Pixel by pixel: mirrored, turned once a quarter, then shifted.
  private static func naive(
    _ image: [[[Float]]], _ placement: PixelPlacement, _ border: PixelPlacement.Border
  ) -> [[[Float]]] {
    let side = image.count
    var result = placement.isMirrored ? image.map { $0.reversed() } : image
    for _ in 0..<placement.quarterTurns {
      result = (0..<side).map { y in (0..<side).map { x in result[x][side - 1 - y] } }
    }
    func inside(_ place: Int) -> Int? {
      if (0..<side).contains(place) { return place }
      guard border == .mirrored else { return nil }
      return place < 0 ? -place : 2 * (side - 1) - place
    }
    let channels = image[0][0].count
    return (0..<side).map { y in
      (0..<side).map { x in
        guard let row = inside(y - placement.down), let column = inside(x - placement.right) else {
          return [Float](repeating: 0, count: channels)
        }
        return result[row][column]
      }
    }
  }

  @Test(
    "an image is mirrored, turned counter-clockwise and shifted, with zeros or its mirror image behind it",
    arguments: [1, 3], [PixelPlacement.Border.zero, .mirrored])
  func placement(channels: Int, border: PixelPlacement.Border) {
    let images = Self.images(Self.placements.count, channels: channels, seed: 1)
    let placed = images.placed(Self.placements, border: border).scalars
    let values = images.scalars
    for (index, placement) in Self.placements.enumerated() {
      let image = (0..<5).map { y in
        (0..<5).map { x in
          (0..<channels).map { values[((index * 5 + y) * 5 + x) * channels + $0] }
        }
      }
      let expected = Self.naive(image, placement, border).flatMap { $0.flatMap { $0 } }
      let length = 25 * channels
      #expect(Array(placed[index * length..<(index + 1) * length]) == expected, "\(placement)")
    }
  }

  @Test("the adjoint of a placement is one", arguments: [1, 3], [PixelPlacement.Border.zero, .mirrored])
  func adjoint(channels: Int, border: PixelPlacement.Border) {
    let x = Self.images(Self.placements.count, channels: channels, seed: 2)
    let y = Self.images(Self.placements.count, channels: channels, seed: 3)
    let left = Self.products(x.placed(Self.placements, border: border), y)
    let right = Self.products(x, y.unplaced(Self.placements, border: border))
    for (a, b) in zip(left, right) { #expect(abs(a - b) < 1e-4) }
  }

  @Test("an oblong image is shifted and turned half round")
  func oblong() {
    var placement = PixelPlacement()
    placement.quarterTurns = 2
    placement.right = 1
    let image = Tensor([1, 2, 3, 4, 5, 6], shape: [1, 2, 3, 1])
    #expect(image.placed([placement], border: .zero).scalars == [0, 6, 5, 0, 3, 2])
  }

  @Test("values become a combination of themselves, of their pixel's mean and of their image's")
  func colours() {
    var change = ColourChange()
    (change.own, change.pixelMean, change.imageMean, change.offset) = (2, 0.5, -0.25, 1)
    let image = Tensor([1, 2, 3, 6], shape: [1, 1, 2, 2])
    // Pixel means 1.5 and 4.5, image mean 3.
    #expect(image.recoloured([change]).scalars == [3, 5, 8.5, 14.5])
    #expect(image.recoloured([change.linear]).scalars == [2, 4, 7.5, 13.5])
    let grey = Tensor([1, 2, 3, 6], shape: [1, 2, 2, 1])
    #expect(grey.recoloured([change]).scalars == [2.75, 5.25, 7.75, 15.25])
  }

  @Test("the linear part of a change of colours is its own adjoint", arguments: [1, 3])
  func symmetry(channels: Int) {
    var numbers = KeyedNoise(seed: 4, purpose: .synthetic, turn: 0).normal([6, 3]).scalars[...]
    let changes = (0..<6).map { _ in
      var change = ColourChange()
      change.own = numbers.removeFirst()
      change.pixelMean = numbers.removeFirst()
      change.imageMean = numbers.removeFirst()
      return change
    }
    let x = Self.images(6, channels: channels, seed: 5)
    let y = Self.images(6, channels: channels, seed: 6)
    for (a, b) in zip(Self.products(x.recoloured(changes), y), Self.products(x, y.recoloured(changes))) {
      #expect(abs(a - b) < 1e-3)
    }
  }

  @Test("a box is cut out of each image, none from some")
  func erased() {
    let images = Tensor(repeating: 1, shape: [2, 5, 5, 2])
    let result = images.erased([PixelBox(rows: 1..<3, columns: 3..<5), .none]).scalars
    for index in 0..<50 {
      let (y, x) = (index / 10, index % 10 / 2)
      #expect(result[index] == ((1..<3).contains(y) && (3..<5).contains(x) ? 0 : 1))
    }
    #expect(result[50...].allSatisfy { $0 == 1 })
  }

  /// One inner product an image.
  private static func products(_ x: Tensor, _ y: Tensor) -> [Double] {
    let (a, b, length) = (x.scalars, y.scalars, x.count / x.shape[0])
    return (0..<x.shape[0]).map { image in
      (image * length..<(image + 1) * length).reduce(0) { $0 + Double(a[$1]) * Double(b[$1]) }
    }
  }
}
