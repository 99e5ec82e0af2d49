import Platform

/// The whole lines of a log, read back.
struct JSONLines {
  /// One line: where its bytes lie, its line break included, and what it says.
  struct Line {
    let range: Range<Int>
    let step: Int
    let value: JSONValue
  }

  /// The lines of `bytes` up to `limit`, a step. A last line that is torn (without a line break, or no JSON)
  /// is left out: that is what a power cut in the middle of a write leaves behind. Any other damage is an
  /// error; behind the line of `limit`, or the first beyond it, only a line up to it, which has no place
  /// there.
  static func parse(
    _ bytes: [UInt8], path: String, upTo limit: Int = .max
  ) throws(ReportingError) -> [Line] {
    var lines: [Line] = []
    /// The number of the next line, counted from 0, and where it begins.
    var (number, start) = (0, 0)
    var last: Int?
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      defer { (number, start) = (number + 1, end + 1) }
      func damage(_ reason: String) -> ReportingError {
        .malformedLog(path: path, line: number + 1, reason: reason)
      }
      let isBeyond = last.map { $0 >= limit } ?? false
      let value: JSONValue
      do {
        value = try JSONValue(parsing: bytes, range: start..<end)
      } catch {
        if isBeyond { continue }
        if end == bytes.count - 1 { return lines }
        throw damage("\(error.reason) at byte \(error.offset - start)")
      }
      guard case .integer(let step)? = value["step"] else {
        if isBeyond { continue }
        throw damage("it has no step")
      }
      if isBeyond, step > limit { continue }
      if let last, last >= step { throw damage("step \(step) follows step \(last)") }
      if step <= limit { lines.append(Line(range: start..<end + 1, step: step, value: value)) }
      last = step
    }
    return lines
  }
}
