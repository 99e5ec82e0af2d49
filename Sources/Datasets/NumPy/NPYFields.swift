/// The dictionary of an NPY header: a Python literal of strings, booleans and one tuple of whole numbers,
/// nothing else.
struct NPYFields {
  /// Why a text is no such dictionary, and where.
  struct Failure: Error {
    let reason: String
    let offset: Int
  }

  private(set) var type = ""
  private(set) var isFortranOrdered = false
  private(set) var extents: [Int] = []

  private let bytes: ArraySlice<UInt8>
  private var position: Int

  /// Parses all of `bytes`; white space may follow the dictionary.
  init(parsing bytes: ArraySlice<UInt8>) throws(Failure) {
    self.bytes = bytes
    position = bytes.startIndex
    var seen: [String] = []
    try expect("{")
    while !take("}") {
      let key = try string()
      guard !seen.contains(key) else { throw failure("the key \(key) is there twice") }
      try expect(":")
      switch key {
      case "descr": type = try string()
      case "fortran_order": isFortranOrdered = try boolean()
      case "shape": extents = try tuple()
      default: throw failure("unknown key")
      }
      seen.append(key)
      if !take(",") {
        try expect("}")
        break
      }
    }
    guard seen.count == 3 else { throw failure("descr, fortran_order or shape is missing") }
    skipSpace()
    guard position == bytes.endIndex else { throw failure("text behind the dictionary") }
  }

  private func failure(_ reason: String) -> Failure {
    Failure(reason: reason, offset: position - bytes.startIndex)
  }

  private mutating func skipSpace() {
    while position < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.endIndex, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
    guard take(character) else { throw failure("expected '\(character)'") }
  }

  /// Between equal quotes, printable ASCII without escapes.
  private mutating func string() throws(Failure) -> String {
    let quote: Unicode.Scalar = take("'") ? "'" : "\""
    if quote == "\"" { try expect("\"") }
    var text = ""
    while position < bytes.endIndex, bytes[position] != UInt8(ascii: quote) {
      let byte = bytes[position]
      guard (0x20..<0x7F).contains(byte), byte != UInt8(ascii: "\\"), text.utf8.count < 64 else {
        throw failure("not a plain string")
      }
      text.unicodeScalars.append(Unicode.Scalar(byte))
      position += 1
    }
    try expect(quote)
    return text
  }

  private mutating func boolean() throws(Failure) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)]
    where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw failure("expected True or False")
  }

  private mutating func tuple() throws(Failure) -> [Int] {
    try expect("(")
    var values: [Int] = []
    while !take(")") {
      guard values.count <= 64 else { throw failure("a long tuple") }
      values.append(try number())
      if !take(",") {
        try expect(")")
        break
      }
    }
    return values
  }

  private mutating func number() throws(Failure) -> Int {
    skipSpace()
    let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
    guard !digits.isEmpty, let value = Int(String(decoding: digits, as: UTF8.self)) else {
      throw failure("expected a whole number that fits 63 bits")
    }
    position += digits.count
    return value
  }
}
