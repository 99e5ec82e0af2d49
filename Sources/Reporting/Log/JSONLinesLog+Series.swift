extension JSONLinesLog {
  /// The objects of the log at `path`, in order; none if it does not exist.
  /// - Throws: ``ReportingError``.
  package static func values(of path: String) throws(ReportingError) -> [JSONValue] {
    try lines(of: path).map(\.value)
  }

  /// The values of `keys` over the steps of the log at `path`, one series per key, in the order asked for:
  /// what the loss plot draws. The log is read once, whatever the number of keys. Values that were not finite
  /// come back as they were; lines without a key are left out of its series.
  /// - Throws: ``ReportingError``; a log that does not exist has empty series.
  public static func series(_ keys: [String], of path: String) throws(ReportingError) -> [Plot.Series] {
    let lines = try lines(of: path)
    return keys.map { key in
      let points = lines.compactMap { line -> Plot.Point? in
        guard let value = line.value[key].flatMap({ number($0, key: key, in: line.value) }) else {
          return nil
        }
        return Plot.Point(x: Double(line.step), y: value)
      }
      return Plot.Series(key, points)
    }
  }

  /// The numbers of the last line up to `step` of the log at `path`, in order, without the step; none if
  /// there is no log.
  /// - Throws: ``ReportingError``.
  package static func lastNumbers(
    of path: String, upTo step: Int
  ) throws(ReportingError) -> [(name: String, value: Double)] {
    guard case .object(let members)? = try lines(of: path).last(where: { $0.step <= step })?.value else {
      return []
    }
    return members.compactMap { member in
      member.key == "step" ? nil : member.value.number.map { (member.key, $0) }
    }
  }

  private static func lines(of path: String) throws(ReportingError) -> [JSONLines.Line] {
    guard let bytes = try AtomicFile.read(path) else { return [] }
    return try JSONLines.parse(bytes, path: path)
  }

  private static func number(_ value: JSONValue, key: String, in line: JSONValue) -> Double? {
    guard case .null = value else { return value.number }
    switch line[nonFiniteKey]?[key] {
    case .string("nan"): return .nan
    case .string("inf"): return .infinity
    case .string("-inf"): return -.infinity
    default: return nil
    }
  }
}
