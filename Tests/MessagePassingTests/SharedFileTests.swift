import Glibc
import MessagePassing
import Testing

@Suite("A file that processes of a node share")
struct SharedFileTests {
  /// A file without a name, of one byte.
  private static func makeFile(_ byte: UInt8) throws -> Int32 {
    let stream = try #require(tmpfile())
    let file = dup(fileno(stream))
    fclose(stream)
    try #require(pwrite(file, [byte], 1, 0) == 1)
    return file
  }

  private static func byte(of file: Int32) -> UInt8? {
    var byte: UInt8 = 0
    return pread(file, &byte, 1, 0) == 1 ? byte : nil
  }

  @Test("is opened by its process and number there, once more")
  func opened() throws {
    let file = try Self.makeFile(7)
    defer { close(file) }
    let opened = SharedFile(file).open()
    defer { close(opened) }
    #expect(opened >= 0 && opened != file && Self.byte(of: opened) == 7)
  }

  @Test("is not opened where process and number mean another file, as in another PID namespace")
  func foreign() throws {
    let (file, other) = (try Self.makeFile(7), try Self.makeFile(8))
    defer {
      close(file)
      close(other)
    }
    // Only the mark tells that this is another file.
    #expect(SharedFile(file).isOpened && SharedFile(other).isOpened)
    #expect(!SharedFile(process: Int(getpid()), descriptor: other, mark: SharedFile(file).mark).isOpened)
    #expect(!SharedFile(process: Int(getpid()), descriptor: 1 << 20, mark: SharedFile(file).mark).isOpened)
  }

  @Test("that could not be made is opened by nobody")
  func none() { #expect(SharedFile(-1).open() < 0) }
}

extension SharedFile {
  /// Whether it can be opened; closes it again.
  fileprivate var isOpened: Bool {
    let file = open()
    if file >= 0 { close(file) }
    return file >= 0
  }
}
