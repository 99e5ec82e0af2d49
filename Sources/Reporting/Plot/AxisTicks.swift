/// Round numbers along an axis, and how they are written.
package struct AxisTicks {
  /// Ascending.
  package let values: [Double]
  /// One per value.
  package let labels: [String]

  /// The multiples of 1, 2, 2.5 or 5 times a power of ten in `range`, about `count` of them.
  ///
  /// - Parameter integersOnly: no step below one, for counts such as training steps.
  package init(in range: ClosedRange<Double>, about count: Int, integersOnly: Bool = false) {
    let step = Self.step(
      for: (range.upperBound - range.lowerBound) / Double(max(count, 1)), integersOnly: integersOnly)
    // An edge that rounding puts a hair outside is an edge.
    let first = (range.lowerBound / step.value - 1e-9).rounded(.up)
    let last = (range.upperBound / step.value + 1e-9).rounded(.down)
    guard last >= first, last - first < 1000 else {
      values = []
      labels = []
      return
    }
    var values: [Double] = []
    for index in 0...Int(last - first) { values.append((first + Double(index)) * step.value) }
    self.values = values
    labels = Self.labels(of: values, decimals: step.decimals)
  }

  /// The smallest round step that is not below `rough`, and the decimals that its multiples need.
  private static func step(for rough: Double, integersOnly: Bool) -> (value: Double, decimals: Int) {
    var (power, exponent) = (1.0, 0)
    while power * 10 <= rough { (power, exponent) = (power * 10, exponent + 1) }
    while power > rough { (power, exponent) = (power / 10, exponent - 1) }
    if integersOnly, exponent < 0 { return (1, 0) }
    for (factor, isHalf) in [(1.0, false), (2, false), (2.5, true), (5, false)] where factor * power >= rough
    {
      if integersOnly, isHalf, exponent == 0 { continue }
      return (factor * power, max(0, (isHalf ? 1 : 0) - exponent))
    }
    return (10 * power, max(0, -exponent - 1))
  }

  private static func labels(of values: [Double], decimals: Int) -> [String] {
    let largest = values.reduce(0) { max($0, abs($1)) }
    if largest >= 1e13 || decimals > 6 {
      return values.map { $0 == 0 ? "0" : Float($0).description }
    }
    let (divisor, unit, spare) = Self.unit(for: largest)
    // As many decimals as some label needs, none that all of them have as zero.
    for places in 0..<(decimals + spare) {
      let written = values.map { FixedDecimal.text($0 / divisor, places: places) }
      if zip(values, written).allSatisfy({ isExact($0 / divisor, $1) }) {
        return zip(values, written).map { $0 == 0 ? "0" : $1 + unit }
      }
    }
    return values.map { $0 == 0 ? "0" : FixedDecimal.text($0 / divisor, places: decimals + spare) + unit }
  }

  /// What labels up to `largest` are divided by, its sign, and the decimals that this may add. Four-digit
  /// numbers stay whole.
  private static func unit(for largest: Double) -> (divisor: Double, sign: String, decimals: Int) {
    if largest >= 1e9 { return (1e9, "G", 9) }
    if largest >= 1e6 { return (1e6, "M", 6) }
    return largest >= 1e4 ? (1e3, "k", 3) : (1, "", 0)
  }

  private static func isExact(_ value: Double, _ text: String) -> Bool {
    guard let read = Double(text) else { return false }
    return abs(read - value) <= 1e-9 * max(abs(value), 1e-6)
  }
}
