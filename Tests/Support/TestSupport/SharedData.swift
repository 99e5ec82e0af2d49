import Foundation

/// Real files, where they are: `$LOCKSTEP_SHARED_DATA`, or `../shared/data` beside the package.
package enum SharedData {
  package static let folder: String = {
    if let folder = ProcessInfo.processInfo.environment["LOCKSTEP_SHARED_DATA"] { return folder }
    let beside = (0..<5).reduce(URL(fileURLWithPath: #filePath)) { path, _ in path.deletingLastPathComponent()
    }
    return beside.appendingPathComponent("shared/data").path
  }()

  package static var isPresent: Bool { FileManager.default.fileExists(atPath: folder + "/MANIFEST.md") }
}
