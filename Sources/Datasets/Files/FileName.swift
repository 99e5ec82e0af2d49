extension [UInt8] {
  /// Whether a file's name ends in one of `endings`, in any case, behind something.
  /// - Parameter endings: in lower case.
  func isName(endingIn endings: String...) -> Bool {
    let lower = map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    return endings.contains { count > $0.utf8.count && lower.ends(with: Array<UInt8>($0.utf8)) }
  }
}
