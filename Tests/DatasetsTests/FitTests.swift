import Datasets
import Testing

@Suite struct FitTests {
  /// One image of `height` x `width`, delivered at `size`.
  private static func fitted(
    _ pixels: [UInt8], height: Int, width: Int, size: Int, channels: Int = 1
  ) throws -> [Float] {
    let folder = TemporaryFolder()
    folder.write(idx([1, height, width], pixels), "x-idx3-ubyte")
    return try open(folder.path, size: size, channels: channels).sample(0).pixels
  }

  @Test("28 pixels are centred in 32 on black")
  func padded() throws {
    let result = try Self.fitted([UInt8](repeating: 255, count: 784), height: 28, width: 28, size: 32)
    for y in 0..<32 {
      for x in 0..<32 {
        let isInside = (2..<30).contains(y) && (2..<30).contains(x)
        #expect(result[32 * y + x] == (isInside ? 1 : -1))
      }
    }
  }

  @Test("a smaller image is enlarged by the largest whole factor")
  func enlarged() throws {
    let result = try Self.fitted([51, 102, 153, 204], height: 2, width: 2, size: 7)
    for y in 0..<7 {
      for x in 0..<7 {
        let isInside = y < 6 && x < 6
        #expect(result[7 * y + x] == (isInside ? scaled([51, 102, 153, 204][y / 3 * 2 + x / 3]) : -1))
      }
    }
  }

  @Test("a larger image is averaged over boxes")
  func averaged() throws {
    let pixels: [UInt8] = [0, 4, 100, 100, 8, 12, 100, 104, 255, 255, 0, 0, 255, 255, 0, 1]
    #expect(
      try Self.fitted(pixels, height: 4, width: 4, size: 2)
        == [24, 404, 1020, 1].map { Float($0) / 510 - 1 })
  }

  @Test("an oblong image keeps its shape")
  func oblong() throws {
    let result = try Self.fitted([255, 255, 255, 255, 255, 255, 255, 255], height: 2, width: 4, size: 2)
    #expect(result == [1, 1, -1, -1])
    #expect(
      try Self.fitted([255, 255], height: 2, width: 1, size: 4).enumerated().allSatisfy { index, value in
        value == ((1..<3).contains(index % 4) ? 1 : -1)
      })
  }

  @Test("grey is repeated in three channels, innermost")
  func repeated() throws {
    let result = try Self.fitted([51, 102, 153, 204], height: 2, width: 2, size: 2, channels: 3)
    #expect(result == [51, 51, 51, 102, 102, 102, 153, 153, 153, 204, 204, 204].map(scaled))
  }

  @Test("resampling gives the numbers that Pillow's bicubic gives for floats, smaller and larger")
  func resampled() throws {
    let folder = TemporaryFolder()
    // Image.fromarray(values).crop(window).resize((4, 4), Image.BICUBIC), cut off at -1 and 1.
    let smaller: [Float] = [
      0.098055, -0.046434, -0.262323, 0.035457, -0.10568, 0.044237, 0.055967, -0.121316, 0.079479, -0.0567,
      0.100387, 0.198592, 0.158105, 0.272147, -0.028263, 0.073862,
    ]
    let larger: [Float] = [
      1, 1, 0.207182, -1, -0.32632, 0.682296, 0.907109, 0.207182, -1, -0.32895, 0.682296, 1, -0.994542, -1,
      -0.32632, 1,
    ]
    for (height, width, bytes, expected) in [
      (12, 9, (0..<108).map { UInt8(truncatingIfNeeded: 37 * $0) }, smaller),
      (3, 3, [255, 255, 0, 0, 255, 255, 0, 0, 255], larger),
    ] {
      let path = folder.write(idx([1, height, width], bytes), "x-idx3-ubyte")
      let data = try Datasets.open(DatasetRequest(source: path, size: 4, channels: 1, resize: .crop))
      let worst = try zip(data.sample(0).pixels, expected).map { abs($0 - $1) }.max()!
      #expect(worst < 2e-6, "\(height) x \(width): \(worst)")
    }
  }

  @Test("colours are resampled as each of their planes is, and to grey as their luma")
  func resampledColours() throws {
    let folder = TemporaryFolder()
    func resampled(_ shape: String, _ bytes: [UInt8], channels: Int) throws -> [Float] {
      let path = folder.write(npy("|u1", shape, bytes), "x.npy")
      let request = DatasetRequest(source: path, size: 3, channels: channels, resize: .crop)
      return try Datasets.open(request).sample(0).pixels
    }
    // From 64 to 191: no edge overshoots the range.
    let planes = [5, 37, 101].map { step in (0..<24).map { UInt8(64 + step * $0 % 128) } }
    let each = try planes.map { try resampled("(1, 6, 4)", $0, channels: 1) }
    let pixels = (0..<24).flatMap { place in planes.map { $0[place] } }
    #expect(
      try resampled("(1, 6, 4, 3)", pixels, channels: 3)
        == (0..<9).flatMap { place in each.map { $0[place] } })
    for (place, grey) in try resampled("(1, 6, 4, 3)", pixels, channels: 1).enumerated() {
      let luma = 0.299 * each[0][place] + 0.587 * each[1][place] + 0.114 * each[2][place]
      #expect(abs(grey - luma) < 1e-6, "\(place)")
    }
  }

  @Test("any other size is an error that says which size would do")
  func unsuitable() {
    for (height, width, size) in [(48, 48, 32), (64, 63, 32), (33, 33, 32)] {
      let error = failure {
        _ = try Self.fitted(
          [UInt8](repeating: 0, count: height * width), height: height, width: width, size: size)
      }
      #expect(error?.kind == .unsuitable)
      #expect(error?.description.contains("images of \(height) x \(width) do not fit size 32") == true)
    }
    for (size, channels) in [(0, 1), (-1, 1), (1 << 40, 1), (4, 2)] {
      #expect(failure { _ = try open("pottery", size: size, channels: channels) }?.kind == .unsuitable)
    }
  }
}
