import Glibc
import Platform

/// What lies in one folder: visible names in byte order. Names with a leading dot are left out, and the
/// folder in which macOS packs what its file system knows of files.
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

  /// The names of the folders in it.
  var folders: [[UInt8]] { entries.filter { $0.kind == .folder }.map(\.name) }

  /// Lists `folder`. A link counts as what it leads to, wherever that lies.
  init(_ folder: FilePath) throws(DatasetError) {
    guard let found = folder.withCString({ DirectoryEntry.entries(of: $0) }) else {
      throw .system("cannot list", folder)
    }
    var entries: [Entry] = []
    for entry in found
    where entry.name.first != UInt8(ascii: ".") && !Self.isForeign(entry.name) {
      let kind: Kind
      switch entry.type {
      case Int(DT_REG): kind = .file
      case Int(DT_DIR): kind = .folder
      default: kind = try Self.kind(of: folder.appending(entry.name))
      }
      entries.append(Entry(name: entry.name, kind: kind))
    }
    self.entries = entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// Whether a folder of that name is the one of macOS.
  static func isForeign(_ name: some Sequence<UInt8>) -> Bool { name.elementsEqual("__MACOSX".utf8) }

  /// Whether `path` is a folder.
  static func isFolder(_ path: FilePath) throws(DatasetError) -> Bool {
    try path.check()
    var status = stat()
    guard path.withCString({ stat($0, &status) }) == 0 else { throw .system("cannot open", path) }
    return status.st_mode & S_IFMT == S_IFDIR
  }

  private static func kind(of path: FilePath) throws(DatasetError) -> Kind {
    var status = stat()
    guard path.withCString({ stat($0, &status) }) == 0 else {
      guard errno == ENOENT else { throw .system("cannot open", path) }
      // Not left out: it may have been a folder of images, whose label would be the next one's.
      throw DatasetError(
        .missing, "a link that leads nowhere", path.description, "restore what it leads to, or remove it")
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .special
    }
  }
}
