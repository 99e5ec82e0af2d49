import Datasets
import Testing

@Suite("NumPy's archives, as other writers may make them")
struct ZIPTests {
  /// An archive of `images.npy` alone, of whose fields in zip64 the directory has `large`.
  /// - Parameters:
  ///   - content: as it lies in the file.
  ///   - fields: CRC, compressed size, size and offset of 32 bits.
  ///   - isLarge: whether the end says nothing and leaves it to that of zip64.
  private func archive(
    _ content: [UInt8], method: Int = 0, _ fields: [Int], large: [Int] = [], isLarge: Bool = false
  ) -> [UInt8] {
    let name = Array("images.npy".utf8)
    let extra =
      large.isEmpty ? [] : little(1, 2) + little(8 * large.count, 2) + large.flatMap { little($0, 8) }
    let directory =
      little(0x0201_4B50, 4) + little(0, 6) + little(method, 2) + little(0, 4)
      + fields.prefix(3).flatMap { little($0, 4) } + little(name.count, 2) + little(extra.count, 2)
      + little(0, 10) + little(fields[3], 4) + name + extra
    let start = 30 + content.count
    let record =
      little(0x0606_4B50, 4) + little(44, 8) + little(0, 12) + [1, 1].flatMap { little($0, 8) }
      + little(directory.count, 8) + little(start, 8)
    let locator = little(0x0706_4B50, 4) + little(0, 4) + little(start + directory.count, 8) + little(1, 4)
    let end = isLarge ? [0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF] : [1, directory.count, start]
    return little(0x0403_4B50, 4) + little(0, 26) + content + directory + (isLarge ? record + locator : [])
      + little(0x0605_4B50, 4) + little(0, 4) + little(end[0], 2) + little(end[0], 2) + little(end[1], 4)
      + little(end[2], 4) + little(0, 2)
  }

  @Test("sizes and places that zip64 gives are taken, of the member and of the directory")
  func zip64() throws {
    let array = npy("|u1", "(1, 2, 2)", [0, 51, 102, 255])
    let content = deflated(array)
    let ones = 0xFFFF_FFFF
    let bytes = archive(
      content, method: 8, [crc(array), ones, ones, ones], large: [array.count, content.count, 0],
      isLarge: true)
    let path = TemporaryFolder().write(bytes, "large.npz")
    #expect(try readAll(path, size: 2) == [[0, 51, 102, 255].map(scaled)])
  }

  @Test("members that lie beyond the file, or that it cannot hold, are damage before memory is taken")
  func impossible() {
    for (bytes, words) in [
      (archive([], [0, 0, 0, 0xFFFF_FFFF], large: [Int.max]), "begins behind its end"),
      (
        archive(little(0, 10), method: 8, [0, 10, 1 << 31, 0]),
        "10 bytes cannot hold the 2147483648 of images.npy"
      ),
    ] {
      let path = TemporaryFolder().write(bytes, "x.npz")
      let error = failure { _ = try open(path, size: 2) }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "read")")
    }
  }
}
