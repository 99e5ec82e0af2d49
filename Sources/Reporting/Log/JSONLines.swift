import Platform

/// The whole lines of a log, read back.
struct JSONLines {
  /// One line: where its bytes lie, its line break included, and what it says.
  struct Line {
    let range: Range<Int>
    let step: Int
    /// With the members that were asked for.
    let value: JSONValue
  }

  /// Shows `take` the lines of `bytes` up to `limit`, a step, one by one: all of them together would take a
  /// multiple of the log's size. A last line that is torn (without a line break, or no JSON) is left out: that
  /// is what a power cut in the middle of a write leaves behind. Any other damage is an error. Behind the line
  /// of `limit`, or the first beyond it, lines may be anything but one of a step up to `limit`, which has no
  /// place there.
  ///
  /// - Parameter keys: the members beside `step` that `take` wants; nil for all. The others are checked too.
  static func read(
    _ bytes: [UInt8], path: String, upTo limit: Int = .max, keeping keys: Set<String>? = [],
    _ take: (Line) -> Void
  ) throws(ReportingError) {
    let keys = keys?.union(["step"])
    let ranges = ranges(of: bytes)
    func damage(_ place: Int, _ reason: String) -> ReportingError {
      .malformedLog(path: path, line: place + 1, reason: reason)
    }
    var (read, last) = (0, Int.min)
    while read < ranges.count, last < limit {
      let value: JSONValue
      do {
        value = try JSONValue(parsing: bytes, range: ranges[read].dropLast(), keeping: keys)
      } catch {
        if ranges[read].upperBound == bytes.count { return }
        throw damage(read, "\(error.reason) at byte \(error.offset - ranges[read].lowerBound)")
      }
      guard case .integer(let step)? = value["step"] else { throw damage(read, "it has no step") }
      guard step > last else { throw damage(read, "step \(step) follows step \(last)") }
      if step <= limit { take(Line(range: ranges[read], step: step, value: value)) }
      (read, last) = (read + 1, step)
    }
    for place in read..<ranges.count {
      guard
        case .integer(let step)? =
          (try? JSONValue(
            parsing: bytes, range: ranges[place].dropLast(), keeping: ["step"]))?["step"]
      else { continue }
      if step <= limit { throw damage(place, "step \(step) follows step \(last)") }
    }
  }

  /// Where whole lines lie, their line breaks included.
  private static func ranges(of bytes: [UInt8]) -> [Range<Int>] {
    var (ranges, start) = ([Range<Int>](), 0)
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      ranges.append(start..<end + 1)
      start = end + 1
    }
    return ranges
  }
}
