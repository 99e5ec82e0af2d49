import Glibc

/// What is in a folder under one name.
public struct DirectoryEntry: Sendable {
  /// The name, in bytes, since it need not be text.
  public let name: [UInt8]
  /// `DT_REG`, `DT_DIR` and so on; `DT_UNKNOWN` where the file system does not say.
  public let type: Int

  /// The name as text, with a replacement for bytes that are none.
  public var text: String { String(decoding: name, as: UTF8.self) }

  /// What is in the folder at `path` but `.` and `..`, in no order; nil if all of it cannot be read, and
  /// `errno` says why.
  public static func entries(of path: UnsafePointer<CChar>) -> [DirectoryEntry]? {
    entries(of: open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
  }

  /// The same of an open folder, which is closed; nil for no descriptor.
  public static func entries(of descriptor: Int32) -> [DirectoryEntry]? {
    guard descriptor >= 0 else { return nil }
    guard let stream = fdopendir(descriptor) else {
      let code = errno
      close(descriptor)
      errno = code
      return nil
    }
    defer {
      let code = errno
      closedir(stream)
      errno = code
    }
    var entries: [DirectoryEntry] = []
    while true {
      // The end and an error look alike.
      errno = 0
      guard let entry = readdir(stream) else { return errno == 0 ? entries : nil }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name != [46], name != [46, 46] {
        entries.append(DirectoryEntry(name: name, type: Int(entry.pointee.d_type)))
      }
    }
  }
}
