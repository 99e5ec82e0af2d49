import Glibc
import Platform

/// What lies in one folder: visible names in byte order. Names with a leading dot are left out.
struct FolderListing {
  enum Kind {
    case file, folder
    /// A device, a FIFO or a socket.
    case special
  }

  struct Entry {
    let name: [UInt8]
    let kind: Kind
  }

  let entries: [Entry]

  /// Lists `folder`. A link counts as what it leads to, which must lie under `root`.
  /// - Parameter root: the resolved path (see ``resolved(_:)``) that no link may leave.
  init(_ folder: FilePath, root: FilePath) throws(DatasetError) {
    guard let found = folder.withCString({ DirectoryEntry.entries(of: $0) }) else {
      throw .system("cannot list", folder)
    }
    var entries: [Entry] = []
    for entry in found where entry.name.first != UInt8(ascii: ".") {
      let kind: Kind
      switch entry.type {
      case Int(DT_REG): kind = .file
      case Int(DT_DIR): kind = .folder
      default: kind = try Self.kind(of: folder.appending(entry.name), root: root)
      }
      entries.append(Entry(name: entry.name, kind: kind))
    }
    self.entries = entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// The absolute path of `path` without links.
  static func resolved(_ path: FilePath) throws(DatasetError) -> FilePath {
    guard let bytes = path.withCString(realPath) else { throw .system("cannot open", path) }
    return FilePath(bytes: bytes)
  }

  /// Whether `path` is a folder.
  static func isFolder(_ path: FilePath) throws(DatasetError) -> Bool {
    var status = stat()
    guard !path.bytes.isEmpty, !path.bytes.contains(0), path.withCString({ stat($0, &status) }) == 0 else {
      throw .system("cannot open", path)
    }
    return status.st_mode & S_IFMT == S_IFDIR
  }

  private static func kind(of path: FilePath, root: FilePath) throws(DatasetError) -> Kind {
    let target = try resolved(path)
    guard target.bytes.starts(with: root.appending([]).bytes) else {
      throw DatasetError(
        .badData, "a link leads out of the data folder to \(target)", path.description,
        "replace it by what it points to")
    }
    var status = stat()
    guard target.withCString({ stat($0, &status) }) == 0 else { throw .system("cannot open", path) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .special
    }
  }
}
