import Platform

/// The whole lines of a log, read back.
struct JSONLines {
  /// One line: where its bytes lie, its line break included, and what it says.
  struct Line {
    let range: Range<Int>
    let step: Int
    let value: JSONValue
  }

  /// The lines of `bytes`. A last line that is torn (without a line break, or no JSON) is left out: that is
  /// what a power cut in the middle of a write leaves behind. Any other damage is an error.
  static func parse(_ bytes: [UInt8], path: String) throws(ReportingError) -> [Line] {
    var lines: [Line] = []
    var start = 0
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      func damage(_ reason: String) -> ReportingError {
        .malformedLog(path: path, line: lines.count + 1, reason: reason)
      }
      let value: JSONValue
      do {
        value = try JSONValue(parsing: bytes, range: start..<end)
      } catch {
        if end == bytes.count - 1 { return lines }
        throw damage("\(error.reason) at byte \(error.offset - start)")
      }
      guard case .integer(let step)? = value["step"] else { throw damage("it has no step") }
      if let last = lines.last?.step, last >= step { throw damage("step \(step) follows step \(last)") }
      lines.append(Line(range: start..<end + 1, step: step, value: value))
      start = end + 1
    }
    return lines
  }
}
