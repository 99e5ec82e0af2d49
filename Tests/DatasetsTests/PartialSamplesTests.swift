import Datasets
import Foundation
import TensorCore
import Testing

@Suite("What a person knows of samples")
struct PartialSamplesTests {
  private let folder = TemporaryFolder()

  private func read(_ bytes: [UInt8], _ shape: Shape, _ name: String = "x.npy") throws -> Tensor {
    try PartialSamples.read(folder.write(bytes, name), sampleShape: shape)
  }

  @Test("an array that is NaN in places has 0 and no mask there, and elsewhere its values and 1")
  func unknown() throws {
    let signed = try read(npy("<f4", "(2, 1, 2)", floats([-1, .nan, 0.25, 1])), [1, 2, 1])
    #expect(signed.shape == [2, 1, 2, 2] && signed.scalars == [-1, 1, 0, 0, 0.25, 1, 1, 1])
    // None that is known is negative: 0...1.
    let unsigned = try read(npy("<f4", "(1, 1, 2)", floats([.nan, 0.25])), [1, 2, 1])
    #expect(unsigned.scalars == [0, 0, -0.5, 1])
    let double = npy(
      "<f8", "(1, 2)", little(Int(bitPattern: UInt(Double(-0.5).bitPattern)), 8) + little(-1, 8))
    #expect(try read(double, [1, 2, 1]).scalars == [-0.5, 1, 0, 0])
  }

  @Test("a range that is hardly the one that was meant is told, as of data")
  func doubtfulRange() throws {
    for (bytes, type, told) in [
      (floats([-0.01, .nan, 1]), "<f4", ["values of -0.01 to 1.0 read as -1...1, where 0 is half full"]),
      ([0, 3, 9], "|u1", ["no byte above 9, where 255 is full"]), (floats([0, .nan, 1]), "<f4", []),
    ] as [([UInt8], String, [String])] {
      var remarks: [String] = []
      _ = try PartialSamples.read(
        folder.write(npy(type, "(1, 1, 3)", bytes), "x.npy"), sampleShape: [1, 3, 1],
        remark: { remarks.append($0) })
      #expect(remarks == told)
    }
  }

  @Test("a place that is unknown in one channel is unknown")
  func channels() throws {
    let partial = try read(npy("<f4", "(1, 2, 3)", floats([0, .nan, 0, -1, 0, 1])), [1, 2, 3])
    #expect(partial.shape == [1, 1, 2, 4] && partial.scalars == [0, 0, 0, 0, -1, 0, 1, 1])
    let luma = try read(npy("<f4", "(1, 1, 2, 3)", floats([0, 0, .nan, -1, -1, -1])), [1, 2, 1])
    #expect(luma.shape == [1, 1, 2, 2] && luma.scalars[..<2] == [0, 0] && luma.scalars[3] == 1)
  }

  @Test("several samples and one, grey and RGB, with channels first and last, are the same samples")
  func layouts() throws {
    let values = (0..<12).map { UInt8(20 * $0) }
    let wanted = (0..<16).map { $0 % 4 == 3 ? 1 : scaled(20 * (3 * ($0 / 4) + $0 % 4)) }
    for shape in ["(1, 2, 2, 3)", "(2, 2, 3)"] {
      #expect(try read(npy("|u1", shape, values), [2, 2, 3]).scalars == wanted)
    }
    let planar = (0..<3).flatMap { channel in (0..<4).map { UInt8(20 * (3 * $0 + channel)) } }
    #expect(try read(npy("|u1", "(1, 3, 2, 2)", planar), [2, 2, 3]).scalars == wanted)
    for shape in ["(2, 2)", "(1, 2, 2)", "(2, 2, 1)", "(1, 2, 2, 1)", "(1, 1, 2, 2)"] {
      let bytes: [UInt8] = [0, 51, 102, 255]
      let grey = npy("|u1", shape, bytes)
      #expect(
        try read(grey, [2, 2, 1]).scalars == bytes.flatMap { [scaled(Int($0)), 1] }, "\(shape)")
      #expect(
        try read(grey, [2, 2, 3]).scalars
          == bytes.flatMap { [Float](repeating: scaled(Int($0)), count: 3) + [1] }, "\(shape)")
    }
  }

  @Test("known values are to the bit those that the data set of the same file delivers")
  func asDelivered() throws {
    let colours = (0..<27).map { UInt8(9 * $0) }
    for (type, bytes) in [
      ("|u1", colours), ("<f4", floats(colours.map { Float($0) / 255 })), ("|u1", colours.map { $0 & 1 }),
      ("|b1", colours.map { $0 & 1 }),
    ] {
      let path = folder.write(npy(type, "(1, 3, 3, 3)", bytes), "images.npy")
      for channels in [1, 3] {
        let partial = try PartialSamples.read(path, sampleShape: [3, 3, channels]).scalars
        let known = stride(from: 0, to: partial.count, by: channels + 1)
          .flatMap { partial[$0..<$0 + channels] }
        #expect(try [known] == readAll(path, size: 3, channels: channels), "\(type)")
      }
    }
    for (type, bytes) in [
      ("|u1", [0, 1, 1, 0, 0, 0, 1, 1]), ("|b1", [1, 0, 0, 0, 0, 0, 0, 1]),
      ("|u1", [0, 128, 2, 255, 4, 1, 0, 9]),
    ] as [(String, [UInt8])] {
      let path = folder.write(npy(type, "(1, 2, 2, 2, 1)", bytes), "volumes.npy")
      let partial = try PartialSamples.read(path, sampleShape: [2, 2, 2, 1])
      let request = DatasetRequest(source: path, size: 2, channels: 1, isVolume: true)
      let wanted = try Datasets.open(request).sample(0).pixels
      #expect(partial.shape == [1, 2, 2, 2, 2] && partial.scalars == wanted.flatMap { [$0, 1] })
    }
  }

  @Test("volumes come with and without the number of samples and the axis of channels, also thin ones")
  func volumes() throws {
    let values = floats([0, 1, .nan, 0, 1, 1, .nan, 0])
    for shape in ["(2, 2, 2)", "(1, 2, 2, 2)", "(2, 2, 2, 1)", "(1, 2, 2, 2, 1)", "(1, 1, 2, 2, 2)"] {
      let partial = try read(npy("<f4", shape, values), [2, 2, 2, 1])
      #expect(partial.shape == [1, 2, 2, 2, 2])
      #expect(partial.scalars == [-1, 1, 1, 1, 0, 0, -1, 1, 1, 1, 1, 1, 0, 0, -1, 1], "\(shape)")
    }
  }

  @Test("of a PNG that is known which is half opaque at least, with its colour as it is")
  func transparent() throws {
    let colours: [UInt8] = [10, 20, 30, 127, 40, 50, 60, 128, 70, 80, 90, 255, 1, 2, 3, 0]
    let bytes = Fixture.png(2, 2, colours, channels: 4)
    let partial = try read(bytes, [2, 2, 3], "x.png")
    let known = [[40, 50, 60], [70, 80, 90]].map { $0.map(scaled) + [1] }
    #expect(partial.shape == [1, 2, 2, 4])
    #expect(partial.scalars == [0, 0, 0, 0] + known[0] + known[1] + [0, 0, 0, 0])
    // 0.299 * 40 + 0.587 * 50 + 0.114 * 60 = 48.15
    #expect(try read(bytes, [2, 2, 1], "x.png").scalars[2..<4] == [scaled(48), 1])
    let grey = try read(Fixture.png(1, 2, [9, 200, 7, 100], channels: 2), [1, 2, 3], "x.png")
    #expect(grey.scalars == [scaled(9), scaled(9), scaled(9), 1, 0, 0, 0, 0])
  }

  @Test("on black all of a PNG is known, with the values that data have")
  func onBlack() throws {
    let path = folder.write(
      Fixture.png(2, 2, [200, 127, 100, 128, 50, 255, 9, 0], channels: 2), "images/a.png")
    let known = try PartialSamples.read(path, sampleShape: [2, 2, 1], onBlack: true)
    #expect(known.channels(1..<2).scalars == [1, 1, 1, 1])
    #expect(try [known.channels(0..<1).scalars] == readAll(folder.path + "/images", size: 2))
  }

  @Test("a folder of images is a sample each in the order of names; a JPEG and an opaque PNG are all known")
  func images() throws {
    folder.write(Fixture.greyJPEG, "p/c.jpg")
    folder.write(Fixture.png(8, 8, [UInt8](repeating: 5, count: 64)), "p/a.png")
    let half = (0..<64).flatMap { [7, $0 < 32 ? 255 : 0] as [UInt8] }
    folder.write(Fixture.png(8, 8, half, channels: 2), "p/b.png")
    folder.write([0], "p/notes.md")
    let partial = try PartialSamples.read(folder.path + "/p", sampleShape: [8, 8, 1])
    #expect(partial.shape == [3, 8, 8, 2])
    let masks = (0..<3).map { sample in (0..<64).map { partial.scalars[2 * (64 * sample + $0) + 1] } }
    #expect(masks[0].allSatisfy { $0 == 1 } && masks[2].allSatisfy { $0 == 1 })
    #expect(masks[1] == (0..<64).map { $0 < 32 ? 1 : 0 })
    #expect(partial.scalars[0] == scaled(5) && partial.scalars[128] == scaled(7))
    let values = (0..<64).map { partial.scalars[256 + 2 * $0] }
    let single = try PartialSamples.read(folder.path + "/p/c.jpg", sampleShape: [8, 8, 1])
    #expect((0..<64).map { single.scalars[2 * $0] } == values)
    folder.write([0], "p/d.webp")
    let error = failure { _ = try PartialSamples.read(folder.path + "/p", sampleShape: [8, 8, 1]) }
    #expect(error?.description.contains("1 webp") == true, "\(error as Any)")
  }

  @Test("samples of another size are an error that says both sizes")
  func sizes() {
    for (bytes, name, texts) in [
      (npy("<f4", "(1, 2, 2)", floats([0, 0, 0, 0])), "x.npy", ["[1, 2, 2]", "[4, 4, 1]", "[N, 4, 4, 1]"]),
      (npy("<f4", "(1, 4, 4, 2)", floats([Float](repeating: 0, count: 32))), "x.npy", ["[1, 4, 4, 2]"]),
      (Fixture.png(2, 3, [0, 0, 0, 0, 0, 0]), "x.png", ["2 x 3", "4 x 4"]),
    ] {
      let error = failure { _ = try read(bytes, [4, 4, 1], name) }
      #expect(error?.kind == .unsuitable)
      #expect(texts.allSatisfy { error?.description.contains($0) == true }, "\(error as Any)")
    }
    let volume = failure {
      _ = try read(npy("|u1", "(2, 2, 3)", [UInt8](repeating: 0, count: 12)), [2, 2, 2, 1])
    }
    #expect(volume?.description.contains("[2, 2, 2, 1]") == true)
  }

  @Test("a sample of which nothing is known, and a value out of range, are named by their sample")
  func badSamples() {
    let nothing = failure { _ = try read(npy("<f4", "(2, 1, 1)", floats([0, .nan])), [1, 1, 1]) }
    #expect(nothing?.description.contains("nothing of the sample is known") == true)
    #expect(nothing?.description.contains("sample 1") == true)
    for value in [Float.infinity, -Float.infinity, 1.5] {
      let error = failure {
        _ = try read(npy("<f4", "(3, 1, 1)", floats([.nan, 0, value])), [1, 1, 1])
      }
      #expect(error?.kind == .badData && error?.description.contains("sample 2") == true, "\(value)")
    }
    let clear = failure { _ = try read(Fixture.png(1, 1, [9, 0], channels: 2), [1, 1, 1], "clear.png") }
    #expect(clear?.description.contains("clear.png") == true)
    let bit = failure { _ = try read(npy("|b1", "(1, 1, 1)", [2]), [1, 1, 1]) }
    #expect(bit?.description.contains("the byte 2") == true)
  }

  @Test("what holds no samples is refused, and says what to save")
  func foreign() {
    for (bytes, name, shape) in [
      (npy("<i4", "(1, 1, 1)", [0, 0, 0, 0]), "x.npy", [1, 1, 1]), (Array("1,2".utf8), "x.csv", [1, 1, 1]),
      (Fixture.png(1, 1, [0]), "x.png", [1, 1, 1, 1]),
    ] as [([UInt8], String, Shape)] {
      let error = failure { _ = try read(bytes, shape, name) }
      #expect(error?.kind == .unsuitable && error?.description.contains("NaN") == true, "\(error as Any)")
    }
    #expect(failure { _ = try read(npy("|u1", "(0, 1, 1)", []), [1, 1, 1]) }?.kind == .badData)
    folder.write([0], "empty/x.md")
    let empty = failure { _ = try PartialSamples.read(folder.path + "/empty", sampleShape: [1, 1, 1]) }
    #expect(empty?.description.contains("no PNG or JPEG image") == true)
    let none = failure { _ = try PartialSamples.read(folder.path + "/none", sampleShape: [1, 1, 1]) }
    #expect(none?.kind == .missing)
    let whole = Fixture.png(1, 2, [9, 255, 7, 255], channels: 2)
    for count in 0..<whole.count {
      #expect(failure { _ = try read(Array(whole.prefix(count)), [1, 2, 1], "cut.png") } != nil)
    }
  }
}
