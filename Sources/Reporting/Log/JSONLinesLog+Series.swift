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

  /// The step of the last line up to `step` of the log at `path`, and its other numbers in order; nil if
  /// there is none. Lines behind it may be damaged.
  /// - Throws: ``ReportingError``.
  package static func lastNumbers(
    of path: String, upTo step: Int
  ) throws(ReportingError) -> (step: Int, values: [(name: String, value: Double)])? {
    guard let bytes = try AtomicFile.read(path),
      let line = try JSONLines.parse(bytes, path: path, upTo: step).last,
      case .object(let members) = line.value
    else { return nil }
    let values = members.compactMap { member in
      member.key == "step" ? nil : member.value.number.map { (name: member.key, value: $0) }
    }
    return (line.step, values)
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
