import Datasets
import Foundation
import TestSupport
import Testing

/// An NPY file of version 1.
func npy(_ type: String, _ shape: String, _ values: [UInt8], fortran: String = "False") -> [UInt8] {
  let text = "{'descr': '\(type)', 'fortran_order': \(fortran), 'shape': \(shape), }"
  let padded = text + String(repeating: " ", count: 64 - (10 + text.utf8.count + 1) % 64) + "\n"
  return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(padded.utf8.count & 255), UInt8(padded.utf8.count >> 8)]
    + Array(padded.utf8) + values
}

func floats(_ values: [Float]) -> [UInt8] {
  values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
}

@Suite("NumPy's files")
struct NumPyTests {
  private let folder = TemporaryFolder()

  @Test("grey, interleaved and planar images are the same pixels")
  func layouts() throws {
    let grey = folder.write(npy("|u1", "(2, 2, 2)", Array(0..<8)), "grey.npy")
    #expect(try readAll(grey, size: 2) == [[0, 1, 2, 3].map(scaled), [4, 5, 6, 7].map(scaled)])
    let last = folder.write(npy("|u1", "(1, 2, 2, 3)", [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]), "last.npy")
    let second = folder.write(npy("|u1", "(1, 3, 2, 2)", Array(0..<12)), "second.npy")
    #expect(try readAll(last, size: 2, channels: 3) == readAll(second, size: 2, channels: 3))
    #expect(try readAll(second, size: 2, channels: 3)[0].prefix(3) == [0, 4, 8].map(scaled)[...])
  }

  @Test("floats are taken as 0...1, or as -1...1 if one is negative, and any other number is named")
  func ranges() throws {
    let unsigned = folder.write(npy("<f4", "(1, 1, 2)", floats([0, 0.75])), "a.npy")
    #expect(try readAll(unsigned, size: 2)[0].filter { $0 != -1 } == [0.5])
    let signed = folder.write(npy("<f4", "(1, 2, 2)", floats([-1, 0.75, 0, 1])), "b.npy")
    #expect(try readAll(signed, size: 2) == [[-1, 0.75, 0, 1]])
    for value in [Float.nan, .infinity, 255, -1.5] {
      let path = folder.write(npy("<f4", "(2, 1, 1)", floats([0, value])), "c.npy")
      #expect(failure { _ = try open(path, size: 1) }?.description.contains("sample 1") == true, "\(value)")
    }
  }

  @Test("bytes and booleans of 0 and 1 are black and white; a byte above 1 makes 255 white in all images")
  func binary() throws {
    let bits: [UInt8] = [0, 1, 1, 0, 0, 0, 0, 0]
    func read(_ type: String, _ bytes: [UInt8]) throws -> (data: any ImageDataset, values: [[Float]]) {
      let path = folder.write(npy(type, "(2, 2, 2)", bytes), "a.npy")
      return (try open(path, size: 2), try readAll(path, size: 2))
    }
    let white = bits.map { $0 == 1 ? 1 : -1 as Float }
    for (type, remarks) in [("|u1", ["bytes of 0 and 1 read as black and white"]), ("|b1", [])] {
      let (data, values) = try read(type, bits)
      #expect(values == [Array(white[..<4]), Array(white[4...])] && data.remarks == remarks, "\(type)")
    }
    #expect(try read("|u1", [UInt8](repeating: 0, count: 8)).data.remarks.isEmpty)
    for (most, remarks) in [
      (2, ["no byte above 2, where 255 is full"]), (15, ["no byte above 15, where 255 is full"]), (16, []),
    ] as [(UInt8, [String])] {
      let (data, values) = try read("|u1", bits.dropLast() + [most])
      #expect(values[0] == bits[..<4].map { scaled(Int($0)) } && data.remarks == remarks, "\(most)")
    }
    let bad = failure { _ = try open(folder.write(npy("|b1", "(2, 1, 1)", [1, 2]), "b.npy"), size: 1) }
    #expect(bad?.description.contains("the byte 2 is no boolean") == true)
  }

  @Test("a float a little below 0 among those up to 1 is told, since it turns the range of the whole file")
  func nearlyUnsigned() throws {
    for (least, largest, isTold) in [
      (-1e-6, 1, true), (-0.04, 0.6, true), (-0.06, 1, false), (-0.04, 0.4, false), (0, 1, false),
    ] as [(Float, Float, Bool)] {
      let path = folder.write(npy("<f4", "(2, 1, 1)", floats([least, largest])), "a.npy")
      let remarks = try open(path, size: 1).remarks
      let told = ["values of \(least) to \(largest) read as -1...1, where 0 is half full"]
      #expect(remarks == (isTold ? told : []))
    }
  }

  @Test("floats are averaged over boxes, and rounded to the nearest byte where bytes are asked for")
  func means() throws {
    let path = folder.write(npy("<f4", "(1, 4, 4)", floats((0..<16).map { Float($0) / 15 })), "a.npy")
    let means: [Float] = [-2.0 / 3, -0.4, 0.4, 2.0 / 3]
    #expect(try zip(readAll(path, size: 2)[0], means).allSatisfy { abs($0 - $1) < 1e-6 })
    let other = folder.write(npy("<f4", "(1, 2, 2)", floats([0, 0.5, 1, 0.6 / 255])), "b.npy")
    let source = try Datasets.source(DatasetRequest(source: other, size: 2, channels: 1))
    #expect(try source.image(0).raster.pixels == [0, 128, 255, 1])
  }

  @Test("float64, NumPy's own type, is rounded to float32; out of range it is named")
  func doubles() throws {
    func bytes(_ values: [Double]) -> [UInt8] {
      values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
    }
    let path = folder.write(npy("<f8", "(1, 2, 2)", bytes([-1, 0.1, 1.0 / 3, 1])), "a.npy")
    #expect(try readAll(path, size: 2) == [[-1, 0.1, Float(1.0 / 3), 1]])
    let large = folder.write(npy("<f8", "(2, 1, 1)", bytes([0, 1.001])), "b.npy")
    #expect(failure { _ = try open(large, size: 1) }?.description.contains("sample 1") == true)
  }

  @Test("points are read with their labels; what is no point of the plane is named")
  func points() throws {
    func open(_ path: String, labels: Int? = nil) throws(DatasetError) -> any ImageDataset {
      try Datasets.open(DatasetRequest(source: path, size: 1, channels: 2, labelCount: labels))
    }
    let path = folder.write(npy("<f4", "(2, 2)", floats([1, -2.5, 0, 7])), "images.npy")
    let fingerprint = try open(path).fingerprint
    #expect(try open(path).labelCount == 0 && open(path).sample(0).label == -1)
    folder.write(npy("|u1", "(2,)", [0, 2]), "labels.npy")
    let data = try open(path)
    #expect(data.count == 2 && data.labelCount == 3 && data.channels == 2 && data.height == 1)
    #expect(try data.sample(0).pixels == [1, -2.5] && data.sample(1).pixels == [0, 7])
    #expect(try (0..<2).map { try data.sample($0).label } == [0, 2])
    #expect(data.fingerprint != fingerprint && (data as? PointArray)?.extent == 7)
    #expect(failure { _ = try open(path, labels: 2) }?.description.contains("label 2") == true)
    #expect(try open(path, labels: 5).labelCount == 5)
    for (bytes, named) in [
      (npy("<f4", "(2, 2)", floats([1, 2, .nan, 3])), "sample 1"),
      (npy("<f4", "(1, 3)", floats([1, 2, 3])), "[1, 3] are no points"),
      (npy("|u1", "(1, 2)", [1, 2]), "|u1"), (Array("1,2\n".utf8), "no points of the plane"),
    ] {
      let other = folder.write(bytes, "other.npy")
      #expect(failure { _ = try open(other) }?.description.contains(named) == true, "\(named)")
    }
    #expect(failure { _ = try open(folder.path) }?.kind == .unsuitable)
  }

  @Test("labels lie in the file that is called labels, of any type of integer")
  func labels() throws {
    let images = folder.write(npy("|u1", "(2, 1, 1)", [1, 2]), "train-images.npy")
    folder.write(npy("<i8", "(2,)", [5, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]), "train-labels.npy")
    let data = try open(images, size: 1)
    #expect(data.labelCount == 6)
    #expect(try (0..<2).map { try data.sample($0).label } == [5, 3])
    #expect(failure { _ = try open(images, size: 1, labelCount: 5) }?.description.contains("label 5") == true)
    folder.write(npy("|i1", "(2,)", [255, 0]), "train-labels.npy")
    #expect(failure { _ = try open(images, size: 1) }?.description.contains("label -1") == true)
    folder.write(npy("|u1", "(3,)", [1, 0, 0]), "train-labels.npy")
    #expect(failure { _ = try open(images, size: 1) }?.description.contains("3 labels for 2 samples") == true)
  }

  @Test(
    "labels of every type of integer are the same numbers; one that is no label is named",
    arguments: ["|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8"])
  func labelTypes(type: String) throws {
    let size = type.last!.wholeNumberValue!
    func bytes(_ label: Int64) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: label >> (8 * $0)) }
    }
    let images = folder.write(npy("|u1", "(2, 1, 1)", [1, 2]), "images.npy")
    let label: Int64 = size == 1 ? 100 : 300
    folder.write(npy(type, "(2,)", bytes(label) + bytes(7)), "labels.npy")
    let data = try open(images, size: 1)
    #expect(try (0..<2).map { try data.sample($0).label } == [Int32(label), 7])
    folder.write(npy(type, "(2,)", bytes(0) + bytes(-2)), "labels.npy")
    let wrong = type.contains("i") ? "-2" : size == 8 ? "18446744073709551614" : "\((1 << (8 * size)) - 2)"
    guard size > 2 || type.contains("i") else { return }
    let error = failure { _ = try open(images, size: 1) }
    #expect(
      error?.description.contains("label \(wrong) is out of range (") == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("labels.npy, sample 1)") == true)
  }

  @Test(
    "a header that promises what is not there, or is no header, is refused before memory is taken",
    arguments: [
      npy("<f4", "(8589934592,)", []), npy("<f4", "(2147483648, 2147483648, 2147483648)", []),
      npy("|u1", "(99999999999999999999, 1, 1)", []), npy("|u1", "(2, 2, 3)", Array(0..<11)),
      npy("|u1", "(2, 2, 3)", Array(0..<13)), npy("|u1", "(-1, 2, 2)", Array(0..<4)),
      npy("|u1", "(1, 2, 2)", Array(0..<4), fortran: "True"), npy("|O", "(1, 2, 2)", Array(0..<4)),
      npy(">f4", "(1, 1, 1)", [0, 0, 0, 0]), npy("|u1", "(0, 2, 2)", []),
      npy("|u1", "(1, 2, 2, 2)", Array(0..<8)), npy("|u1", "(1, 5, 5, 5)", Array(0..<125)),
      npy("|u1", "()", [1]), npy("|u1", "(1, 1, 1), 'shape': (1, 1, 1)", [1]),
      npy("|u1", "(1, 1, 1), 'other': 'x'", [1]), npy("|u1', 'x': '", "(1, 1, 1)", [1]),
      Array(npy("|u1", "(1, 1, 1)", [1]).prefix(30)), [0x93] + Array("NUMPY".utf8) + [1, 0, 255, 255],
      [0x93] + Array("NUMPY".utf8) + [2, 0, 255, 255, 255, 255],
      [0x93] + Array("NUMPY".utf8) + [9, 0, 1, 0, 0, 0],
    ])
  func hostile(bytes: [UInt8]) {
    let path = folder.write(bytes, "x.npy")
    #expect(failure { _ = try open(path, size: 2, channels: 3) } != nil)
  }

  @Test("no prefix of a file and no flipped header byte is read as something else")
  func damage() throws {
    let whole = npy("|u1", "(2, 2, 2)", Array(0..<8))
    for count in 0..<whole.count {
      let path = folder.write(Array(whole.prefix(count)), "p.npy")
      #expect(failure { _ = try open(path, size: 2) } != nil, "\(count) bytes")
    }
    for place in whole.indices {
      for bit in 0..<8 {
        var bytes = whole
        bytes[place] ^= 1 << bit
        let path = folder.write(bytes, "f.npy")
        // What is read all the same has the shape that its header now says, and every sample can be read.
        guard let data = try? open(path, size: 2) else { continue }
        for index in 0..<data.count { _ = try data.sample(index) }
      }
    }
  }
}

/// What NumPy writes.
@Suite(.enabled(if: Python.hasNumPy, "no Python with numpy: set LOCKSTEP_PYTHON"))
struct NumPyPeerTests {
  @Test("archives that numpy writes, stored and deflated, are the same samples; damage is found everywhere")
  func archives() throws {
    let folder = TemporaryFolder()
    try Python.run(
      """
      import numpy
      images = (numpy.arange(6 * 4 * 4 * 3) * 7 % 256).astype(numpy.uint8).reshape(6, 4, 4, 3)
      numpy.savez('\(folder.path)/stored.npz', images=images, labels=numpy.arange(6))
      numpy.savez_compressed('\(folder.path)/deflated.npz', x_train=images, y_train=numpy.arange(6))
      numpy.save('\(folder.path)/planar.npy', images.transpose(0, 3, 1, 2).copy())
      """)
    let stored = try open(folder.path + "/stored.npz", size: 4, channels: 3)
    #expect(stored.count == 6 && stored.labelCount == 6)
    let expected = try readAll(folder.path + "/planar.npy", size: 4, channels: 3)
    #expect(expected[0][0] == scaled(0) && expected[0][1] == scaled(7))
    for name in ["stored.npz", "deflated.npz"] {
      let path = folder.path + "/" + name
      #expect(try readAll(path, size: 4, channels: 3) == expected)
      #expect(try open(path, size: 4, channels: 3).fingerprint == stored.fingerprint)
      let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      for count in 0..<whole.count {
        let cut = folder.write(Array(whole.prefix(count)), "cut.npz")
        #expect(failure { _ = try open(cut, size: 4, channels: 3) } != nil, "\(name), \(count) bytes")
      }
      for place in whole.indices {
        var bytes = whole
        bytes[place] ^= 0x41
        let flipped = folder.write(bytes, "flipped.npz")
        // A date or a flag that nobody reads may differ; no pixel and no label may.
        if let data = try? open(flipped, size: 4, channels: 3), data.labelCount > 0 {
          #expect(data.fingerprint == stored.fingerprint, "\(name), byte \(place)")
        }
      }
    }
  }

  @Test("resampling is Pillow's bicubic to a level of its bytes", .enabled(if: Python.hasPillow, "no Pillow"))
  func pillow() throws {
    let folder = TemporaryFolder()
    try Python.run(
      """
      import numpy
      from PIL import Image
      y, x = numpy.mgrid[0:50, 0:37]
      array = ((numpy.sin(x / 3) * numpy.cos(y / 5) + 1) * 100 + 20).astype(numpy.uint8)
      image = Image.fromarray(array)
      import os
      os.mkdir('\(folder.path)/in')
      image.save('\(folder.path)/in/a.png')
      middle = image.crop((0, 6, 37, 43)).resize((16, 16), Image.BICUBIC)
      numpy.save('\(folder.path)/crop.npy', numpy.asarray(middle)[None])
      whole = image.resize((12, 16), Image.BICUBIC)
      padded = numpy.zeros((1, 16, 16), numpy.uint8)
      padded[0, :, 2:14] = numpy.asarray(whole)
      numpy.save('\(folder.path)/pad.npy', padded)
      """)
    for mode in [ResizeMode.crop, .pad] {
      let request = DatasetRequest(source: folder.path + "/in", size: 16, channels: 1, resize: mode)
      let ours = try Datasets.open(request).sample(0).pixels
      let theirs = try readAll("\(folder.path)/\(mode.rawValue).npy", size: 16)[0]
      let worst = zip(ours, theirs).map { abs($0 - $1) * 127.5 }.max()!
      #expect(worst <= 1.01, "\(mode): \(worst) levels")
    }
    #expect(failure { _ = try open(folder.path + "/in", size: 16) }?.kind == .unsuitable)
  }
}

/// Scripts of the peers' Python.
enum Python {
  static let hasNumPy = (try? run("import numpy")) != nil
  static let hasPillow = (try? run("import numpy, PIL")) != nil

  struct Failed: Error {}

  static func run(_ script: String) throws {
    guard try PeerPython.status(of: ["-c", script]) == 0 else { throw Failed() }
  }
}
