import Platform

/// A path as the bytes that the system uses, which need not be UTF-8; printed with everything escaped that
/// could disturb a terminal or break a line.
struct FilePath: Hashable, Sendable, CustomStringConvertible {
  let bytes: [UInt8]

  init(_ text: String) { bytes = Array(text.utf8) }

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// The last component.
  var name: [UInt8] {
    let trimmed = bytes.reversed().drop { $0 == UInt8(ascii: "/") }
    return trimmed.prefix { $0 != UInt8(ascii: "/") }.reversed()
  }

  /// The folder that holds it.
  var folder: FilePath {
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return FilePath(".") }
    return FilePath(bytes: slash == 0 ? [bytes[0]] : Array(bytes[..<slash]))
  }

  /// What a data set is called that lies in it: by the folder, or by the file's own name where it is alone or
  /// in no folder that has one.
  func title(isAlone: Bool) -> String {
    let parent = folder.name
    let isNameless = parent.isEmpty || [".", ".."].contains { parent.elementsEqual($0.utf8) }
    return TerminalText.escaped(isAlone || isNameless ? name : parent)
  }

  func appending(_ name: [UInt8]) -> FilePath {
    FilePath(bytes: bytes.last == UInt8(ascii: "/") ? bytes + name : bytes + [UInt8(ascii: "/")] + name)
  }

  /// - Throws: ``DatasetError`` of kind `missing` for what no system takes for a name: nothing, or bytes with
  ///   a zero among them, which would end it.
  func check() throws(DatasetError) {
    guard !bytes.isEmpty, !bytes.contains(0) else {
      throw DatasetError(.missing, "no file has such a name", "\"\(self)\"", "check the path")
    }
  }

  func withCString<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
    var terminated = bytes
    terminated.append(0)
    return terminated.withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { body($0.baseAddress!) }
    }
  }

  var description: String { TerminalText.escaped(bytes) }
}
