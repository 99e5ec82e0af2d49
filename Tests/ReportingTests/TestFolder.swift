import Foundation

/// A folder of its own for one test, removed with it.
final class TestFolder {
  let path: String

  init() {
    path = NSTemporaryDirectory() + "lockstep-reporting-\(UUID().uuidString)"
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// The names in the folder, sorted.
  var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? []
  }

  func path(of name: String) -> String { "\(path)/\(name)" }

  func bytes(of name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path(of: name)).map(Array.init)
  }

  func text(of name: String) -> String? {
    bytes(of: name).map { String(decoding: $0, as: UTF8.self) }
  }

  func write(_ text: String, to name: String) {
    _ = FileManager.default.createFile(atPath: path(of: name), contents: Data(text.utf8))
  }

  func link(_ name: String, to target: String) {
    try! FileManager.default.createSymbolicLink(atPath: path(of: name), withDestinationPath: target)
  }
}
