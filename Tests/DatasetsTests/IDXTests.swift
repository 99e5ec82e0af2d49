import Datasets
import Foundation
import Testing

@Suite struct IDXTests {
  private static let values = (0..<96).map { UInt8(truncatingIfNeeded: 37 * $0) }
  private static let images = idx([6, 4, 4], values)
  private static let labels = idx([6], [3, 0, 1, 1, 2, 5])

  /// A folder with `images` and `labels` under MNIST's names.
  private static func folder(images: [UInt8]? = nil, labels: [UInt8]? = nil) -> TemporaryFolder {
    let folder = TemporaryFolder()
    folder.write(images ?? Self.images, "train-images-idx3-ubyte")
    folder.write(labels ?? Self.labels, "train-labels-idx1-ubyte")
    return folder
  }

  @Test("pixels are scaled from 0...255 to -1...1 and labels are read")
  func reads() throws {
    let folder = Self.folder()
    let data = try open(folder.path, size: 4)
    #expect(data.count == 6 && data.height == 4 && data.width == 4 && data.channels == 1)
    #expect(data.labelCount == 6)
    let sample = try data.sample(2)
    #expect(sample.pixels == Self.values[32..<48].map { scaled(Int($0)) })
    #expect(sample.label == 1)
    #expect(scaled(0) == -1 && scaled(255) == 1)
  }

  @Test("a file that is cut short while it is read is an error that names the byte")
  func shrinks() throws {
    let folder = Self.folder()
    let data = try open(folder.path, size: 4)
    folder.write(Array(Self.images.prefix(40)), "train-images-idx3-ubyte")
    #expect(try data.sample(0).label == 3)
    let error = failure { _ = try data.sample(5) }
    #expect(
      error?.kind == .badData && error?.description.contains("byte 96") == true,
      "\(String(describing: error))")
  }

  @Test("a gzip file is read like the plain one and has the same fingerprint")
  func gzipEqualsPlain() throws {
    let plain = Self.folder()
    let compressed = TemporaryFolder()
    compressed.write(Fixture.gzipIDX, "train-images-idx3-ubyte.gz")
    compressed.write(gzip(Self.labels), "train-labels-idx1-ubyte.gz")
    let (first, second) = try (open(plain.path, size: 4), open(compressed.path, size: 4))
    #expect(first.fingerprint == second.fingerprint)
    for index in 0..<first.count {
      let (a, b) = try (first.sample(index), second.sample(index))
      #expect(a.pixels == b.pixels && a.label == b.label)
    }
  }

  @Test("the fingerprint depends on every pixel and label, not on place or time")
  func fingerprint() throws {
    let original = try open(Self.folder().path, size: 4).fingerprint
    #expect(try open(Self.folder().path, size: 4).fingerprint == original)
    #expect(DataFingerprint(original.description) == original)
    var images = Self.images
    images[40] ^= 1
    #expect(try open(Self.folder(images: images).path, size: 4).fingerprint != original)
    var labels = Self.labels
    labels[9] ^= 1
    #expect(try open(Self.folder(labels: labels).path, size: 4).fingerprint != original)
  }

  @Test("a file cut off at any byte is named", arguments: [false, true])
  func truncated(isCompressed: Bool) throws {
    let whole = isCompressed ? Fixture.gzipIDX : Self.images
    for length in 0..<whole.count {
      let folder = Self.folder(images: Array(whole.prefix(length)))
      let error = failure { _ = try open(folder.path, size: 4) }
      #expect(error?.kind == .badData, "cut to \(length) bytes")
      #expect(error?.description.contains("train-images-idx3-ubyte") == true)
    }
  }

  @Test("a truncated file is described by its header and by the byte at which it ends")
  func truncationMessage() {
    let folder = Self.folder(images: Array(Self.images.dropLast(5)))
    let text = failure { _ = try open(folder.path, size: 4) }?.description ?? ""
    #expect(text.contains("6 x 4 x 4 = 96 bytes, the file ends after 91"))
    #expect(text.contains("train-images-idx3-ubyte, byte 107"))
  }

  @Test("bytes after the last image are refused, plain and within gzip and after it")
  func excess() {
    for images in [
      Self.images + [0], gzip(Self.images + [0]), gzip(Self.images) + [0], gzip(Self.images) + [0x1F, 0x8B],
    ] {
      #expect(failure { _ = try open(Self.folder(images: images).path, size: 4) }?.kind == .badData)
    }
  }

  @Test("a gzip file of several members is read as their concatenation")
  func members() throws {
    let split = gzip(Array(Self.images[..<50])) + gzip(Array(Self.images[50...]))
    let whole = try open(Self.folder().path, size: 4)
    #expect(try open(Self.folder(images: split).path, size: 4).fingerprint == whole.fingerprint)
  }

  @Test("a gzip file is read in pieces: one that is longer than they are is whole")
  func gzipPieces() throws {
    let images = idx([2, 600, 1000], (0..<1_200_000).map { UInt8(truncatingIfNeeded: $0 / 7) })
    let members = stride(from: 0, to: images.count, by: 60_000)
      .flatMap { gzip(Array(images[$0..<min($0 + 60_000, images.count)])) }
    let labels = idx([2], [0, 1])
    let plain = try open(Self.folder(images: images, labels: labels).path, size: 1000)
    let compressed = try open(Self.folder(images: members, labels: labels).path, size: 1000)
    #expect(compressed.fingerprint == plain.fingerprint)
  }

  @Test("a gzip file of something else is refused by its first bytes, however long it is")
  func foreignGzip() throws {
    let folder = TemporaryFolder()
    let path = folder.write(gzip(Array("{\"text\": \"a line of many\"}".utf8)), "dump.jsonl.gz")
    let file = try #require(FileHandle(forWritingAtPath: path))
    // Sparse: it takes no room on the disk, but would in memory.
    try file.truncate(atOffset: 1 << 38)
    try file.close()
    let error = failure { _ = try open(path, size: 4) }
    #expect(error?.description.contains("not an IDX file") == true, "\(error?.description ?? "read")")
  }

  @Test("no header makes the reader take memory that the file cannot fill")
  func impossibleHeaders() {
    let cases: [(extents: [Int], plain: String, gzip: String?)] = [
      ([1 << 32 - 1, 1 << 32 - 1, 1 << 32 - 1], "16384 a side", nil),
      ([6, 1 << 20, 1 << 10], "16384 a side", nil),
      ([1, 16_384, 16_384], "89000000 pixels", nil), ([1 << 31, 4, 4], "the limit of 4294967296 bytes", nil),
      ([1 << 20, 28, 28], "truncated", "bytes of gzip cannot hold"),
    ]
    for (extents, plain, compressed) in cases {
      let header = idx(extents, [1, 2, 3])
      for (images, words) in [(header, plain), (gzip(header), compressed ?? plain)] {
        let error = failure { _ = try open(Self.folder(images: images).path, size: 4) }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "read")")
      }
    }
    for empty in [[0, 4, 4], [6, 0, 4]] {
      let error = failure { _ = try open(Self.folder(images: idx(empty, [])).path, size: 4) }
      #expect(error?.description.contains("0 samples") == true)
    }
  }

  @Test("a flipped bit in a gzip file is found, or changes nothing")
  func flippedBits() throws {
    let folder = TemporaryFolder()
    let file = folder.write(Fixture.gzipIDX, "images-idx3-ubyte.gz")
    let original = try readAll(file, size: 4)
    var read = 0
    for bit in 0..<8 * Fixture.gzipIDX.count {
      var bytes = Fixture.gzipIDX
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      folder.write(bytes, "images-idx3-ubyte.gz")
      if let pixels = try? readAll(file, size: 4) {
        read += 1
        #expect(pixels == original, "bit \(bit)")
      }
    }
    #expect(read >= 32, "the four bytes of the time in the header mean nothing")
  }

  @Test("bytes that are no IDX file are called so")
  func notIDX() {
    let folder = Self.folder(images: Array("<html>not found</html>".utf8))
    let error = failure { _ = try open(folder.path, size: 4) }
    #expect(error?.description.contains("not an IDX file") == true)
  }

  @Test("another number of labels than of images is an error with both numbers")
  func countMismatch() {
    let folder = Self.folder(labels: idx([5], [0, 1, 2, 3, 4]))
    let error = failure { _ = try open(folder.path, size: 4) }
    #expect(error?.kind == .badData)
    #expect(error?.description.contains("5 labels for 6 images") == true)
  }

  @Test("a label out of range is named with its sample")
  func labelOutOfRange() throws {
    let folder = Self.folder()
    #expect(try open(folder.path, size: 4, labelCount: 10).labelCount == 10)
    let error = failure { _ = try open(folder.path, size: 4, labelCount: 5) }
    #expect(error?.kind == .badData)
    #expect(error?.description.contains("label 5 is out of range 0..<5") == true)
    #expect(error?.description.contains("sample 5, byte 13") == true)
  }

  @Test("bytes of 0 and 1 are black and white; a byte above 1 makes 255 white, and is told up to 15")
  func binary() throws {
    let folder = TemporaryFolder()
    func read(_ bytes: [UInt8]) throws -> (data: any ImageDataset, values: [[Float]]) {
      let path = folder.write(idx([2, 2, 2], bytes), "x-idx3-ubyte")
      return (try open(path, size: 2), try readAll(path, size: 2))
    }
    let (data, values) = try read([0, 1, 1, 0, 0, 0, 0, 0])
    #expect(values == [[-1, 1, 1, -1], [-1, -1, -1, -1]])
    #expect(data.remarks == ["bytes of 0 and 1 read as black and white"])
    for (most, remarks) in [
      (2, ["no byte above 2, where 255 is full"]), (15, ["no byte above 15, where 255 is full"]), (16, []),
    ] as [(UInt8, [String])] {
      let (data, values) = try read([0, 1, 1, 0, 0, 0, 0, most])
      #expect(values[0] == [0, 1, 1, 0].map(scaled) && data.remarks == remarks, "\(most)")
    }
  }

  @Test("without a file of labels the samples are unlabelled")
  func unlabelled() throws {
    let folder = TemporaryFolder()
    folder.write(Self.images, "train-images-idx3-ubyte")
    let data = try open(folder.path, size: 4)
    #expect(data.labelCount == 0)
    #expect(try data.sample(0).label == -1)
  }

  @Test(
    "of several files the one to train on is taken, a choice is not guessed, and data have a folder's name")
  func names() throws {
    let folder = Self.folder()
    folder.write(idx([1, 4, 4], Array(repeating: 7, count: 16)), "t10k-images-idx3-ubyte")
    #expect(try open(folder.path, size: 4).count == 6)
    #expect(try open(folder.path + "/t10k-images-idx3-ubyte", size: 4).count == 1)
    #expect(try open(folder.path + "/train-images-idx3-ubyte", size: 4).labelCount == 6)
    for (path, name) in [
      ("", "\(folder.path.split(separator: "/").last!)"), ("/.", "train-images-idx3-ubyte"),
    ] {
      #expect(try open("\(folder.path)\(path)/train-images-idx3-ubyte", size: 4).name == name)
    }

    let other = TemporaryFolder()
    other.write(Self.images, "a.idx3-ubyte")
    other.write(Self.images, "b-idx3-ubyte.gz")
    let error = failure { _ = try open(other.path, size: 4) }
    #expect(error?.kind == .unsuitable)
    #expect(error?.description.contains("a.idx3-ubyte, b-idx3-ubyte.gz") == true)
  }

  @Test("a missing path is missing, a folder without data has 0 samples")
  func absent() {
    #expect(failure { _ = try open("/nowhere/at/all", size: 4) }?.kind == .missing)
    for name in ["", "a\u{0}b"] {
      let error = failure { _ = try open(name, size: 4) }
      #expect(error?.kind == .missing, "\(error?.description ?? "read")")
      #expect(error?.description.contains("no file has such a name") == true)
    }
    let empty = TemporaryFolder()
    let error = failure { _ = try open(empty.path, size: 4) }
    #expect(error?.kind == .badData)
    #expect(error?.description.contains("0 samples") == true)
  }
}
