import Platform

/// Numbers with a fixed number of decimals, the same in every locale.
package enum FixedDecimal {
  /// `value` rounded to `places` decimals, halves away from zero; `nan`, `inf` and `-inf` for what has none,
  /// and Swift's shortest form from 1e15 on.
  package static func text(_ value: Double, places: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 1e15 else { return value.description }
    let padded = Digits.padded(Int(scaled), to: places + 1)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return sign + padded.dropLast(places) + (places > 0 ? "." + padded.suffix(places) : "")
  }
}
