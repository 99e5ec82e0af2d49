import Foundation

/// A folder for one test, removed with it.
final class Folder {
  let path: String
  /// A folder beside it, for what tests keep out of sight.
  let hidden: String

  init() throws {
    let root = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID().uuidString)"
    path = root + "/work"
    hidden = root + "/hidden"
    for folder in [path, hidden] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent)
  }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
  }

  /// Writes a file, with the folders that it needs.
  func write(_ bytes: [UInt8], _ name: String) throws {
    let file = "\(path)/\(name)"
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
  }

  /// Writes a program in the shell's language.
  func writeScript(_ script: String, _ name: String) throws {
    try write(Array("#!/bin/sh\n\(script)\n".utf8), name)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(path)/\(name)")
  }

  func copy(_ name: String, to other: String) throws {
    try FileManager.default.copyItem(atPath: "\(path)/\(name)", toPath: "\(path)/\(other)")
  }

  /// Every file below `name` with its bytes, `.lock` aside, whose text is that of the process that last tried
  /// it.
  func contents(of name: String) throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for entry in try FileManager.default.subpathsOfDirectory(atPath: "\(path)/\(name)") where entry != ".lock"
    {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: "\(path)/\(name)/\(entry)", isDirectory: &isFolder)
      contents[entry] = isFolder.boolValue ? [] : try bytes("\(name)/\(entry)")
    }
    return contents
  }

  /// The steps of a run's log, in the order of its lines.
  func loggedSteps(_ run: String) throws -> [Int] {
    struct Line: Decodable { let step: Int }
    return try bytes("\(run)/log.jsonl").split(separator: 10).map {
      try JSONDecoder().decode(Line.self, from: Data($0)).step
    }
  }

  /// A run's checkpoints, oldest first.
  func checkpoints(_ run: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(run)/checkpoints")
      .filter { $0.hasPrefix("step-") }.sorted()
  }
}
