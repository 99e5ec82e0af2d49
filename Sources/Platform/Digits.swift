/// Numbers with zeros before them.
package enum Digits {
  /// The digits of a number that is not negative, with zeros before them up to `count`.
  package static func padded(_ number: some BinaryInteger, to count: Int, radix: Int = 10) -> String {
    let digits = String(number, radix: radix)
    return String(repeating: "0", count: max(0, count - digits.count)) + digits
  }
}
