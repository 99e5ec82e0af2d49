#if canImport(Glibc)
  import Glibc
#endif

/// A file in a folder of its own that only this user can write, made when it is needed.
final class TemporaryFile {
  private let name: String
  private var folder: String?

  init(_ name: String) { self.name = name }

  /// Where it is; nil before it is made.
  var path: String? { folder.map { "\($0)/\(name)" } }

  /// Its path, in a folder that is there.
  /// - Throws: ``RunFolderError``.
  func make() throws -> String {
    let folder = try self.folder ?? Files.makeTemporaryFolder()
    self.folder = folder
    return "\(folder)/\(name)"
  }

  /// Removes it and its folder.
  func remove() {
    guard let folder, let path else { return }
    unlink(path)
    rmdir(folder)
  }
}
