import Platform
import TensorCore

/// The first part of a safetensors file: a length in 8 bytes, little-endian, then that many bytes of JSON
/// that give each tensor's type, shape and place in the bytes that follow.
struct SafetensorsHeader {
  /// The element types that this program writes and reads.
  enum ElementType: String {
    case float32 = "F32"
    case int64 = "I64"
    case uint8 = "U8"

    var byteCount: Int {
      switch self {
      case .float32: 4
      case .int64: 8
      case .uint8: 1
      }
    }
  }

  /// One tensor's line of the header.
  struct Entry {
    var name: String
    var type: ElementType
    var shape: Shape
    /// Bytes of the data section, which begins after the header.
    var range: Range<Int>
  }

  /// The tensors, in the order of their data.
  var entries: [Entry]
  /// Free text under `__metadata__`.
  var metadata: [String: String]
  /// Bytes before the first tensor's data, the length field included.
  var byteCount: Int

  /// More than this is refused, as in the reference implementation.
  static let maximumLength = 100_000_000
  static let metadataKey = "__metadata__"

  /// A tensor's name, type and shape.
  typealias Line = (name: String, type: ElementType, shape: Shape)

  /// The header for tensors that lie one behind the other, and its bytes; the data begin at a multiple of 8.
  /// - Precondition: names are unique and none is `__metadata__`.
  static func encoding(_ tensors: [Line], metadata: [String: String]) -> (SafetensorsHeader, [UInt8]) {
    var entries: [Entry] = []
    var names: Set<String> = [metadataKey]
    var offset = 0
    for tensor in tensors {
      precondition(names.insert(tensor.name).inserted, "a tensor named \(tensor.name) is there already")
      let size = tensor.shape.count * tensor.type.byteCount
      entries.append(
        Entry(name: tensor.name, type: tensor.type, shape: tensor.shape, range: offset..<offset + size))
      offset += size
    }
    var writer = JSONWriter(.numbers)
    writer.object(.oneLine) { writer in
      if !metadata.isEmpty {
        writer.key(metadataKey)
        writer.object(.oneLine) { writer in
          for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            writer.key(key)
            writer.value(value)
          }
        }
      }
      for entry in entries {
        writer.key(entry.name)
        writer.object(.oneLine) { entry.write(to: &$0) }
      }
    }
    let padding = (8 - writer.bytes.count % 8) % 8
    let length = writer.bytes.count + padding
    precondition(length <= maximumLength, "a header of \(length) bytes would be refused by every reader")
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    bytes += writer.bytes
    bytes += [UInt8](repeating: 0x20, count: padding)
    return (SafetensorsHeader(entries: entries, metadata: metadata, byteCount: bytes.count), bytes)
  }
}

extension SafetensorsHeader.Entry {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.key("dtype")
    writer.value(type.rawValue)
    writer.key("shape")
    writer.array(.oneLine) { writer in
      for extent in shape.extents {
        writer.element()
        writer.value(extent)
      }
    }
    writer.key("data_offsets")
    writer.array(.oneLine) { writer in
      for bound in [range.lowerBound, range.upperBound] {
        writer.element()
        writer.value(bound)
      }
    }
  }
}
