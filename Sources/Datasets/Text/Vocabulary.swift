/// The different characters of a text, numbered.
struct Vocabulary {
  /// A sample is no wider than an image may be.
  static let limit = 4096

  /// In the order of their first occurrence until ``sort()``, then ascending.
  private(set) var characters: [UInt32] = []
  /// One more than the number of each character below `count`, 0 of one that has not occurred.
  private var near = [UInt16](repeating: 0, count: 0x800)
  /// The same of all others; looked up, never iterated.
  private var far: [UInt32: UInt16] = [:]

  /// The number of a character, which is a new one if it has not occurred; nil if there are too many.
  @inline(__always)
  mutating func number(of character: UInt32) -> UInt16? {
    let known = character < 0x800 ? near[Int(character)] : far[character] ?? 0
    if known > 0 { return known - 1 }
    guard characters.count < Self.limit else { return nil }
    characters.append(character)
    let number = UInt16(characters.count)
    if character < 0x800 { near[Int(character)] = number } else { far[character] = number }
    return number - 1
  }

  /// Numbers the characters by their code points, so that the numbers do not depend on what stands first.
  /// - Returns: the new number of each old one.
  mutating func sort() -> [UInt16] {
    let order = characters.indices.sorted { characters[$0] < characters[$1] }
    var numbers = [UInt16](repeating: 0, count: characters.count)
    for (new, old) in order.enumerated() { numbers[old] = UInt16(new) }
    characters = order.map { characters[$0] }
    return numbers
  }

  /// The characters in a row.
  var text: String {
    var text = ""
    text.unicodeScalars.append(contentsOf: characters.compactMap(Unicode.Scalar.init))
    return text
  }
}
