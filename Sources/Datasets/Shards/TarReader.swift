import Platform

/// The regular files of a tar archive (POSIX ustar and pax, GNU long names), in order. Names are never used
/// as paths; links, devices, absolute names and `..` are errors, and so is an end without the block of zeros
/// that every writer puts there.
struct TarReader: ~Copyable {
  struct Member {
    let name: [UInt8]
    /// The first byte of the content.
    let offset: Int
    let size: Int
  }

  static let block = 512
  /// A name or a pax header beyond it is refused.
  private static let longestHeader = 1 << 20

  private let file: SharedFile
  private var position = 0

  init(_ file: SharedFile) {
    self.file = file
  }

  /// Whether `header`, the first block of a file, is that of a tar archive.
  static func isTar(_ header: some Collection<UInt8>) -> Bool {
    header.dropFirst(257).starts(with: Array("ustar".utf8))
  }

  /// The next regular file; nil at the end of the archive.
  mutating func next() throws(DatasetError) -> Member? {
    var longName: [UInt8]?
    var longSize: Int?
    while true {
      let start = position
      guard file.file.size - position >= Self.block else {
        throw damaged("truncated: no block of zeros at its end", at: file.file.size)
      }
      let header = TarHeader(try file.file.bytes(position..<position + Self.block))
      position += Self.block
      if header.isZero {
        guard longName == nil, longSize == nil else { throw damaged("a long name without a file", at: start) }
        try checkRest()
        return nil
      }
      guard header.hasChecksum else { throw damaged("the checksum of a header is wrong", at: start) }
      guard let size = header.type == UInt8(ascii: "x") ? header.size : longSize ?? header.size else {
        throw damaged("a size is no octal number", at: start)
      }
      guard size <= file.file.size - position else {
        throw damaged(
          "truncated: \(TerminalText.escaped(longName ?? header.name)) of \(size) bytes", at: start)
      }
      let offset = position
      // The content fits the file, so its rounding up does not overflow; the last block may be cut by nobody.
      position += (size + Self.block - 1) / Self.block * Self.block
      switch header.type {
      case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
        let name = longName ?? header.name
        try check(name, at: start)
        return Member(name: name, offset: offset, size: size)
      case UInt8(ascii: "5"):
        (longName, longSize) = (nil, nil)
      case UInt8(ascii: "L"):
        longName = Array(try extended(offset, size, at: start).prefix { $0 != 0 })
      case UInt8(ascii: "x"):
        let fields = try PaxFields(try extended(offset, size, at: start))
          .get { damaged("a pax header is malformed", at: start) }
        (longName, longSize) = (fields.path ?? longName, fields.size ?? longSize)
      case UInt8(ascii: "g"):
        _ = try extended(offset, size, at: start)
      default:
        let isLinkOrDevice = (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(header.type)
        let kind = isLinkOrDevice ? "a link or a device" : "of type \(TerminalText.escaped([header.type]))"
        throw DatasetError(
          .badData, "\(TerminalText.escaped(longName ?? header.name)) is \(kind)",
          "\(file.file.path), byte \(start)",
          "pack regular files only")
      }
    }
  }

  /// Behind the first block of zeros nothing but zeros may come.
  private func checkRest() throws(DatasetError) {
    var offset = position
    while offset < file.file.size {
      let piece = try file.file.bytes(offset..<min(offset + (1 << 20), file.file.size))
      if let other = piece.firstIndex(where: { $0 != 0 }) {
        throw damaged("bytes behind the end of the archive", at: offset + other)
      }
      offset += piece.count
    }
  }

  private func extended(_ offset: Int, _ size: Int, at start: Int) throws(DatasetError) -> [UInt8] {
    guard size <= Self.longestHeader else { throw damaged("a header of \(size) bytes", at: start) }
    return try file.file.bytes(offset..<offset + size)
  }

  private func check(_ name: [UInt8], at start: Int) throws(DatasetError) {
    let parts = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard !name.isEmpty, name[0] != UInt8(ascii: "/"), !name.contains(0),
      !parts.contains(where: { $0.elementsEqual("..".utf8) })
    else {
      throw DatasetError(
        .badData, "the name \"\(TerminalText.escaped(name))\" leads out of the archive",
        "\(file.file.path), byte \(start)",
        "pack plain relative names")
    }
  }

  private func damaged(_ what: String, at byte: Int) -> DatasetError {
    DatasetError(
      .badData, "not a whole tar archive: \(what)", "\(file.file.path), byte \(byte)", "pack it again")
  }
}
