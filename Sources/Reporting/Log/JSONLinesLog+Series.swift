package import Platform

extension JSONLinesLog {
  /// The objects of the log at `path`, in order; none if it does not exist.
  /// - Throws: ``ReportingError``.
  package static func values(of path: String) throws(ReportingError) -> [JSONValue] {
    guard let bytes = try AtomicFile.read(path) else { return [] }
    var values: [JSONValue] = []
    try JSONLines.read(bytes, path: path, keeping: nil) { values.append($0.value) }
    return values
  }

  /// The values of `keys` over the steps of the log at `path`, one series per key, in the order asked for:
  /// what the loss plot draws. The log is read once, whatever the number of keys. Values that were not finite
  /// come back as they were; lines without a key are left out of its series.
  /// - Throws: ``ReportingError``; a log that does not exist has empty series.
  public static func series(_ keys: [String], of path: String) throws(ReportingError) -> [Plot.Series] {
    var points: [[Plot.Point]] = keys.map { _ in [] }
    if let bytes = try AtomicFile.read(path) {
      try JSONLines.read(bytes, path: path, keeping: Set(keys + [nonFiniteKey])) { line in
        for (index, key) in keys.enumerated() {
          guard let value = line.value[key].flatMap({ number($0, key: key, in: line.value) }) else {
            continue
          }
          points[index].append(Plot.Point(x: Double(line.step), y: value))
        }
      }
    }
    return zip(keys, points).map { Plot.Series($0, $1) }
  }

  /// The step of the last line up to `step` of the log at `path`, and its other numbers in order; nil if
  /// there is none. Lines behind it may be damaged.
  /// - Throws: ``ReportingError``.
  package static func lastNumbers(
    of path: String, upTo step: Int
  ) throws(ReportingError) -> (step: Int, values: [(name: String, value: Double)])? {
    guard let bytes = try AtomicFile.read(path) else { return nil }
    var last: JSONLines.Line?
    try JSONLines.read(bytes, path: path, upTo: step) { last = $0 }
    guard let last, case .object(let members)? = try? JSONValue(parsing: bytes, range: last.range) else {
      return nil
    }
    let values = members.compactMap { member in
      member.key == "step" ? nil : member.value.number.map { (name: member.key, value: $0) }
    }
    return (last.step, values)
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
