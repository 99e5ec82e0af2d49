import Glibc
import Reporting
import TestSupport
import Testing

@Suite("A file that appears at once, by links and in odd folders")
struct AtomicFileLinkTests {
  @Test("a link stays, and the file behind it is replaced")
  func link() throws {
    let folder = TemporaryFolder()
    folder.write("old", to: "file")
    folder.link("link", to: "file")
    try AtomicFile.write(Array("new".utf8), to: folder.path(of: "link"), durable: true)
    #expect(Self.text(folder.path(of: "file")) == "new" && Self.isLink(folder.path(of: "link")))
  }

  @Test("a folder whose name is no text takes a file a second time")
  func folderThatIsNoText() throws {
    let scratch = TemporaryFolder()
    let name = Array("\(scratch.path)/".utf8) + [0xE9, 0]
    let folder = name.withUnsafeBytes { bytes in
      let path = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
      mkdir(path, 0o755)
      return open(path, O_RDONLY | O_DIRECTORY)
    }
    defer { close(folder) }
    // A path to it that is text, as a relative one is in such a working directory.
    let path = "/proc/self/fd/\(folder)/file"
    for text in ["first", "second"] {
      try AtomicFile.write(Array(text.utf8), to: path, durable: false)
      #expect(Self.text(path) == text)
    }
    unlink(path)
    name.withUnsafeBytes { _ = rmdir($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
  }

  private static func text(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 100)
    return fgets(&line, 100, file).map { String(cString: $0) }
  }

  private static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }
}
