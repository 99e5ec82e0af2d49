#if canImport(Glibc)
  import Glibc
#endif

/// Questions to the file system.
enum Files {
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
