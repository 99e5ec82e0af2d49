import Reporting
import TensorCore
import Testing

@Suite("Volume grids")
struct VolumeGridTests {
  /// The sum of a pixel's samples.
  private func level(_ picture: Pixels, _ x: Int, _ y: Int) -> Int {
    picture.samples[(y * picture.width + x) * 3..<(y * picture.width + x) * 3 + 3].reduce(0) { $0 + Int($1) }
  }

  /// The places of pixels that are not white.
  private func drawn(_ picture: Pixels) -> [(x: Int, y: Int)] {
    (0..<picture.width * picture.height).map { ($0 % picture.width, $0 / picture.width) }
      .filter { level(picture, $0.0, $0.1) < 3 * 255 }
  }

  @Test("a ball is a disc in the middle, as large as it is in the volume")
  func disc() {
    let picture = VolumeGrid.pixels(ofOne: VolumeSamples.ball(12))
    #expect((picture.width, picture.height, picture.channels) == (256, 256, 3))
    // The turned volume fills the picture: it is sin 25 (sin 30 + cos 30) + cos 25 times as tall as its side.
    let radius: Double = 12 * 256 / (32 * 1.48362)
    var wrong: [String] = []
    for y in 0..<256 {
      for x in 0..<256 {
        let (right, down) = (Double(x) - 127.5, Double(y) - 127.5)
        let distance = (right * right + down * down).squareRoot()
        let isDrawn = level(picture, x, y) < 3 * 255
        if isDrawn ? distance > radius + 2 : distance < radius - 2 { wrong.append("\(x), \(y)") }
      }
    }
    #expect(wrong.isEmpty)
  }

  @Test("the pixels are the same bits as when they were recorded, in both sizes")
  func recorded() {
    // FNV-1a.
    func digest(_ picture: Pixels) -> UInt64 {
      picture.samples.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
    let vessel = VolumeSamples.vessel()
    #expect(digest(VolumeGrid.pixels(ofOne: vessel)) == 8_026_082_466_960_542_605)
    let cell = VolumeGrid().pixels(of: Tensor(stacking: 1) { _ in vessel })
    #expect(digest(cell) == 756_976_017_102_167_522)
  }

  @Test("light comes from the upper left, and the colour is that of clay")
  func light() {
    let picture = VolumeGrid.pixels(ofOne: VolumeSamples.ball(12))
    let (upperLeft, upperRight) = (level(picture, 100, 100), level(picture, 155, 100))
    let (lowerLeft, lowerRight) = (level(picture, 100, 155), level(picture, 155, 155))
    #expect(upperLeft > upperRight && upperLeft > lowerLeft)
    #expect(upperRight > lowerRight && lowerLeft > lowerRight)
    let clay = drawn(picture).allSatisfy { x, y in
      let pixel = picture.samples[(y * 256 + x) * 3..<(y * 256 + x) * 3 + 3]
      return pixel.elementsEqual(pixel.sorted(by: >))
    }
    #expect(clay)
  }

  @Test("a smooth surface is shaded smoothly")
  func smoothness() {
    let picture = VolumeGrid.pixels(ofOne: VolumeSamples.ball(12))
    // Within a square on the disc, whose levels fall by some 350 from corner to corner.
    let steps = (90..<165).flatMap { y in
      (90..<165).flatMap { x in
        [level(picture, x + 1, y), level(picture, x, y + 1)].map { abs($0 - level(picture, x, y)) }
      }
    }
    #expect(steps.allSatisfy { $0 < 20 })
  }

  @Test("layers go from the top, rows come to the front, columns go to the right")
  func directions() {
    func middle(_ isFull: (_ z: Int, _ y: Int, _ x: Int) -> Bool) -> (x: Int, y: Int) {
      let picture = VolumeGrid.pixels(ofOne: VolumeSamples.volume(16) { isFull($0, $1, $2) ? 1 : -1 })
      let places = drawn(picture)
      return (
        places.reduce(0) { $0 + $1.x } / places.count - 128,
        places.reduce(0) { $0 + $1.y } / places.count - 128
      )
    }
    func isCentral(_ index: Int) -> Bool { (6..<10).contains(index) }
    let top = middle { z, y, x in z < 4 && isCentral(y) && isCentral(x) }
    #expect(abs(top.x) < 3 && top.y < -40)
    let front = middle { z, y, x in y >= 12 && isCentral(z) && isCentral(x) }
    #expect(front.x < -20 && front.y > 15)
    let right = middle { z, y, x in x >= 12 && isCentral(z) && isCentral(y) }
    #expect(right.x > 40 && right.y > 10)
  }

  @Test("nothing is drawn of an empty volume")
  func empty() {
    let picture = VolumeGrid.pixels(ofOne: Tensor(repeating: -1, shape: [8, 8, 8, 1]))
    #expect(picture.samples.allSatisfy { $0 == 255 })
  }

  @Test("cells lie as those of an image grid, each with the picture of its volume")
  func layout() {
    let volumes = [VolumeSamples.ball(12), VolumeSamples.shell(6, 8), VolumeSamples.ball(5)]
    let picture = VolumeGrid(columns: 2).pixels(of: Tensor(stacking: 3) { volumes[$0] })
    let images = ImageGrid(columns: 2).pixels(of: Tensor(repeating: 1, shape: [3, 96, 96, 3]))
    #expect((picture.width, picture.height, picture.channels) == (images.width, images.height, 3))
    // The grey around cells, and where a fourth would be.
    #expect(zip(picture.samples, images.samples).allSatisfy { $1 == 255 || $0 == $1 })
    for (cell, volume) in volumes.enumerated() {
      let alone = VolumeGrid(columns: 1).pixels(of: volume.reshaped([1, 32, 32, 32, 1]))
      #expect((alone.width, alone.height) == (100, 100))
      let (left, top) = (2 + cell % 2 * 98, 2 + cell / 2 * 98)
      // Upright, as light shows.
      #expect(level(alone, 44, 44) > level(alone, 56, 56))
      for y in 0..<96 {
        let start = ((top + y) * picture.width + left) * 3
        let row = ((2 + y) * 100 + 2) * 3
        #expect(picture.samples[start..<start + 288] == alone.samples[row..<row + 288])
      }
    }
    let nearest = VolumeGrid().pixels(of: Tensor(repeating: -1, shape: [5, 4, 4, 4, 1]))
    #expect((nearest.width, nearest.height) == (3 * 98 + 2, 2 * 98 + 2))
  }

  @Test("NaN is empty, and values outside [-1, 1] are clamped")
  func clamping() {
    let ball = VolumeSamples.ball(6.3)
    let replaced = Tensor(
      ball.scalars.enumerated().map { index, value in
        if value == 1 { return index.isMultiple(of: 2) ? 9 : .infinity }
        if value == -1 { return index.isMultiple(of: 2) ? .nan : -.infinity }
        return value
      }, shape: ball.shape)
    #expect(VolumeGrid.pixels(ofOne: replaced) == VolumeGrid.pixels(ofOne: ball))
    let nothing = Tensor(repeating: .nan, shape: [4, 4, 4, 1])
    #expect(VolumeGrid.pixels(ofOne: nothing).samples.allSatisfy { $0 == 255 })
  }

  @Test("one looks into an open vessel, and it is dark inside")
  func vessel() {
    func cup(_ inner: Float) -> Pixels {
      VolumeGrid.pixels(
        ofOne: VolumeSamples.volume(32) { z, y, x in
          let distance = VolumeSamples.distance(z, y, x)
          return z >= 11 && distance <= 13 && distance >= inner ? 1 : -1
        })
    }
    let (hollow, solid) = (cup(11), cup(0))
    #expect(drawn(hollow).count > drawn(solid).count * 95 / 100)
    // The mouth's middle, 5 voxels above that of the volume, is 25 pixels above that of the picture.
    #expect(level(hollow, 128, 103) < level(solid, 128, 103) * 3 / 4)
    // The wall outside, at the front, is lit alike.
    #expect(abs(level(hollow, 115, 165) - level(solid, 115, 165)) < 15)
  }

  @Test("an oblique wall of voxels that meet along edges alone has no gaps")
  func thinWall() {
    let picture = VolumeGrid.pixels(ofOne: VolumeSamples.volume(24) { z, y, x in z == x ? 1 : -1 })
    let places = drawn(picture)
    let rows = (0..<256).map { y in places.filter { $0.y == y }.map(\.x) }.filter { !$0.isEmpty }
    #expect(rows.count > 100)
    #expect(rows.allSatisfy { $0[$0.count - 1] - $0[0] == $0.count - 1 })
  }

  @Test("volumes that are no cubes are drawn whole")
  func extents() {
    for shape in [[4, 20, 6, 1], [20, 4, 6, 1], [4, 6, 20, 1]] as [Shape] {
      let picture = VolumeGrid.pixels(ofOne: Tensor(repeating: 1, shape: shape))
      let places = drawn(picture)
      #expect(places.count > 3000)
      #expect(places.allSatisfy { 1..<255 ~= $0.x && 1..<255 ~= $0.y })
      let (left, right) = (places.map(\.x).min() ?? 0, places.map(\.x).max() ?? 0)
      let (top, bottom) = (places.map(\.y).min() ?? 0, places.map(\.y).max() ?? 0)
      #expect(max(right - left, bottom - top) > 225)
      #expect(abs(left + right - 255) < 3 && abs(top + bottom - 255) < 3)
    }
  }
}
