import Datasets
import Testing

@Suite struct PotteryTests {
  /// FNV-1a over the bits of all values.
  private static func digest(_ data: Pottery, _ indices: Range<Int>) throws -> UInt64 {
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in indices {
      for value in try data.sample(index).pixels {
        digest = (digest ^ UInt64(value.bitPattern)) &* 0x100_0000_01B3
      }
    }
    return digest
  }

  @Test("the vessels are the same bits as when they were recorded")
  func recorded() throws {
    let (grey, colour) = try (
      Self.digest(Pottery(size: 32), 0..<200), Self.digest(Pottery(size: 64, channels: 3), 0..<40)
    )
    #expect(grey == 5077587225965385184)
    #expect(colour == 2405080728709445659)
  }

  @Test("eight classes in turn, none looks like another")
  func classes() throws {
    let data = Pottery(count: 800, size: 32)
    #expect(data.labelCount == 8 && Pottery.classNames.count == 8)
    var means = [[Float]](repeating: [Float](repeating: 0, count: 1024), count: 8)
    for index in 0..<400 {
      let (pixels, label) = try data.sample(index)
      #expect(label == Int32(index % 8))
      for (pixel, value) in pixels.enumerated() { means[Int(label)][pixel] += value / 50 }
    }
    // The nearest class mean names the class of nearly every other vessel.
    let right = try (400..<800).filter { index in
      let (pixels, label) = try data.sample(index)
      let distances = means.map { mean in
        zip(mean, pixels).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      }
      return distances.firstIndex(of: distances.min()!)! == Int(label)
    }
    #expect(right.count > 320, "\(right.count) of 400")
  }

  @Test("every value lies in -1...1, every vessel within the frame, no two alike")
  func range() throws {
    let data = Pottery(size: 32)
    var seen: Set<[Float]> = []
    for index in 0..<400 {
      let pixels = try data.sample(index).pixels
      #expect(pixels.allSatisfy { abs($0) <= 1 })
      let frame = (0..<1024).filter { [0, 31].contains($0 % 32) || [0, 31].contains($0 / 32) }
      #expect(frame.allSatisfy { pixels[$0] == -1 }, "vessel \(index) touches the frame")
      #expect(pixels.filter { $0 > -1 }.count > 60)
      seen.insert(pixels)
    }
    #expect(seen.count == 400)
  }

  @Test("any size and both kinds of channels", arguments: [(8, 1), (33, 3), (128, 3)])
  func sizes(size: Int, channels: Int) throws {
    let data = try open("pottery", size: size, channels: channels)
    #expect(data.count == Pottery.defaultCount && data.valuesPerImage == size * size * channels)
    #expect(try data.sample(data.count - 1).pixels.allSatisfy { abs($0) <= 1 })
  }

  @Test("the fingerprint tells counts, sizes and channels apart")
  func fingerprint() {
    let all = [
      Pottery(size: 32), Pottery(size: 64), Pottery(count: 5, size: 32), Pottery(size: 32, channels: 3),
    ]
    #expect(Set(all.map(\.fingerprint)).count == 4)
    #expect(Pottery(size: 32).fingerprint == Pottery(size: 32).fingerprint)
  }
}
