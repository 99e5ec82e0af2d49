import Glibc
import Platform

/// A file in a folder of its own that only this user can write, made when it is needed.
package final class TemporaryFile {
  private let name: String
  private var folder: String?

  package init(_ name: String) { self.name = name }

  /// Where it is; nil before it is made.
  package var path: String? { folder.map { "\($0)/\(name)" } }

  /// Its path, in a folder that is there.
  /// - Throws: ``RunFolderError``.
  package func make() throws -> String {
    let folder = try self.folder ?? Self.makeFolder()
    self.folder = folder
    return "\(folder)/\(name)"
  }

  /// Removes it and its folder.
  package func remove() {
    guard let folder, let path else { return }
    unlink(path)
    rmdir(folder)
  }

  /// Makes a folder for files that are removed again.
  static func makeFolder() throws(RunFolderError) -> String {
    guard let folder = Files.makeTemporaryFolder() else {
      throw RunFolderError(
        .notWritable, "no temporary folder can be made", Files.temporaryPlace,
        "set TMPDIR to a folder that can be written")
    }
    return folder
  }
}
