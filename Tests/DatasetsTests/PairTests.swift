import Datasets
import TensorCore
import Testing

@Suite("Pairs of images side by side")
struct PairTests {
  private static func request(
    _ source: String, size: Int, channels: Int = 1, resize: ResizeMode = .none
  ) -> DatasetRequest {
    DatasetRequest(source: source, size: size, channels: channels, isPaired: true, resize: resize)
  }

  /// A pair of `side` whose halves have these pixels.
  private static func pair(_ left: [UInt8], _ right: [UInt8], side: Int, channels: Int = 1) -> [UInt8] {
    Fixture.png(side, 2 * side, beside(left, right, row: side * channels), channels: channels)
  }

  /// The rows of two images, each with that of the other behind it.
  private static func beside<Value>(_ left: [Value], _ right: [Value], row: Int) -> [Value] {
    stride(from: 0, to: left.count, by: row).flatMap { start -> [Value] in
      Array(left[start..<start + row]) + Array(right[start..<start + row])
    }
  }

  @Test(
    "an image of two colours keeps them apart, whatever size it is brought to",
    arguments: [(4, .none), (2, .none), (9, .none), (3, .crop), (7, .pad)] as [(Int, ResizeMode)])
  func colours(size: Int, resize: ResizeMode) throws {
    let folder = TemporaryFolder()
    let (red, blue): ([UInt8], [UInt8]) = ([255, 0, 0], [0, 0, 255])
    let halves = [red, blue].map { colour in (0..<16).flatMap { _ in colour } }
    folder.write(Self.pair(halves[0], halves[1], side: 4, channels: 3), "a.png")
    let data = try Datasets.open(Self.request(folder.path, size: size, channels: 3, resize: resize))
    #expect(data.sampleShape == [size, 2 * size, 3])
    let pixels = try data.sample(0).pixels
    // 4 pixels are enlarged to 8 of 9, on black.
    let filled = size == 9 ? 0..<8 : 0..<size
    for row in filled {
      for column in 0..<2 * size where filled.contains(column % size) {
        let place = 3 * (row * 2 * size + column)
        let wanted: [Float] = column < size ? [1, -1, -1] : [-1, -1, 1]
        let isNear = zip(pixels[place..<place + 3], wanted).allSatisfy { abs($0 - $1) < 1e-5 }
        #expect(isNear, "\(pixels[place..<place + 3]) at \(row), \(column)")
      }
    }
  }

  @Test("a half is delivered as it would be alone", arguments: [ResizeMode.none, .crop])
  func halves(resize: ResizeMode) throws {
    let (folder, alone) = (TemporaryFolder(), TemporaryFolder())
    let halves = [37, 101].map { step in (0..<64).map { UInt8(truncatingIfNeeded: step * $0) } }
    folder.write(Self.pair(halves[0], halves[1], side: 8), "cat/a.png")
    folder.write(Self.pair(halves[1], halves[0], side: 8), "dog/a.png")
    for (name, half) in zip(["a.png", "b.png"], halves) { alone.write(Fixture.png(8, 8, half), name) }
    let pairs = try Datasets.open(Self.request(folder.path, size: 4, resize: resize))
    #expect(pairs.labelCount == 2 && pairs.classNames == ["cat", "dog"])
    let squares = try Datasets.open(
      DatasetRequest(source: alone.path, size: 4, channels: 1, resize: resize))
    let (left, right) = (try squares.sample(0).pixels, try squares.sample(1).pixels)
    let sample = try pairs.sample(0)
    #expect(sample.label == 0)
    #expect(sample.pixels == Self.beside(left, right, row: 4))
    #expect(try pairs.sample(1).label == 1)
  }

  @Test("arrays have pairs too, and what has none is refused by name")
  func sources() throws {
    let folder = TemporaryFolder()
    let pixels = (0..<64).map { UInt8($0) }
    let pairs = folder.write(npy("|u1", "(2, 4, 8)", pixels), "pairs.npy")
    #expect(try Datasets.open(Self.request(pairs, size: 4)).sample(1).pixels == (32..<64).map(scaled))
    let squares = folder.write(npy("|u1", "(4, 4, 4)", pixels), "squares.npy")
    let text = folder.write(Array("abcabc".utf8), "abc.txt")
    for (source, problem) in [
      (squares, "an image of 4 x 4 "), (text, "text, "), ("pottery", "embedded data"),
      ("ring", "embedded data"),
    ] {
      let error = failure { _ = try Datasets.open(Self.request(source, size: 4)) }
      #expect(
        error?.kind == .unsuitable && error?.description.contains(problem) == true
          && error?.description.contains(source) == true, "\(error as Any)")
    }
    var stacked = Self.request(pairs, size: 4, channels: 3)
    stacked.stack = 3
    #expect(failure { _ = try Datasets.open(stacked) }?.kind == .unsuitable)
  }

  @Test("an image in a folder that is no pair is named as it is listed, resized or not")
  func foreign() {
    let folder = TemporaryFolder()
    let grey = [UInt8](repeating: 9, count: 64)
    folder.write(Self.pair(grey, grey, side: 4), "a.png")
    folder.write(Fixture.png(4, 7, grey), "b.png")
    for resize in ResizeMode.allCases {
      let error = failure { _ = try Datasets.open(Self.request(folder.path, size: 4, resize: resize)) }
      #expect(error?.kind == .unsuitable, "\(error as Any)")
      for part in ["an image of 4 x 7 ", "b.png", "twice as wide as high"] {
        #expect(error?.description.contains(part) == true, "\(error as Any)")
      }
    }
  }

  @Test("pairs that do not fit are named with their own size")
  func unsuitable() {
    let folder = TemporaryFolder()
    let grey = [UInt8](repeating: 9, count: 25)
    folder.write(Self.pair(grey, grey, side: 5), "a.png")
    let error = failure { _ = try Datasets.open(Self.request(folder.path, size: 4)) }
    #expect(error?.kind == .unsuitable)
    #expect(error?.description.contains("pairs of 5 x 10 do not fit size 4") == true, "\(error as Any)")
    #expect(error?.description.contains("size=5") == true, "\(error as Any)")
  }

  @Test("where one of many pairs is damaged, the check that is advised knows that they are pairs")
  func damaged() {
    let folder = TemporaryFolder()
    let grey = [UInt8](repeating: 9, count: 16)
    folder.write(Array(Self.pair(grey, grey, side: 4).dropLast(20)), "a.png")
    let error = failure { _ = try Datasets.open(Self.request(folder.path, size: 4)) }
    #expect(
      error?.description.contains("`lockstep data check --any-size --pairs`") == true, "\(error as Any)")
  }

  @Test("what is shown may be given alone or as pairs, of any size that data may have")
  func given() throws {
    let folder = TemporaryFolder()
    let halves = [37, 101].map { step in (0..<64).map { UInt8(truncatingIfNeeded: step * $0) } }
    let pair = folder.write(Self.pair(halves[0], halves[1], side: 8), "pairs/a.png")
    let square = folder.write(Fixture.png(8, 8, halves[1]), "square.png")
    let request = Self.request("anything", size: 4)
    let pairs = try PartialSamples.read(pair, fittedTo: request)
    #expect(pairs.shape == [1, 4, 8, 2] && pairs.channels(1..<2).scalars.allSatisfy { $0 == 1 })
    #expect(pairs.scalars == (try PartialSamples.read(folder.path + "/pairs", fittedTo: request)).scalars)
    let data = try Datasets.open(Self.request(folder.path + "/pairs", size: 4))
    #expect(pairs.channels(0..<1).scalars == (try data.sample(0)).pixels)
    let shown = try PartialSamples.read(square, fittedTo: request)
    #expect(shown.shape == [1, 4, 4, 2])
    #expect(pairs.reshaped([4, 16]).channels(8..<16).scalars == shown.scalars)

    folder.write(Fixture.png(8, 8, halves[0]), "pairs/b.png")
    let oblong = folder.write(Fixture.png(8, 9, [UInt8](repeating: 0, count: 72)), "oblong.png")
    let odd = folder.write(Fixture.png(5, 5, [UInt8](repeating: 0, count: 25)), "odd.png")
    for (path, problem) in [
      (folder.path + "/pairs", "squares alone"), (oblong, "an image of 8 x 9"), (odd, "do not fit size 4"),
    ] {
      let error = failure { _ = try PartialSamples.read(path, fittedTo: request) }
      #expect(error?.description.contains(problem) == true, "\(path): \(error as Any)")
    }
    // As data are read, on black.
    let (clear, black) = (
      folder.write(
        Fixture.png(8, 8, (0..<64).flatMap { [UInt8(200), $0 == 9 ? 0 : 255] }, channels: 2), "clear.png"),
      folder.write(Fixture.png(8, 8, (0..<64).map { $0 == 9 ? UInt8(0) : 200 }), "black.png")
    )
    let read = try [clear, black].map { try PartialSamples.read($0, fittedTo: request).scalars }
    #expect(read[0] == read[1])
  }
}
