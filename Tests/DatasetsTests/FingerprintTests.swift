import Datasets
import Testing

/// A checkpoint holds the fingerprint of its data: one that changed would refuse runs that are sound. The
/// values were computed from the bytes with Python's hashlib.
@Suite("Recorded fingerprints")
struct FingerprintTests {
  private let folder = TemporaryFolder()

  private func fingerprint(_ source: String, size: Int, channels: Int = 1) throws -> String {
    try open(source, size: size, channels: channels).fingerprint.description
  }

  @Test("IDX files with labels have the fingerprint that was recorded")
  func idxFiles() throws {
    folder.write(
      idx([6, 4, 4], (0..<96).map { UInt8(truncatingIfNeeded: 37 * $0) }), "train-images-idx3-ubyte")
    folder.write(idx([6], [3, 0, 1, 1, 2, 5]), "train-labels-idx1-ubyte")
    #expect(
      try fingerprint(folder.path, size: 4)
        == "f323ef2337e7ce3096afc3e4025894562e205bfc45c8f3ac6eb6813e1ef68471")
  }

  @Test("CIFAR's records have the fingerprint that was recorded")
  func cifar() throws {
    let records: [UInt8] = [3, 9].enumerated().flatMap { index, label in
      let planes = (0..<3072).map { (place: Int) -> UInt8 in UInt8(10 * (index + 1) + place / 1024) }
      return [UInt8(label)] + planes
    }
    #expect(
      try fingerprint(folder.write(records, "a.bin"), size: 32, channels: 3)
        == "7b45f1fc9d834a24da9291d004bc23af99a8d46305bd79cde5c0cb54a904ece3")
  }

  @Test("images and points of NumPy's files, with labels, have the fingerprints that were recorded")
  func numPy() throws {
    folder.write(npy("|u1", "(2,)", [0, 2]), "labels.npy")
    let images = folder.write(npy("|u1", "(2, 2, 2)", Array(0..<8)), "images.npy")
    #expect(
      try fingerprint(images, size: 2) == "d3be839893e37d408125d5fb18fb8d523d044004e6f210db1ade6ddf4b6b1e5b")
    let points = folder.write(npy("<f4", "(2, 2)", floats([1, -2.5, 0, 7])), "images.npy")
    #expect(
      try fingerprint(points, size: 1, channels: 2)
        == "3fce257080dff091afe0ab28e0cff016fde402bf1965664aadffe1d2bf106d4f")
  }

  @Test("volumes, with labels and built in, have the fingerprints that were recorded")
  func volumes() throws {
    folder.write(npy("|u1", "(2,)", [0, 2]), "labels.npy")
    let path = folder.write(npy("|u1", "(2, 2, 2, 2, 1)", Array(0..<16)), "images.npy")
    for (source, size, fingerprint) in [
      (path, 2, "9b43679c31825e96f4e8720149264686ce596fdafdb097cc5eb1161b035f6c8e"),
      ("pottery", 32, "58049f6c499957bdd8a82f38fa25f0075f188dd85785a7cb3ae47018555d313e"),
    ] {
      let data = try Datasets.open(DatasetRequest(source: source, size: size, channels: 1, isVolume: true))
      #expect(data.fingerprint.description == fingerprint)
    }
  }

  @Test("a folder of images has the fingerprint that was recorded")
  func images() throws {
    folder.write(Fixture.greyPNG, "x/a.png")
    folder.write(Fixture.palettePNG, "y/b.png")
    #expect(
      try fingerprint(folder.path, size: 4)
        == "0d23d7f06486dcb421587c8130f36a908f062eae9209c93a9e3b86c84b4157fa")
  }

  @Test("a shard, as it is packed, has the fingerprint that was recorded")
  func shard() throws {
    var writer = ShardWriter()
    writer.append(key: "0", image: Fixture.greyPNG, extension: "png", label: 1)
    writer.finish()
    #expect(
      try fingerprint(folder.write(writer.bytes, "a.tar"), size: 4)
        == "15414128f4a3ca00b3bade3c7214763d18d30b240477a208684c965c7c399ff6")
  }

  @Test("files of text have the fingerprint that was recorded")
  func text() throws {
    folder.write(Array("\u{FEFF}bbaba".utf8), "1.txt")
    folder.write(Array("abab".utf8), "2.txt")
    #expect(
      try fingerprint(folder.path, size: 4)
        == "0484af9324b4858a5471232d2f77e84139f041f200fe3db93c54a1482601746c")
  }

  @Test("what is built in, and stacks of it, have the fingerprints that were recorded")
  func builtIn() throws {
    #expect(
      try fingerprint("pottery", size: 64)
        == "cbd9a4b268414b09fbb0d2ba826c784d5ea76f5ee1eb5b0658605946d03d62a2")
    #expect(
      try fingerprint("ring", size: 1, channels: 2)
        == "40c42f4e616fa2a1de051534475086a9374061746cfdf44534de6279e428716b")
    let stack = DatasetRequest(source: "pottery", size: 16, channels: 3, count: 300, stack: 3, seed: 4)
    #expect(
      try Datasets.open(stack).fingerprint.description
        == "8d824d79c056dcecb9a90748e92d74ee2f764feff2520aa70bd4bb5af90a0746")
  }
}
