import Platform

/// A cube of voxels as binvox writes it (Min 2004-2019): lines of text, `#binvox 1`, `dim 32 32 32`,
/// `translate`, `scale` and `data`, then pairs of bytes: a value, 0 (empty) or 1 (full), and of how many
/// voxels in a row.
///
/// The voxels of a cube of n a side have the order `(x * n + z) * n + y`. y points upwards in most models, so
/// that they are delivered as `[n - 1 - y, z, x]`: layers from the top.
struct BinvoxFile {
  let extent: VolumeExtent
  /// Whether a voxel is empty.
  let hasEmpty: Bool
  /// Whether a voxel is full.
  let hasFull: Bool
  private let side: Int
  private let bytes: [UInt8]
  /// Where the first pair stands.
  private let start: Int

  /// More than this before the voxels is refused: it takes some hundred bytes.
  private static let longestHeader = 4096

  /// Whether a file of that name is taken for one: `.binvox` in any case.
  static func isName(_ name: [UInt8]) -> Bool { name.isName(endingIn: ".binvox") }

  /// Reads the text and holds its promise against the pairs.
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - place: what errors call it.
  /// - Throws: ``DatasetError`` naming the byte where it is no such file.
  init(_ bytes: [UInt8], place: String, limits: DatasetLimits) throws(DatasetError) {
    func damaged(_ what: String, at byte: Int) -> DatasetError {
      DatasetError(.badData, what, "\(place), byte \(byte)", "write the file again with binvox, or remove it")
    }
    var (position, side, isInHeader) = (0, 0, true)
    while isInHeader {
      guard let end = bytes[position..<min(bytes.count, Self.longestHeader)].firstIndex(of: 0x0A) else {
        throw damaged(position == 0 ? "no binvox file" : "no line `data` before the voxels", at: position)
      }
      let line = bytes[position..<end]
      let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      if position == 0 {
        guard words == ["#binvox", "1"] else { throw damaged("no binvox file of version 1", at: 0) }
      } else if words.first == "dim" {
        let sides = words.dropFirst().map { Int($0) ?? 0 }
        guard side == 0, sides.count == 3, let first = sides.first, first > 0,
          sides.allSatisfy({ $0 == first })
        else {
          throw damaged(
            "`\(TerminalText.escaped(Array(line)))` does not say the three equal sides of a cube, once",
            at: position)
        }
        side = first
      }
      // Where the model stood, and whatever else is said, is passed over.
      isInHeader = words.first != "data"
      position = end + 1
    }
    guard side > 0 else { throw damaged("no line `dim` before the voxels", at: position) }
    extent = VolumeExtent(depth: side, height: side, width: side)
    try limits.check(extent, place: place)
    (start, self.side, self.bytes) = (position, side, bytes)
    let voxels = extent.count
    var (done, values) = (0, [false, false])
    while done < voxels {
      guard position + 1 < bytes.count else {
        throw damaged("truncated: \(done) of \(voxels) voxels", at: bytes.count)
      }
      let (value, count) = (bytes[position], Int(bytes[position + 1]))
      guard value <= 1 else { throw damaged("the value \(value) is neither 0 nor 1", at: position) }
      guard count > 0 else { throw damaged("a run of no voxels", at: position) }
      guard count <= voxels - done else { throw damaged("more than \(voxels) voxels", at: position) }
      values[Int(value)] = true
      done += count
      position += 2
    }
    guard position == bytes.count else {
      throw damaged("\(bytes.count - position) bytes behind the last of \(voxels) voxels", at: position)
    }
    (hasEmpty, hasFull) = (values[0], values[1])
  }

  /// A byte for each voxel in the order of ``extent``, 0 where it is empty and 1 where it is full.
  func voxels() -> [UInt8] {
    var result = [UInt8](repeating: 0, count: extent.count)
    var (x, z, y) = (0, 0, 0)
    for pair in stride(from: start, to: bytes.count, by: 2) {
      for _ in 0..<bytes[pair + 1] {
        result[((side - 1 - y) * side + z) * side + x] = bytes[pair]
        y += 1
        if y == side { (y, z) = (0, z + 1) }
        if z == side { (z, x) = (0, x + 1) }
      }
    }
    return result
  }
}
