import Datasets
import Foundation
import Testing

@Suite struct ImageFolderTests {
  private static func refused(_ folder: TemporaryFolder, size: Int = 4) -> DatasetError? {
    failure { _ = try open(folder.path, size: size) }
  }

  @Test("sub-folders are labels in byte order, names within them samples in byte order")
  func labels() throws {
    let folder = TemporaryFolder()
    for name in ["b/1.png", "B/2.png", "10/z.PNG", "2/a.png", "2/B.png"] {
      folder.write(Fixture.greyPNG, name)
    }
    folder.write(Fixture.palettePNG, "2/C.png")
    folder.write([1, 2, 3], "2/notes.txt")
    folder.write([1, 2, 3], "2/.hidden.png")
    folder.write([1, 2, 3], "__MACOSX/2/._a.png")
    folder.write([1, 2, 3], ".cache/x.png")
    let data = try open(folder.path, size: 4)
    #expect(data.count == 6 && data.labelCount == 4)
    #expect(try (0..<6).map { try data.sample($0).label } == [0, 1, 1, 1, 2, 3])
    #expect(try data.sample(2).pixels.prefix(4) == ArraySlice([0, 255, 51, 204].map(scaled)))
    #expect(try open(folder.path, size: 4, labelCount: 9).labelCount == 9)
    #expect(failure { _ = try open(folder.path, size: 4, labelCount: 3) }?.kind == .badData)
  }

  @Test("a byte in the middle of a large image shows in the fingerprint")
  func fingerprintCoversEveryByte() throws {
    let folder = TemporaryFolder()
    var bytes = Fixture.png(240, 240, [UInt8](repeating: 7, count: 240 * 240))
    folder.write(bytes, "a.png")
    let before = try open(folder.path, size: 4).fingerprint
    bytes[30_000] = 8
    folder.write(bytes, "a.png")
    #expect(try open(folder.path, size: 4).fingerprint != before)
  }

  @Test("images directly in the folder are unlabelled")
  func unlabelled() throws {
    let folder = TemporaryFolder()
    folder.write(Fixture.greyPNG, "a.png")
    let data = try open(folder.path, size: 4)
    #expect(data.count == 1 && data.labelCount == 0)
    #expect(try data.sample(0).label == -1)
  }

  @Test("images beside folders, folders within folders and empty labels are refused by name")
  func structure() {
    let mixed = TemporaryFolder()
    mixed.write(Fixture.greyPNG, "a.png")
    mixed.write(Fixture.greyPNG, "cat/b.png")
    #expect(Self.refused(mixed)?.description.contains("images beside folders") == true)
    let nested = TemporaryFolder()
    nested.write(Fixture.greyPNG, "train/cat/b.png")
    #expect(Self.refused(nested)?.description.contains("train/cat") == true)
    let empty = TemporaryFolder()
    empty.write(Fixture.greyPNG, "cat/b.png")
    empty.write([0], "dog/notes.txt")
    #expect(Self.refused(empty)?.description.contains("dog") == true)
  }

  @Test("a single image and a table are told from damaged data")
  func foreign() {
    let folder = TemporaryFolder()
    for (bytes, name, advice) in [
      (Fixture.greyPNG, "a.png", "name the folder"), (Fixture.greyJPEG, "b", "name the folder"),
      (Array("1,2\n".utf8), "c.csv", "NumPy array"),
    ] {
      let path = folder.write(bytes, name)
      let error = failure { _ = try open(path, size: 4) }
      #expect(error?.kind == .unsuitable && error?.description.contains(advice) == true, "\(name)")
    }
  }

  @Test("links to images and to folders of them are followed; one that leads nowhere is named")
  func links() throws {
    let outside = TemporaryFolder()
    outside.write(Fixture.greyPNG, "dogs/b.png")
    outside.write(Fixture.greyPNG, "c.png")
    let folder = TemporaryFolder()
    folder.write(Fixture.greyPNG, "cat/a.png")
    func link(_ name: String, _ target: String) throws {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/" + name, withDestinationPath: target)
    }
    try link("cat/aa.png", "a.png")
    try link("cat/c.png", outside.path + "/c.png")
    try link("dog", outside.path + "/dogs")
    let data = try open(folder.path, size: 4)
    #expect(data.count == 4 && data.labelCount == 2 && data.classNames == ["cat", "dog"])
    try link("dog/d.png", "nowhere")
    #expect(Self.refused(folder)?.description.contains("dog/d.png") == true)
  }

  @Test("an image of another size is named when the folder is opened")
  func otherSize() {
    let folder = TemporaryFolder()
    folder.write(Fixture.greyPNG, "a.png")
    folder.write(Fixture.greyJPEG, "b.jpg")
    let text = Self.refused(folder)?.description ?? ""
    #expect(text.contains("an image of 8 x 8 (height x width), the most common size is 4 x 4"))
    #expect(text.contains("b.jpg"))
  }

  @Test("images of other sizes are told from other faults, and held against the size that most have")
  func otherSizes() throws {
    let folder = TemporaryFolder()
    for (name, height, width) in [
      ("a", 2, 3), ("b", 3, 2), ("c", 3, 2), ("d", 2, 2), ("e", 2, 3), ("f", 3, 2),
    ] {
      folder.write(Fixture.png(height, width, Array(repeating: 9, count: height * width)), "\(name).png")
    }
    folder.write([1, 2, 3], "g.png")
    let problems = SampleProblems(collects: true)
    let request = DatasetRequest(source: folder.path, size: 4, channels: 1)
    #expect(try Datasets.source(request, problems: problems).extent?.sizes == "3 x 2")
    #expect(problems.list.count == 4 && problems.otherSizes == 3)
    let sizes = problems.list.filter { $0.description.contains("common size is 3 x 2") }
    #expect(sizes.count == 3)
    #expect(
      ["a.png", "d.png", "e.png"].allSatisfy { name in sizes.contains { $0.description.contains(name) } })
  }

  /// The JPEG with Exif data of one tag behind its first marker, the orientation (274).
  private static func turned(_ jpeg: [UInt8], _ orientation: UInt8, isBigEndian: Bool) -> [UInt8] {
    let tiff: [UInt8] =
      isBigEndian
      ? [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]
      : [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 18, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]
    let content = Array("Exif".utf8) + [0, 0] + tiff
    return jpeg[..<2] + [0xFF, 0xE1, 0, UInt8(content.count + 2)] + content + jpeg[2...]
  }

  @Test("images that Exif data turn are counted, folder or shards, and taken as they are stored")
  func turned() throws {
    let folder = TemporaryFolder()
    folder.write(Fixture.greyJPEG, "images/plain.jpg")
    let plain = try open(folder.path + "/images", size: 8)
    #expect(plain.remarks == [])
    for orientation: UInt8 in 0...9 {
      folder.write(
        Self.turned(Fixture.greyJPEG, orientation, isBigEndian: true), "images/m\(orientation).jpg")
      folder.write(
        Self.turned(Fixture.greyJPEG, orientation, isBigEndian: false), "images/i\(orientation).jpg")
    }
    let data = try open(folder.path + "/images", size: 8)
    #expect(data.count == 21 && data.remarks == ["14 not turned as Exif says"])
    #expect(try (0..<21).allSatisfy { try data.sample($0).pixels == plain.sample(0).pixels })
    // Lengths and counts that lead out of the data.
    let whole = Self.turned(Fixture.greyJPEG, 6, isBigEndian: true)
    for place in 4..<38 {
      for byte: UInt8 in [0, 1, 0x7F, 0xFF] {
        var bytes = whole
        bytes[place] = byte
        folder.write(bytes, "broken/\(place)-\(byte).jpg")
      }
    }
    let problems = SampleProblems(collects: true)
    let request = DatasetRequest(source: folder.path + "/broken", size: 8, channels: 1)
    #expect(try Datasets.source(request, problems: problems).turnedCount > 0)
  }

  @Test("images of kinds that are not read are counted, in the order of the kinds; other files are not")
  func ignored() throws {
    let folder = TemporaryFolder()
    folder.write(Fixture.greyPNG, "x/a.png")
    folder.write(Fixture.greyPNG, "y/a.png")
    for name in [
      "x/b.webp", "x/c.GIF", "x/d.ppm", "y/d.gif", "y/e.Heic", "y/Thumbs.db", "y/.f.gif", "y/gif",
      "notes.txt",
    ] {
      folder.write([1], name)
    }
    let request = DatasetRequest(source: folder.path, size: 4, channels: 1)
    #expect(try Datasets.source(request).ignored.text == "5 files ignored: 2 gif, 1 heic, 1 ppm, 1 webp")
    #expect(try open(folder.path, size: 4).remarks == ["5 files ignored: 2 gif, 1 heic, 1 ppm, 1 webp"])
    let none = TemporaryFolder()
    none.write([1], "a.webp")
    #expect(Self.refused(none)?.description.contains("image, 1 file ignored: 1 webp") == true)
    #expect(Self.refused(none)?.description.contains("convert its images to PNG or JPEG") == true)
  }

  @Test("what is done to sizes and colours is told from the headers alone")
  func remarks() throws {
    let colour = TemporaryFolder()
    colour.write(Fixture.colourPNG, "a.png")
    func remarks(
      _ folder: TemporaryFolder, _ size: Int, _ resize: ResizeMode = .none, channels: Int = 1
    ) throws -> [String] {
      try Datasets.open(
        DatasetRequest(source: folder.path, size: size, channels: channels, resize: resize)
      ).remarks
    }
    #expect(try remarks(colour, 4, channels: 3) == [])
    #expect(try remarks(colour, 4) == ["made grey"])
    #expect(try remarks(colour, 2) == ["scaled from 4 x 4", "made grey"])
    #expect(try remarks(colour, 3, .crop, channels: 3) == ["scaled from 4 x 4"])
    #expect(try remarks(colour, 6, channels: 3) == ["padded from 4 x 4"])
    colour.write(Fixture.greyJPEG, "b.jpg")
    #expect(try remarks(colour, 4, .crop) == ["cropped and scaled from various sizes", "some made grey"])
    #expect(try remarks(colour, 4, .pad, channels: 3).last == "some made RGB")
    let wide = TemporaryFolder()
    wide.write(Fixture.png(2, 4, Array(repeating: 9, count: 8)), "a.png")
    #expect(try remarks(wide, 4, channels: 3) == ["padded from 2 x 4", "made RGB"])
    #expect(try remarks(wide, 2, .crop) == ["cropped from 2 x 4"])
    let steps = TemporaryFolder()
    steps.write(Fixture.png(2, 6, [0, 0, 255, 255, 0, 0, 0, 0, 255, 255, 0, 0]), "a.png")
    #expect(
      try Datasets.open(DatasetRequest(source: steps.path, size: 2, channels: 1, resize: .crop)).sample(0)
        .pixels == [1, 1, 1, 1])
    #expect(try remarks(wide, 8, .pad) == ["scaled and padded from 2 x 4"])
    for (name, bytes, channels) in [("a.png", Fixture.palettePNG, 3), ("a.jpg", Fixture.colourJPEG, 3)] {
      let folder = TemporaryFolder()
      folder.write(bytes, name)
      let source = try Datasets.source(DatasetRequest(source: folder.path, size: 4, channels: 1))
      #expect(source.channelRange == channels...channels)
      #expect(try source.image(0).channels == channels)
    }
  }

  @Test("an image that is cut off is found when the folder is opened, whatever its format")
  func cutOff() {
    for (name, bytes) in [("a.png", Fixture.palettePNG), ("a.jpg", Fixture.colourJPEG)] {
      let folder = TemporaryFolder()
      folder.write(Array(bytes.dropLast(20)), name)
      #expect(Self.refused(folder)?.kind == .badData, "\(name)")
    }
  }

  @Test("control characters in a file name do not reach the terminal")
  func escaped() {
    let folder = TemporaryFolder()
    folder.write([1, 2, 3], "a\u{1B}[2Jb\nc\u{202E}.png")
    let text = Self.refused(folder)?.description ?? ""
    #expect(text.contains("a\\u{1b}[2Jb\\nc\\u{202e}.png"))
    #expect(!text.contains("\u{1B}") && !text.contains("\n"))
  }

  @Test("every kind of PNG gives its pixels")
  func png() throws {
    let grey = (0..<16).map { 17 * $0 }
    let colour = grey.flatMap { [$0, 255 - $0, 17 * ($0 / 17 / 4)] }
    func pixels(_ bytes: [UInt8], channels: Int) throws -> [Float] {
      let folder = TemporaryFolder()
      folder.write(bytes, "a.png")
      return try readAll(folder.path, size: 4, channels: channels)[0]
    }
    #expect(try pixels(Fixture.greyPNG, channels: 1) == grey.map(scaled))
    #expect(try pixels(Fixture.deepPNG, channels: 1) == grey.map(scaled))
    #expect(try pixels(Fixture.greyPNG, channels: 3) == grey.flatMap { [$0, $0, $0] }.map(scaled))
    #expect(try pixels(Fixture.colourPNG, channels: 3) == colour.map(scaled))
    let luma = (0..<16).map { (pixel: Int) -> Int in
      let (red, green, blue) = (colour[3 * pixel], colour[3 * pixel + 1], colour[3 * pixel + 2])
      return (19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16
    }
    #expect(try pixels(Fixture.colourPNG, channels: 1) == luma.map(scaled))
    // Alpha 85 * x over black: a third of the value for each column.
    let composed = (0..<48).map { (value: Int) -> Int in (colour[value] * (value / 3 % 4) + 1) / 3 }
    #expect(try pixels(Fixture.transparentPNG, channels: 3) == composed.map(scaled))
  }

  @Test("baseline and progressive JPEG give their pixels within the loss of the format; CMYK is refused")
  func jpeg() throws {
    func pixels(_ bytes: [UInt8], channels: Int) throws -> [Float] {
      let folder = TemporaryFolder()
      folder.write(bytes, "a.jpeg")
      return try readAll(folder.path, size: 8, channels: channels)[0]
    }
    let grey = (0..<64).map { 16 * ($0 / 8 + $0 % 8) }
    let colour = grey.flatMap { [$0, 255 - $0, 128] }
    for (found, wanted) in [
      (try pixels(Fixture.greyJPEG, channels: 1), grey),
      (try pixels(Fixture.colourJPEG, channels: 3), colour),
      (try pixels(Fixture.progressiveJPEG, channels: 3), colour),
    ] {
      #expect(zip(found, wanted).allSatisfy { abs($0 - scaled($1)) < 6 / 127.5 })
    }
    // As Pillow reads it, bit by bit: the accurate transform.
    let row = [
      0, 255, 130, 15, 239, 127, 32, 223, 128, 47, 208, 130, 65, 191, 128, 78, 176, 129, 96, 159, 130,
    ]
    #expect(try pixels(Fixture.colourJPEG, channels: 3).starts(with: row.map(scaled)))
    // A scan that sends its coefficients whole, again and again, and none that refines them.
    var bytes = Fixture.progressiveJPEG
    bytes[298 + 9] = 0
    func bomb(_ scans: Int) -> [UInt8] {
      bytes[..<335] + (0..<scans).flatMap { _ in bytes[298..<335] } + bytes[335..<455] + bytes[491...]
    }
    #expect(try pixels(bomb(400), channels: 3).count == 192)
    let refused = failure { _ = try pixels(bomb(600), channels: 3) }
    #expect(refused?.description.contains("more than 500 scans") == true, "\(refused?.description ?? "read")")
    #expect(failure { _ = try pixels(Fixture.inkJPEG, channels: 3) }?.description.contains("CMYK") == true)
  }

  @Test("an image whose size is not said or not read is told why")
  func sizeless() {
    let frame = (0..<Fixture.greyJPEG.count).first { Fixture.greyJPEG[$0...].starts(with: [0xFF, 0xC0]) }!
    for (place, byte, what, advice) in [
      (frame + 1, 0xC9, "an arithmetic-coded JPEG", "save it as baseline JPEG"),
      (frame + 1, 0xE9, "a JPEG without a frame header", "replace it"),
    ] as [(Int, UInt8, String, String)] {
      let folder = TemporaryFolder()
      var bytes = Fixture.greyJPEG
      bytes[place] = byte
      folder.write(bytes, "a.jpg")
      let error = Self.refused(folder, size: 8)
      #expect(error?.description.hasPrefix(what) == true, "\(error?.description ?? "read")")
      let all = "; `lockstep data check --any-size` lists every bad sample"
      #expect(error?.description.hasSuffix(advice + all) == true)
    }
    let folder = TemporaryFolder()
    var bytes = Fixture.greyPNG
    bytes[12] = 0x4A
    folder.write(bytes, "a.png")
    #expect(Self.refused(folder)?.description.contains("does not begin with its header") == true)
  }

  @Test("an image cut off at any byte is named", arguments: ["a.png", "b.jpg", "c.jpg"])
  func truncated(name: String) {
    let whole = ["a.png": Fixture.colourPNG, "b.jpg": Fixture.colourJPEG, "c.jpg": Fixture.progressiveJPEG][
      name]!
    let folder = TemporaryFolder()
    for length in 0..<whole.count {
      folder.write(Array(whole.prefix(length)), name)
      let error = failure { _ = try readAll(folder.path, size: name == "a.png" ? 4 : 8) }
      #expect(error?.kind == .badData, "\(name) cut to \(length) bytes")
      #expect(error?.description.contains(name) == true)
    }
  }

  @Test("every flipped bit of a PNG is found")
  func flippedPNG() {
    let folder = TemporaryFolder()
    for bit in 0..<8 * Fixture.colourPNG.count {
      var bytes = Fixture.colourPNG
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      folder.write(bytes, "a.png")
      #expect(failure { _ = try readAll(folder.path, size: 4) } != nil, "bit \(bit)")
    }
  }

  @Test("flipped bits of a JPEG, which has no checksum, give an error or an image, never a crash")
  func flippedJPEG() throws {
    var draws = Draws(state: 5)
    let folder = TemporaryFolder()
    for round in 0..<2000 {
      var bytes = round.isMultiple(of: 2) ? Fixture.colourJPEG : Fixture.progressiveJPEG
      for _ in 0..<1 + round % 3 {
        bytes[Int.random(in: 0..<bytes.count, using: &draws)] ^= 1 << UInt8.random(in: 0..<8, using: &draws)
      }
      folder.write(bytes, "a.jpg")
      do {
        #expect(try readAll(folder.path, size: 8)[0].allSatisfy { abs($0) <= 1 })
      } catch let error as DatasetError {
        #expect(error.description.contains("a.jpg"))
      }
    }
  }

  @Test("a PNG that claims to be vast is refused before it is decoded")
  func bomb() {
    var bytes = Fixture.greyPNG
    for (offset, byte) in [(18, 0x75), (19, 0x30), (22, 0x75), (23, 0x30)] { bytes[offset] = UInt8(byte) }
    let folder = TemporaryFolder()
    folder.write(bytes, "a.png")
    #expect(Self.refused(folder)?.description.contains("30000 x 30000") == true)
  }

  @Test("the fingerprint follows content and names, not the folder")
  func fingerprint() throws {
    func fingerprint(_ files: [String: [UInt8]]) throws -> DataFingerprint {
      let folder = TemporaryFolder()
      for (name, bytes) in files { folder.write(bytes, name) }
      return try open(folder.path, size: 4).fingerprint
    }
    let original = try fingerprint(["x/a.png": Fixture.greyPNG, "y/b.png": Fixture.palettePNG])
    #expect(try fingerprint(["x/a.png": Fixture.greyPNG, "y/b.png": Fixture.palettePNG]) == original)
    #expect(try fingerprint(["x/a.png": Fixture.palettePNG, "y/b.png": Fixture.greyPNG]) != original)
    #expect(try fingerprint(["x/a.png": Fixture.greyPNG, "x/b.png": Fixture.palettePNG]) != original)
  }

  @Test("an image that a file so short cannot hold is refused by its header, before memory is taken for it")
  func tooShort() {
    let folder = TemporaryFolder()
    var png = Fixture.png(2, 2, [1, 2, 3, 4])
    // 9,000 x 9,000 pixels, within the limits of sides and pixels.
    for offset in [16, 20] { png.replaceSubrange(offset..<offset + 4, with: [0, 0, 0x23, 0x28]) }
    let path = folder.write(png, "a.png")
    #expect(failure { _ = try open(folder.path, size: 32) }?.description.contains("cannot hold") == true)
    var jpeg = Fixture.greyJPEG
    let frame = (0..<jpeg.count - 1).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 }!
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0x23, 0x28, 0x23, 0x28])
    folder.write(jpeg, "a.png")
    #expect(
      failure { _ = try open(folder.path, size: 32) }?.description.contains("cannot hold") == true, "\(path)")
  }
}
