extension NPYArray {
  /// Adds the values to a fingerprint and finds the least and the largest; infinite where there is none.
  /// Floats that lie outside of -1...1, and bytes of booleans that are neither 0 nor 1, are reported, the
  /// first of each sample.
  /// - Parameters:
  ///   - name: what samples are called in the plural.
  ///   - allowsNaN: whether NaN is passed over.
  func range(
    addingTo hash: borrowing ContentHash, valuesPerSample: Int, of name: String, _ problems: SampleProblems,
    allowsNaN: Bool = false
  ) throws(DatasetError) -> ValueRange {
    var (least, largest) = (Float.infinity, -Float.infinity)
    var lastBad = -1
    try add(to: hash) { (piece, first) throws(DatasetError) in
      func report(
        _ index: Int, _ problem: @autoclosure () -> String, _ advice: @autoclosure () -> String
      ) throws(DatasetError) {
        let sample = (first + index) / valuesPerSample
        guard sample != lastBad else { return }
        lastBad = sample
        try problems.report(DatasetError(.badData, problem(), "\(path), sample \(sample)", advice()))
      }
      guard header.element.isFloat else {
        least = min(least, Float(piece.reduce(.max, min)))
        largest = max(largest, Float(piece.reduce(0, max)))
        guard header.element == .bool, largest > 1 else { return }
        for (index, byte) in piece.enumerated() where byte > 1 {
          try report(index, "the byte \(byte) is no boolean", "write the file again with numpy.save")
        }
        return
      }
      for (index, value) in floats(piece).enumerated() {
        least = min(least, value)
        largest = max(largest, value)
        guard !(abs(value) <= 1), !(allowsNaN && value.isNaN) else { continue }
        try report(
          index, "the value \(value) lies outside of -1...1",
          "scale the \(name) to 0...1 or -1...1" + (allowsNaN ? "" : ", or save them as uint8"))
      }
    }
    return ValueRange(least: least, largest: largest)
  }

  /// What is said of a range in which most values are hardly as they were meant; nil of any other.
  func remark(on range: ValueRange) -> String? {
    if header.element == .uint8, range.largest >= 0 { return DarkBytes.remark(largest: Int(range.largest)) }
    if header.element.isFloat, -0.05 < range.least, range.least < 0, range.largest > 0.5 {
      return "values of \(range.least) to \(range.largest) read as -1...1, where 0 is half full"
    }
    return nil
  }
}
