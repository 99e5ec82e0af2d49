extension JSONValue {
  private static let depthLimit = 64

  /// The value that is all of a part of `bytes`, of all of them if none is named: strictly JSON (RFC 8259),
  /// at most 64 levels deep, no key twice in an object.
  /// - Parameter keys: the members of an object that are kept; nil for all. The others are checked too.
  /// - Throws: `JSONError`.
  package init(
    parsing bytes: [UInt8], range: Range<Int>? = nil, keeping keys: Set<String>? = nil
  ) throws(JSONError) {
    var reader = JSONReader(bytes, range: range ?? 0..<bytes.count, maximumDepth: Self.depthLimit)
    if let keys, reader.peek() == UInt8(ascii: "{") {
      var members: [Member] = []
      try reader.object { (reader, key) throws(JSONError) in
        if keys.contains(key) {
          members.append(Member(key, try JSONValue(from: &reader)))
        } else {
          try reader.skip()
        }
      }
      self = .object(members)
    } else {
      self = try JSONValue(from: &reader)
    }
    try reader.finish()
  }

  private init(from reader: inout JSONReader) throws(JSONError) {
    switch reader.peek() {
    case UInt8(ascii: "{"):
      var members: [Member] = []
      try reader.object { (reader, key) throws(JSONError) in
        members.append(Member(key, try JSONValue(from: &reader)))
      }
      self = .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try reader.array { (reader) throws(JSONError) in elements.append(try JSONValue(from: &reader)) }
      self = .array(elements)
    case UInt8(ascii: "\""): self = .string(try reader.string())
    case UInt8(ascii: "t"):
      try reader.word("true")
      self = .bool(true)
    case UInt8(ascii: "f"):
      try reader.word("false")
      self = .bool(false)
    case UInt8(ascii: "n"):
      try reader.word("null")
      self = .null
    default:
      switch try reader.number() {
      case .integer(let value): self = .integer(value)
      case .real(let value): self = .double(value)
      }
    }
  }
}
