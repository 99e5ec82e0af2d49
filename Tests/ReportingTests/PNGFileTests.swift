import Glibc
import Reporting
import TestSupport
import Testing

@Suite("PNG files")
struct PNGFileTests {
  /// Incompressible samples: a linear congruential sequence's upper bits.
  private func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 42
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(state >> 56)
    }
  }

  @Test("pixels come back exactly", arguments: [(1, 1, 1), (3, 2, 3), (640, 480, 1), (333, 501, 3)])
  func roundTrip(width: Int, height: Int, channels: Int) throws {
    let pixels = Pixels(
      width: width, height: height, channels: channels, samples: noise(width * height * channels))
    let file = try PNGFile(encoding: pixels)
    #expect(decodedPNG(file.bytes) == pixels)
    #expect((file.width, file.height, file.channels) == (width, height, channels))
  }

  @Test("equal pixels give equal bytes")
  func determinism() throws {
    let pixels = Pixels(width: 64, height: 64, channels: 3, samples: noise(64 * 64 * 3))
    #expect(try PNGFile(encoding: pixels).bytes == PNGFile(encoding: pixels).bytes)
  }

  @Test("writing replaces the old picture and leaves nothing else behind")
  func replacement() throws {
    let folder = TemporaryFolder()
    let black = Pixels(width: 2, height: 2, channels: 1, samples: [0, 0, 0, 0])
    let white = Pixels(width: 2, height: 2, channels: 1, samples: [255, 255, 255, 255])
    try PNGFile.write(black, to: folder.path(of: "grid.png"))
    try PNGFile.write(white, to: folder.path(of: "grid.png"))
    #expect(folder.names == ["grid.png"])
    #expect(folder.bytes(of: "grid.png").flatMap(decodedPNG) == white)
  }

  @Test("a picture that cannot be put in place is named, and its temporary file goes")
  func failure() throws {
    let folder = TemporaryFolder()
    let pixels = Pixels(width: 1, height: 1, channels: 1, samples: [7])
    // A folder lies where the picture should be.
    let path = folder.path(of: "grid.png")
    let inner = TemporaryFolder()
    #expect(throws: ReportingError.cannotWrite(path: inner.path, operation: "open", errno: 21)) {
      try PNGFile.write(pixels, to: inner.path)
    }
    #expect(throws: ReportingError.cannotWrite(path: path + "/x/y.png", operation: "open", errno: 2)) {
      try PNGFile.write(pixels, to: path + "/x/y.png")
    }
    #expect(folder.names.isEmpty)
  }

  @Test("a link is followed and a pipe is written to: neither becomes a picture itself")
  func notRegular() throws {
    let folder = TemporaryFolder()
    let pixels = Pixels(width: 1, height: 1, channels: 1, samples: [7])
    try PNGFile.write(
      Pixels(width: 1, height: 1, channels: 1, samples: [9]), to: folder.path(of: "target.png"))
    #expect(symlink("target.png", folder.path(of: "link.png")) == 0)
    try PNGFile.write(pixels, to: folder.path(of: "link.png"))
    var status = stat()
    #expect(lstat(folder.path(of: "link.png"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    #expect(folder.bytes(of: "target.png").flatMap(decodedPNG) == pixels)
    let pipe = folder.path(of: "pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    let reader = open(pipe, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    try PNGFile.write(pixels, to: pipe)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(reader, &bytes, bytes.count)
    #expect(count > 0 && decodedPNG(Array(bytes.prefix(max(count, 0)))) == pixels)
    #expect(lstat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
  }
}
