import Datasets
import Foundation
import TensorCore
import Testing

@Suite("Volumes of NumPy's files")
struct VolumeArrayTests {
  private let folder = TemporaryFolder()

  private func open(
    _ path: String, size: Int, labels: Int? = nil, limits: DatasetLimits = DatasetLimits()
  ) throws(DatasetError) -> any ImageDataset {
    try Datasets.open(
      DatasetRequest(
        source: path, size: size, channels: 1, isVolume: true, labelCount: labels, limits: limits))
  }

  /// The values of the first volume of `bytes` in a file.
  private func first(_ bytes: [UInt8], size: Int) throws -> [Float] {
    try open(folder.write(bytes, "x.npy"), size: size).sample(0).pixels
  }

  private func doubles(_ values: [Double]) -> [UInt8] {
    values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
  }

  @Test("all layouts are the same volumes, layers first")
  func layouts() throws {
    for shape in ["(2, 5, 5, 5)", "(2, 5, 5, 5, 1)", "(2, 1, 5, 5, 5)"] {
      let data = try open(folder.write(npy("|u1", shape, Array(0..<250)), "x.npy"), size: 5)
      #expect(data.count == 2 && data.sampleShape == [5, 5, 5, 1] && data.channels == 1)
      #expect(data.sampleName == "volumes" && data.remarks.isEmpty && data.labelCount == 0)
      for index in 0..<2 {
        let (values, label) = try data.sample(index)
        #expect(values == (125 * index..<125 * (index + 1)).map(scaled) && label == -1, "\(shape)")
      }
    }
  }

  @Test("booleans, bytes, and floats of both ranges go from -1 to 1")
  func types() throws {
    let (shape, ends): (String, [Float]) = ("(1, 2, 2, 2, 1)", [-1, 1, -1, -1, 1, 1, 1, -1])
    let bits: [UInt8] = [0, 1, 0, 0, 1, 1, 1, 0]
    #expect(try first(npy("|b1", shape, bits), size: 2) == ends)
    #expect(try first(npy("|u1", shape, bits), size: 2) == ends)
    #expect(
      try first(npy("|u1", shape, [0, 1, 2, 51, 102, 204, 254, 255]), size: 2)
        == [0, 1, 2, 51, 102, 204, 254, 255].map(scaled))
    let unsigned: [Float] = [0, 0.25, 0.5, 0.75, 1, 0, 0, 1]
    #expect(try first(npy("<f4", shape, floats(unsigned)), size: 2) == unsigned.map { 2 * $0 - 1 })
    let signed: [Float] = [-1, -0.25, 0, 0.75, 1, 0, 0, 1]
    #expect(try first(npy("<f4", shape, floats(signed)), size: 2) == signed)
    #expect(try first(npy("<f8", shape, doubles(signed.map(Double.init))), size: 2) == signed)
  }

  @Test("a byte above 1 in any volume makes 255 the full ones of all, and a negative float -1 the empty ones")
  func wholeFile() throws {
    let bytes = [UInt8](repeating: 1, count: 15) + [2]
    #expect(try first(npy("|u1", "(2, 2, 2, 2, 1)", bytes), size: 2).allSatisfy { $0 == scaled(1) })
    let values = [Float](repeating: 0.5, count: 15) + [-0.5]
    #expect(try first(npy("<f4", "(2, 2, 2, 2, 1)", floats(values)), size: 2).allSatisfy { $0 == 0.5 })
    for (last, told) in [(2, ["no byte above 2, where 255 is full"]), (1, []), (16, [])]
      as [(UInt8, [String])]
    {
      let path = folder.write(npy("|u1", "(1, 1, 1, 2, 1)", [0, last]), "x.npy")
      #expect(try open(path, size: 2).remarks.dropFirst() == told[...])
    }
    let path = folder.write(npy("<f4", "(1, 1, 1, 2, 1)", floats([-1e-12, 1])), "x.npy")
    #expect(try open(path, size: 2).remarks.last?.hasPrefix("values of -1e-12 to 1.0 read as") == true)
  }

  @Test("a smaller volume is enlarged by the largest whole factor and centred among empty voxels")
  func enlarged() throws {
    let bytes = (1..<9).map { UInt8(20 * $0) }
    let data = try open(folder.write(npy("|u1", "(1, 2, 2, 2, 1)", bytes), "x.npy"), size: 7)
    let values = try data.sample(0).pixels
    for place in values.indices {
      let axes = [place / 49, place / 7 % 7, place % 7]
      let source = axes.reduce(0) { 2 * $0 + $1 / 3 }
      #expect(values[place] == (axes.contains(6) ? -1 : scaled(20 * (1 + source))), "\(axes)")
    }
    #expect(data.remarks == ["scaled and padded from 2 x 2 x 2"])
  }

  @Test("each axis of an oblong volume is centred by itself")
  func oblong() throws {
    let data = try open(
      folder.write(npy("|b1", "(1, 4, 2, 2, 1)", [UInt8](repeating: 1, count: 16)), "x.npy"), size: 4)
    let values = try data.sample(0).pixels
    for place in values.indices {
      let isInside = (1..<3).contains(place / 4 % 4) && (1..<3).contains(place % 4)
      #expect(values[place] == (isInside ? 1 : -1))
    }
    #expect(data.remarks == ["padded from 4 x 2 x 2"])
    let deep = try first(npy("|b1", "(1, 2, 4, 4, 1)", [UInt8](repeating: 1, count: 32)), size: 4)
    #expect(deep.indices.allSatisfy { deep[$0] == ((1..<3).contains($0 / 16) ? 1 : -1) })
  }

  @Test("a larger volume is averaged over boxes, bytes exactly and floats in -1...1")
  func averaged() throws {
    // Box (z, y, x) of 2 x 2 x 2 holds 4 z + 2 y + x ones, so all counts from 0 to 7.
    let bits = (0..<64).map { place -> UInt8 in
      let axes = [place / 16, place / 4 % 4, place % 4]
      let box = axes.reduce(0) { 2 * $0 + $1 / 2 }
      let within = axes.reduce(0) { 2 * $0 + $1 % 2 }
      return within < box ? 1 : 0
    }
    let expected = (0..<8).map { Float($0) / 4 - 1 }
    #expect(try first(npy("|u1", "(1, 4, 4, 4, 1)", bits), size: 2) == expected)
    #expect(try first(npy("|b1", "(1, 4, 4, 4, 1)", bits), size: 2) == expected)
    #expect(try first(npy("|u1", "(1, 4, 4, 4, 1)", bits.map { 255 * $0 }), size: 2) == expected)
    #expect(try first(npy("<f4", "(1, 4, 4, 4, 1)", floats(bits.map(Float.init))), size: 2) == expected)
    let data = try open(folder.write(npy("|u1", "(1, 4, 2, 4, 1)", Array(bits.prefix(32))), "y.npy"), size: 2)
    #expect(data.remarks == ["scaled and padded from 4 x 2 x 4"])
    // One row of boxes, centred by half a voxel, which is none.
    let values = try data.sample(0).pixels
    #expect(values[2] == -1 && values[3] == -1 && values[6] == -1 && values[7] == -1)
  }

  /// By the definition, voxel by voxel: the sum of the numbers of each value's box, and how many there are;
  /// nil of what is empty.
  private func boxes(
    _ sides: [Int], box: Int, repeats: Int, size: Int, _ number: (_ place: Int) -> Int
  ) -> [(sum: Int, count: Int)?] {
    (0..<size * size * size).map { place in
      let axes = zip([place / (size * size), place / size % size, place % size], sides).map { at, side in
        let full = side / box * repeats
        let source = at - (size - full) / 2
        return 0..<full ~= source ? source / repeats * box..<(source / repeats + 1) * box : 0..<0
      }
      guard !axes.contains(where: \.isEmpty) else { return nil }
      let numbers = axes[0].flatMap { z in
        axes[1].flatMap { y in axes[2].map { x in number((z * sides[1] + y) * sides[2] + x) } }
      }
      return (numbers.reduce(0, +), numbers.count)
    }
  }

  @Test(
    "volumes of three different sides are averaged, enlarged and padded by the definition",
    arguments: [
      ([4, 2, 6], 2, 1, 3), ([6, 4, 2], 2, 1, 3), ([2, 6, 4], 2, 1, 3), ([4, 2, 3], 1, 1, 4),
      ([2, 3, 4], 1, 1, 4), ([4, 2, 3], 1, 2, 9), ([3, 4, 2], 1, 2, 9),
    ])
  func sides(sides: [Int], box: Int, repeats: Int, size: Int) throws {
    let (shape, places) = ("(1, \(sides[0]), \(sides[1]), \(sides[2]), 1)", 0..<sides.reduce(1, *))
    let bytes = boxes(sides, box: box, repeats: repeats, size: size) { 5 * $0 + 3 }
    #expect(
      try first(npy("|u1", shape, places.map { UInt8(5 * $0 + 3) }), size: size)
        == bytes.map { $0.map { Float($0.sum) / (127.5 * Float($0.count)) - 1 } ?? -1 })
    // Sums of these are exact.
    let numbers = boxes(sides, box: box, repeats: repeats, size: size) { $0 - 16 }
    #expect(
      try first(npy("<f4", shape, floats(places.map { Float($0 - 16) / 64 })), size: size)
        == numbers.map { $0.map { Float($0.sum) / Float(64 * $0.count) } ?? -1 })
  }

  @Test("volumes to look at keep their form, and have no side longer than 64 voxels")
  func seen() throws {
    func seen(_ shape: String, _ bytes: [UInt8]) throws -> any VolumeDataset {
      let path = folder.write(npy("|b1", shape, bytes), "x.npy")
      return try #require(
        try Datasets.volumesIfAny(DatasetRequest(source: path, size: 64, channels: 1)))
    }
    let small = try seen("(1, 2, 3, 5, 1)", (0..<30).map { UInt8($0 % 2) })
    #expect(small.sampleShape == [2, 3, 5, 1])
    #expect(try small.sample(0).pixels == (0..<30).map { $0 % 2 == 0 ? -1 : 1 })
    // Boxes of 2 x 3 x 3, of which the last row and two columns fill none; the last box alone is full.
    let large = try seen("(1, 2, 130, 5, 1)", (0..<1300).map { $0 / 5 % 130 >= 126 && $0 % 5 < 3 ? 1 : 0 })
    #expect(large.sampleShape == [1, 43, 1, 1] && large.extent.sizes == "2 x 130 x 5")
    #expect(try large.sample(0).pixels == [Float](repeating: -1, count: 42) + [1])
  }

  @Test("a volume that fits by no whole factor is an error that says which size would do")
  func unsuitable() {
    for (shape, count, text) in [
      ("(1, 48, 48, 48)", 48 * 48 * 48, "volumes of 48 x 48 x 48 do not fit size 32"),
      ("(1, 64, 64, 63)", 64 * 64 * 63, "volumes of 64 x 64 x 63 do not fit size 32"),
    ] {
      let path = folder.write(npy("|u1", shape, [UInt8](repeating: 0, count: count)), "x.npy")
      let error = failure { _ = try open(path, size: 32) }
      #expect(error?.kind == .unsuitable && error?.description.contains(text) == true)
      #expect(error?.description.contains(text.contains("48") ? "size=24" : "size=64") == true)
    }
  }

  @Test("values out of range and bytes that are no booleans are named by their volume")
  func badValues() {
    let shape = "(2, 2, 2, 2, 1)"
    var bits = [UInt8](repeating: 0, count: 16)
    bits[9] = 2
    let path = folder.write(npy("|b1", shape, bits), "b.npy")
    let error = failure { _ = try open(path, size: 2) }
    #expect(error?.kind == .badData && error?.description.contains("the byte 2") == true)
    #expect(error?.description.contains("sample 1") == true)
    for value in [Float.nan, .infinity, 255, -1.5] {
      let values = [Float](repeating: 0, count: 15) + [value]
      let path = folder.write(npy("<f4", shape, floats(values)), "c.npy")
      #expect(failure { _ = try open(path, size: 2) }?.description.contains("sample 1") == true, "\(value)")
    }
  }

  @Test("what is no array of volumes is refused, and says what to save")
  func badShapes() {
    for (type, shape, bytes) in [
      ("|u1", "(2, 2, 2)", 8), ("|u1", "(1, 5, 5, 3)", 75), ("|u1", "(1, 3, 5, 5)", 75),
      ("|u1", "(1, 5, 5, 4)", 100), ("|u1", "(1, 2, 5, 5)", 50),
      ("|u1", "(2, 2)", 4), ("|u1", "(1, 2, 2, 2, 2)", 16), ("|i1", "(1, 5, 5, 5)", 125),
      ("<i4", "(1, 5, 5, 5)", 500),
    ] {
      let path = folder.write(npy(type, shape, [UInt8](repeating: 0, count: bytes)), "x.npy")
      let error = failure { _ = try open(path, size: 2) }
      #expect(error?.kind == .unsuitable && error?.description.contains("[N, D, H, W]") == true, "\(shape)")
    }
    for shape in ["(0, 5, 5, 5)", "(1, 0, 5, 5)"] {
      let path = folder.write(npy("|u1", shape, []), "x.npy")
      #expect(failure { _ = try open(path, size: 2) }?.kind == .badData)
    }
    folder.write(Array("1,2\n".utf8), "x.csv")
    for source in [folder.path, folder.path + "/x.csv", "ring"] {
      let error = failure { _ = try open(source, size: 2) }
      #expect(error?.kind == .unsuitable && error?.description.contains("[N, D, H, W]") == true)
    }
    #expect(failure { _ = try open(folder.path + "/none.npy", size: 2) }?.kind == .missing)
  }

  @Test("no prefix of a file is read, and a volume beyond the limits is refused")
  func damage() throws {
    let whole = npy("|u1", "(1, 2, 2, 2, 1)", Array(0..<8))
    for count in 0..<whole.count {
      let path = folder.write(Array(whole.prefix(count)), "p.npy")
      #expect(failure { _ = try open(path, size: 2) } != nil, "\(count) bytes")
    }
    let path = folder.write(whole, "p.npy")
    #expect(try open(path, size: 2, limits: DatasetLimits(pixels: 8)).count == 1)
    for limits in [DatasetLimits(pixels: 7), DatasetLimits(side: 1)] {
      let error = failure { _ = try open(path, size: 2, limits: limits) }
      #expect(error?.description.contains("a volume of 2 x 2 x 2, above the limit") == true)
    }
  }

  @Test("labels lie in the file that is called labels; those that do not fit are refused")
  func labels() throws {
    let path = folder.write(npy("|u1", "(3, 2, 2, 2, 1)", Array(0..<24)), "images.npy")
    let unlabelled = try open(path, size: 2).fingerprint
    folder.write(npy("<i2", "(3,)", [5, 0, 0, 0, 2, 0]), "labels.npy")
    let data = try open(path, size: 2)
    #expect(data.labelCount == 6 && data.usedLabelCount == 6 && data.fingerprint != unlabelled)
    #expect(try (0..<3).map { try data.sample($0).label } == [5, 0, 2])
    let more = try open(path, size: 2, labels: 9)
    #expect(more.labelCount == 9 && more.usedLabelCount == 6)
    #expect(failure { _ = try open(path, size: 2, labels: 5) }?.description.contains("label 5") == true)
    folder.write(npy("|u1", "(2,)", [0, 1]), "labels.npy")
    #expect(failure { _ = try open(path, size: 2) }?.description.contains("2 labels for 3 samples") == true)
    folder.write(npy("|b1", "(3,)", [0, 1, 1]), "labels.npy")
    #expect(failure { _ = try open(path, size: 2) }?.description.contains("|b1") == true)
  }

  @Test("a training of images on volumes is told which model learns them")
  func asImages() throws {
    let path = folder.write(npy("|u1", "(1, 5, 5, 5)", [UInt8](repeating: 0, count: 125)), "x.npy")
    for channels in [1, 3] {
      let request = DatasetRequest(source: path, size: 5, channels: channels)
      let error = failure { _ = try Datasets.open(request) }
      #expect(error?.kind == .unsuitable && error?.description.contains("5 x 5 x 5") == true)
      #expect(error?.description.contains("model.family=voxel-gan") == true)
    }
    #expect(try Datasets.volumesIfAny(DatasetRequest(source: path, size: 9, channels: 3))?.height == 5)
    for (shape, count) in [("(1, 4, 4, 3)", 48), ("(1, 3, 4, 4)", 48), ("(1, 4, 4)", 16)] {
      let images = folder.write(npy("|u1", shape, [UInt8](repeating: 0, count: count)), "i.npy")
      let request = DatasetRequest(source: images, size: 4, channels: 1)
      #expect(try Datasets.volumesIfAny(request) == nil && Datasets.open(request).count == 1)
    }
    // As RGBA, or volumes of two layers.
    for shape in ["(1, 5, 5, 4)", "(1, 4, 5, 5)", "(2, 2, 5, 5)"] {
      for type in ["|u1", "|b1"] {
        let path = folder.write(npy(type, shape, [UInt8](repeating: 0, count: 100)), "i.npy")
        let request = DatasetRequest(source: path, size: 5, channels: 3)
        #expect(try Datasets.volumesIfAny(request) == nil)
        let error = failure { _ = try Datasets.open(request) }
        #expect(error?.kind == .unsuitable && error?.description.contains("1 or 3 channels") == true)
        #expect(error?.description.contains("[N, D, H, W, 1]") == true)
      }
    }
    for source in ["pottery", "ring", folder.path] {
      #expect(try Datasets.volumesIfAny(DatasetRequest(source: source, size: 4, channels: 1)) == nil)
    }
  }

  @Test("several threads read the volumes that one reads")
  func threads() throws {
    let bytes = (0..<64 * 216).map { UInt8(truncatingIfNeeded: 37 * $0 + $0 / 216) }
    let data = try open(folder.write(npy("|u1", "(64, 6, 6, 6)", bytes), "x.npy"), size: 6)
    DispatchQueue.concurrentPerform(iterations: 256) { turn in
      let index = turn % 64
      let values = try? data.sample(index).pixels
      #expect(values == bytes[216 * index..<216 * (index + 1)].map { scaled(Int($0)) })
    }
  }
}
