import Platform

/// The header of an NPY file (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): the
/// magic, a version, a length, and a Python dictionary with `descr`, `fortran_order` and `shape`; the values
/// follow.
struct NPYHeader: Sendable {
  /// The types of values that are read.
  enum Element: String {
    case bool = "|b1"
    case uint8 = "|u1"
    case int8 = "|i1"
    case uint16 = "<u2"
    case int16 = "<i2"
    case uint32 = "<u4"
    case int32 = "<i4"
    case uint64 = "<u8"
    case int64 = "<i8"
    case float32 = "<f4"
    case float64 = "<f8"

    var byteCount: Int {
      switch self {
      case .bool, .uint8, .int8: 1
      case .uint16, .int16: 2
      case .uint32, .int32, .float32: 4
      case .uint64, .int64, .float64: 8
      }
    }

    var isFloat: Bool { self == .float32 || self == .float64 }
  }

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// More than this is refused: a shape and a type take some hundred bytes.
  static let longestHeader = 65_536
  private static let maximumRank = 8
  private static let maximumExtent = 1 << 31

  let element: Element
  let extents: [Int]
  /// Bytes before the first value.
  let byteCount: Int
  /// Bytes of all values. Checked not to overflow.
  let payload: Int

  /// Parses the header at the start of `content`, and holds what it promises against the bytes that follow.
  init(_ content: FileContent, path: FilePath) throws(DatasetError) {
    func damaged(_ what: String, at byte: Int) -> DatasetError {
      DatasetError(.badData, what, "\(path), byte \(byte)", "write the file again with numpy.save")
    }
    let start = try content.bytes(0..<min(12, content.count))
    guard start.starts(with: Self.magic) else { throw damaged("not an NPY file", at: 0) }
    guard start.count == 12 else { throw damaged("truncated NPY header", at: content.count) }
    guard (1...3).contains(start[6]) else { throw damaged("an NPY file of version \(start[6])", at: 6) }
    let isShort = start[6] == 1
    let length = LittleEndian(start).number(8, isShort ? 2 : 4)
    let textStart = isShort ? 10 : 12
    guard length <= Self.longestHeader, length <= content.count - textStart else {
      throw damaged("an NPY header of \(length) bytes, the file has \(content.count)", at: 8)
    }
    byteCount = textStart + length
    let fields: NPYFields
    let text = try content.bytes(textStart..<byteCount)
    do throws(NPYFields.Failure) {
      fields = try NPYFields(parsing: text[...])
    } catch {
      let failure = error
      throw damaged("not an NPY header: \(failure.reason)", at: textStart + failure.offset)
    }
    guard let element = Element(rawValue: fields.type) else {
      throw DatasetError(
        .unsuitable, "values of type \(TerminalText.escaped(fields.type))", path.description,
        "save images and volumes as bool, uint8, float32 or float64, labels as integers, little-endian"
      )
    }
    guard !fields.isFortranOrdered else {
      throw DatasetError(
        .unsuitable, "an array in Fortran's order", path.description, "save numpy.ascontiguousarray of it")
    }
    guard fields.extents.count <= Self.maximumRank else {
      throw damaged("\(fields.extents.count) axes, more than \(Self.maximumRank)", at: textStart)
    }
    var payload = element.byteCount
    for extent in fields.extents {
      let (product, overflow) = payload.multipliedReportingOverflow(by: extent)
      guard extent <= Self.maximumExtent, !overflow else {
        throw damaged("an impossible shape \(fields.extents)", at: textStart)
      }
      payload = product
    }
    guard payload == content.count - byteCount else {
      throw damaged(
        "the header says \(fields.extents) = \(payload) bytes, \(content.count - byteCount) follow it",
        at: byteCount)
    }
    self.element = element
    extents = fields.extents
    self.payload = payload
  }
}
