import Foundation

/// An import line of a source file.
struct ImportLine: CustomStringConvertible {
  let file: SourceFile
  let line: Int
  let module: String

  /// `Sources/Room/File.swift:3`.
  var description: String { "Sources/\(file.path):\(line)" }
}

/// A Swift file below `Sources`.
struct SourceFile {
  /// The path below `Sources`.
  let path: String
  let text: String

  /// The target that the file belongs to.
  var room: String { String(path.prefix { $0 != "/" }) }

  var lineCount: Int { text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 }

  /// The import lines, with any access level or attribute; submodules and single declarations by their
  /// module.
  var imports: [ImportLine] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
      Self.module(importedBy: line).map { ImportLine(file: self, line: index + 1, module: $0) }
    }
  }

  /// `TensorCore` for `  @preconcurrency internal import struct TensorCore.Tensor  // why`; nil for any other
  /// line.
  static func module(importedBy line: some StringProtocol) -> String? {
    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
    let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    var words = Substring(line).split { $0 == " " || $0 == "\t" || $0 == ";" }[...]
    while let first = words.first, modifiers.contains(first) || first.hasPrefix("@") { words.removeFirst() }
    guard words.popFirst() == "import" else { return nil }
    if let kind = words.first, kinds.contains(kind) { words.removeFirst() }
    return words.first.map { String($0.prefix { $0 != "." }) }
  }
}

/// The files below `Sources` of the package that this test belongs to.
enum SourceTree {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources").resolvingSymlinksInPath()

  /// The folders of `Sources`.
  static let rooms: [String] = names(in: root).sorted()

  /// Every Swift file, in order of its path.
  static let files: [SourceFile] = {
    guard let paths = FileManager.default.enumerator(atPath: root.path) else { return [] }
    return paths.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().compactMap { path in
      (try? String(contentsOf: root.appending(path: path), encoding: .utf8)).map {
        SourceFile(path: path, text: $0)
      }
    }
  }()

  static let imports: [ImportLine] = files.flatMap(\.imports)

  /// The manifest of the fuzzers' package.
  static let fuzzingManifest = try? String(
    contentsOf: root.deletingLastPathComponent().appending(path: "Tests/Fuzzing/Package.swift"),
    encoding: .utf8)

  private static func names(in folder: URL) -> [String] {
    let contents = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return (contents ?? []).map(\.lastPathComponent).filter { !$0.hasPrefix(".") }
  }
}
