extension [UInt8] {
  /// Whether a file's name is `name`, in any case.
  /// - Parameter name: in lower case.
  func isName(_ name: String) -> Bool { lowercased == Array(name.utf8) }

  /// Whether a file's name ends in one of `endings`, in any case, behind something.
  /// - Parameter endings: in lower case.
  func isName(endingIn endings: String...) -> Bool {
    let lower = lowercased
    return endings.contains { count > $0.utf8.count && lower.ends(with: Array<UInt8>($0.utf8)) }
  }

  private var lowercased: [UInt8] {
    map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  }
}
