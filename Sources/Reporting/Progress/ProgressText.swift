/// How numbers are written in progress reports.
package enum ProgressText {
  /// Four decimals below 10, three below 100, two below 1000, none from there on: `0.6931`, `12.346`,
  /// `123.46`, `1235`; two digits and an exponent below a thousandth and from ten million on: `1.2e-05`.
  package static func statistic(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return FixedDecimal.text(value, places: value == 0 ? 4 : 0) }
    let size = abs(value)
    if size < 1e-3 || size >= 1e7 { return scientific(value) }
    return FixedDecimal.text(value, places: size < 10 ? 4 : size < 100 ? 3 : size < 1000 ? 2 : 0)
  }

  private static func scientific(_ value: Double) -> String {
    var (mantissa, exponent) = (abs(value), 0)
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    var digits = FixedDecimal.text(mantissa, places: 1)
    if digits == "10.0" { (digits, exponent) = ("1.0", exponent + 1) }
    let magnitude = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
    return "\(value < 0 ? "-" : "")\(digits)e\(exponent < 0 ? "-" : "+")\(magnitude)"
  }

  /// Items per second: `1,234`, `56.7`, `0.123`.
  package static func rate(_ value: Double) -> String {
    guard value.isFinite, value < 1e15 else { return "–" }
    if value >= 100 { return grouped(Int(value.rounded())) }
    return FixedDecimal.text(value, places: value >= 10 ? 1 : value >= 1 ? 2 : 3)
  }

  /// A count with commas: `1,234,567`.
  package static func grouped(_ count: Int) -> String {
    var digits = String(count.magnitude)
    var groups: [Substring] = []
    while digits.count > 3 {
      groups.insert(Substring(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (count < 0 ? "-" : "") + ([Substring(digits)] + groups).joined(separator: ",")
  }

  /// A duration in the two largest units that say something: `0s`, `59s`, `3m05s`, `2h07m`, `3d04h`; `–` if
  /// unknown.
  package static func duration(_ seconds: Double) -> String {
    guard seconds >= 0, seconds < 1e12 else { return "–" }
    let whole = Int(seconds.rounded())
    func pair(_ large: Int, _ largeUnit: String, _ small: Int, _ smallUnit: String) -> String {
      "\(large)\(largeUnit)\(small < 10 ? "0" : "")\(small)\(smallUnit)"
    }
    if whole < 60 { return "\(whole)s" }
    if whole < 3600 { return pair(whole / 60, "m", whole % 60, "s") }
    if whole < 86400 { return pair(whole / 3600, "h", whole % 3600 / 60, "m") }
    return pair(whole / 86400, "d", whole % 86400 / 3600, "h")
  }
}
