import CZlib
import Platform

/// The members of a zip file (PKWARE APPNOTE 6.3), as far as numpy.savez writes them: stored or deflated,
/// with zip64 extents. Only the central directory is believed; names are looked up, never used as paths.
struct ZIPArchive {
  struct Member {
    let name: String
    let isDeflated: Bool
    let crc: UInt32
    let compressed: Int
    let size: Int
    /// The first byte of the local header.
    let header: Int
  }

  let path: FilePath
  let members: [Member]
  private let file: SharedFile
  /// Where the members' bytes must have ended.
  private let directoryStart: Int

  static let magic: [UInt8] = [0x50, 0x4B, 3, 4]
  private static let mostMembers = 4096
  private static let longestDirectory = 16 << 20
  private static let endBytes = 22

  /// Reads the directory at the end of the file.
  init(_ path: FilePath, limits: DatasetLimits) throws(DatasetError) {
    let file = try OpenFile(path)
    let directory = try Self.findDirectory(file)
    guard directory.count <= Self.mostMembers, directory.size <= Self.longestDirectory else {
      throw Self.damaged(path, "a directory of \(directory.count) members", at: directory.start)
    }
    let bytes = LittleEndian(try file.bytes(directory.start..<directory.start + directory.size))
    var members: [Member] = []
    var position = 0
    for _ in 0..<directory.count {
      let place = directory.start + position
      let (member, length) = try Self.member(bytes, position, path: path, place: place)
      guard member.size <= limits.bytes else {
        throw DatasetError(
          .badData, "a member of \(member.size) bytes, above the limit of \(limits.bytes)",
          "\(path), \(TerminalText.escaped(member.name))", DatasetLimits.moreBytes)
      }
      guard !members.contains(where: { $0.name == member.name }) else {
        throw Self.damaged(path, "\(member.name) is there twice", at: place)
      }
      members.append(member)
      position += length
    }
    guard position == directory.size else {
      throw Self.damaged(path, "bytes between the members of the directory", at: directory.start + position)
    }
    self.path = path
    self.members = members
    directoryStart = directory.start
    self.file = SharedFile(file)
  }

  /// The bytes of the file.
  var byteCount: Int { file.file.size }

  /// The content of a member, its CRC-32 checked: in memory if it was deflated, in the file if it was stored.
  func content(of member: Member) throws(DatasetError) -> FileContent {
    guard member.header <= directoryStart - 30 else {
      throw damaged("\(member.name) begins behind its end", member)
    }
    let local = LittleEndian(try file.file.bytes(member.header..<member.header + 30))
    guard local.number(0, 4) == 0x0403_4B50 else { throw damaged("no member \(member.name) here", member) }
    let start = member.header + 30 + local.number(26, 2) + local.number(28, 2)
    let (end, overflow) = start.addingReportingOverflow(member.compressed)
    guard !overflow, end <= directoryStart else {
      throw damaged("\(member.name) goes beyond the directory", member)
    }
    let stored = FileContent.file(file, start: start, count: member.compressed)
    let content: FileContent
    if member.isDeflated {
      guard member.size / InflateStream.maximumRatio <= member.compressed else {
        throw damaged("\(member.compressed) bytes cannot hold the \(member.size) of \(member.name)", member)
      }
      let place = path.appending(Array(member.name.utf8)).description
      var stream = InflateStream(.raw, stored, place: place)
      guard case .bytes(let bytes) = try stream.exactly(member.size) else {
        throw damaged("\(member.name) does not have its \(member.size) bytes", member)
      }
      content = .memory(bytes)
    } else {
      guard member.size == member.compressed else { throw damaged("\(member.name) has two sizes", member) }
      content = stored
    }
    var crc = crc32(0, nil, 0)
    try content.forEachPiece { piece in
      crc = piece.withUnsafeBufferPointer { crc32(crc, $0.baseAddress, UInt32($0.count)) }
    }
    guard UInt32(truncatingIfNeeded: crc) == member.crc else {
      throw damaged("the CRC of \(member.name) is wrong", member)
    }
    return content
  }

  private func damaged(_ what: String, _ member: Member) -> DatasetError {
    Self.damaged(path, what, at: member.header)
  }

  private static func damaged(_ path: FilePath, _ what: String, at byte: Int) -> DatasetError {
    DatasetError(
      .badData, "corrupt zip file: \(TerminalText.escaped(what))", "\(path), byte \(byte)",
      "write the file again with numpy.savez")
  }
}

// MARK: - The directory

extension ZIPArchive {
  private static func findDirectory(
    _ file: borrowing OpenFile
  ) throws(DatasetError) -> (start: Int, size: Int, count: Int) {
    let path = file.path
    let tailStart = max(0, file.size - endBytes - 65_535 - 20)
    let tail = LittleEndian(try file.bytes(tailStart..<file.size))
    guard tail.bytes.count >= endBytes else { throw damaged(path, "truncated", at: file.size) }
    // The comment is the last field: the record that ends exactly with the file is the one.
    let candidates = stride(from: tail.bytes.count - endBytes, through: 0, by: -1)
    guard
      let end = candidates.first(where: {
        tail.number($0, 4) == 0x0605_4B50 && $0 + endBytes + tail.number($0 + 20, 2) == tail.bytes.count
      })
    else { throw damaged(path, "no directory at its end", at: file.size) }
    var (count, size, start) = (tail.number(end + 10, 2), tail.number(end + 12, 4), tail.number(end + 16, 4))
    var limit = tailStart + end
    if count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
      guard end >= 20, tail.number(end - 20, 4) == 0x0706_4B50 else {
        throw damaged(path, "no zip64 locator", at: tailStart + end)
      }
      let record = tail.number(end - 12, 8)
      guard record >= 0, record <= limit - 20 - 56 else {
        throw damaged(path, "no zip64 directory", at: tailStart + end)
      }
      let large = LittleEndian(try file.bytes(record..<record + 56))
      guard large.number(0, 4) == 0x0606_4B50 else { throw damaged(path, "no zip64 directory", at: record) }
      (count, size, start) = (large.number(32, 8), large.number(40, 8), large.number(48, 8))
      limit = record
    }
    guard count >= 0, start >= 0, size >= 0, start <= limit, size <= limit - start else {
      throw damaged(path, "its directory lies outside of the file", at: tailStart + end)
    }
    return (start, size, count)
  }

  private static func member(
    _ bytes: LittleEndian, _ start: Int, path: FilePath, place: Int
  ) throws(DatasetError) -> (Member, length: Int) {
    guard bytes.bytes.count - start >= 46, bytes.number(start, 4) == 0x0201_4B50 else {
      throw damaged(path, "truncated directory", at: place)
    }
    let (nameCount, extraCount) = (bytes.number(start + 28, 2), bytes.number(start + 30, 2))
    let length = 46 + nameCount + extraCount + bytes.number(start + 32, 2)
    guard length <= bytes.bytes.count - start else { throw damaged(path, "truncated directory", at: place) }
    let raw = bytes.bytes[start + 46..<start + 46 + nameCount]
    guard let name = String(validating: raw, as: UTF8.self) else {
      throw damaged(path, "a name is not UTF-8", at: place)
    }
    let (flags, method) = (bytes.number(start + 8, 2), bytes.number(start + 10, 2))
    guard flags & 1 == 0, method == 0 || method == 8 else {
      throw damaged(path, "\(name) is encrypted or compressed by method \(method)", at: place)
    }
    var fields = [
      bytes.number(start + 24, 4), bytes.number(start + 20, 4), bytes.number(start + 42, 4),
    ]
    // The zip64 field holds those of size, compressed size and offset that are all ones, in this order.
    var next = start + 46 + nameCount
    let extraEnd = next + extraCount
    while next + 4 <= extraEnd {
      let (kind, count) = (bytes.number(next, 2), bytes.number(next + 2, 2))
      guard count <= extraEnd - next - 4 else {
        throw damaged(path, "a cut extra field of \(name)", at: place)
      }
      if kind == 1 {
        var value = next + 4
        for field in fields.indices where fields[field] == 0xFFFF_FFFF {
          guard value + 8 <= next + 4 + count else {
            throw damaged(path, "a cut zip64 field of \(name)", at: place)
          }
          fields[field] = bytes.number(value, 8)
          value += 8
        }
      }
      next += 4 + count
    }
    guard fields.allSatisfy({ $0 >= 0 }) else {
      throw damaged(path, "impossible sizes of \(name)", at: place)
    }
    return (
      Member(
        name: name, isDeflated: method == 8, crc: UInt32(truncatingIfNeeded: bytes.number(start + 16, 4)),
        compressed: fields[1], size: fields[0], header: fields[2]), length
    )
  }
}
