import Foundation

/// A folder for one test, removed with all that is in it when the test lets go of it.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() {
    path = FileManager.default.temporaryDirectory.path + "/lockstep-test-\(UUID().uuidString)"
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  package func path(of name: String) -> String { "\(path)/\(name)" }

  /// The names in it, sorted.
  package var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? []
  }

  package func bytes(of name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path(of: name)).map(Array.init)
  }

  package func text(of name: String) -> String? {
    bytes(of: name).map { String(decoding: $0, as: UTF8.self) }
  }

  package func write(_ text: String, to name: String) {
    let isWritten = FileManager.default.createFile(atPath: path(of: name), contents: Data(text.utf8))
    precondition(isWritten, "cannot write \(name)")
  }

  package func link(_ name: String, to target: String) {
    try! FileManager.default.createSymbolicLink(atPath: path(of: name), withDestinationPath: target)
  }
}
