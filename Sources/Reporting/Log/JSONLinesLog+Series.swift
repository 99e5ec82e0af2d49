extension JSONLinesLog {
  /// The values of `keys` over the steps of the log at `path`, one series per key, in the order asked for:
  /// what the loss plot draws. Values that were not finite come back as they were; lines without a key are
  /// left out of its series.
  /// - Throws: ``ReportingError``; a log that does not exist has empty series.
  public static func series(_ keys: [String], of path: String) throws(ReportingError) -> [Plot.Series] {
    let lines = try AtomicFile.read(path).map { bytes throws(ReportingError) in
      try JSONLines.parse(bytes, path: path)
    }
    return keys.map { key in
      let points = (lines ?? []).compactMap { line -> Plot.Point? in
        guard let value = line.value[key].flatMap({ number($0, key: key, in: line.value) }) else {
          return nil
        }
        return Plot.Point(x: Double(line.step), y: value)
      }
      return Plot.Series(key, points)
    }
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
