import Glibc
import Reporting
import TestSupport
import Testing

@Suite("Files that appear at once")
struct AtomicFileTests {
  private let folder = TemporaryFolder()
  private var path: String { folder.path(of: "file") }
  private let new = Array("new".utf8)

  private func kind(of name: String) -> mode_t {
    var status = stat()
    return lstat(folder.path(of: name), &status) == 0 ? status.st_mode & S_IFMT : 0
  }

  @Test(
    "a durable write has the bytes on the device before they get their name, and the name before it returns")
  func order() throws {
    folder.write("old", to: "file")
    var seen: [String] = []
    var calls = FileCalls()
    calls.synchronize = { [folder] descriptor in
      var status = stat()
      fstat(descriptor, &status)
      let what = status.st_mode & S_IFMT == S_IFDIR ? "folder" : "file of \(status.st_size)"
      seen.append("\(what) beside \(folder.text(of: "file") ?? "none")")
      return 0
    }
    try AtomicFile.write(new, to: path, durable: true, calls: calls)
    #expect(seen == ["file of 3 beside old", "folder beside new"])
    seen = []
    try AtomicFile.write(new, to: path, durable: false, calls: calls)
    #expect(seen.isEmpty)
    #expect(folder.names == ["file"])
  }

  @Test("bytes that cannot be written or made durable do not get the name, and are removed")
  func failures() throws {
    folder.write("old", to: "file")
    var calls = FileCalls()
    calls.synchronize = { _ in
      errno = EIO
      return -1
    }
    #expect(throws: ReportingError.cannotWrite(path: path, operation: "fsync", errno: EIO)) {
      try AtomicFile.write(new, to: path, durable: true, calls: calls)
    }
    calls.write = { _, _ in ENOSPC }
    #expect(throws: ReportingError.cannotWrite(path: path, operation: "write", errno: ENOSPC)) {
      try AtomicFile.write(new, to: path, durable: false, calls: calls)
    }
    #expect(folder.text(of: "file") == "old" && folder.names == ["file"])
  }

  @Test("links are followed to the file, which is replaced or made where it lies", arguments: ["old", nil])
  func links(old: String?) throws {
    let elsewhere = TemporaryFolder()
    if let old { elsewhere.write(old, to: "target") }
    folder.link("second", to: elsewhere.path(of: "target"))
    folder.link("first", to: "second")
    try AtomicFile.write(new, to: folder.path(of: "first"), durable: true)
    #expect(kind(of: "first") == S_IFLNK && kind(of: "second") == S_IFLNK)
    #expect(elsewhere.text(of: "target") == "new")
    #expect(elsewhere.names == ["target"] && folder.names == ["first", "second"])
  }

  @Test("what is no regular file is written to and stays what it is")
  func pipe() throws {
    #expect(mkfifo(path, 0o600) == 0)
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    try AtomicFile.write(new, to: path, durable: true)
    var bytes = [UInt8](repeating: 0, count: 8)
    #expect(read(reader, &bytes, bytes.count) == 3 && bytes.starts(with: new))
    #expect(kind(of: "file") == S_IFIFO && folder.names == ["file"])
  }

  @Test("what a process has left that was killed as it wrote is removed, and nothing else")
  func leftovers() throws {
    // The name under which the bytes lie as they are written.
    var left: [String] = []
    var calls = FileCalls()
    calls.write = { [folder] _, _ in
      left += folder.names
      return nil
    }
    try AtomicFile.write(new, to: path, durable: false, calls: calls)
    try AtomicFile.write(new, to: folder.path(of: "step-00000001.png"), durable: false, calls: calls)
    left = left.filter { $0.contains(".tmp-") } + ["status.json.tmp-node-7.example.org-4711-12"]
    #expect(left.count == 3)
    let others = [
      ".tmp-node-1-2", "a.tmp-77", "b.tmp-node-1-2x", "c.tmp-node--2", "d-node-1-2", "e.tmp-x.partial",
    ]
    for name in left + others { folder.write("", to: name) }
    #expect(mkdir(folder.path(of: "f.tmp-node-1-2"), 0o700) == 0)
    AtomicFile.removeLeftovers(in: folder.path)
    #expect(folder.names == (others + ["f.tmp-node-1-2", "file", "step-00000001.png"]).sorted())
    AtomicFile.removeLeftovers(in: folder.path(of: "none"))
  }
}
