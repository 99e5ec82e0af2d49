public import Platform

/// A run's log: one JSON object per line, one line per logged step, in the order of the steps.
///
/// Lines begin with `"step"`; the other keys follow in the caller's order. JSON has no NaN and no infinity:
/// such a number is written as `null`, and a last key `"nonFinite"` says what it was:
///
///     {"step":7,"lossD":null,"lossG":1.25,"nonFinite":{"lossD":"nan"}}
///
/// Each line is one `write(2)` and nothing is held back, so a line survives a kill of the process as soon as
/// ``append(step:_:)`` returns; ``synchronize()``, called with each checkpoint, makes it survive a power cut.
public final class JSONLinesLog {
  /// The file's path.
  public let path: String
  /// The step of the last line, nil if there is none.
  package private(set) var lastStep: Int?
  private let file: RecordFile

  /// The key that names the values of a line which are not finite.
  static let nonFiniteKey = "nonFinite"

  private init(path: String, file: RecordFile, lastStep: Int?) {
    self.path = path
    self.file = file
    self.lastStep = lastStep
  }

  /// A new log.
  /// - Throws: ``ReportingError/logExists(path:)`` if the file has bytes in it, or another
  ///   ``ReportingError``.
  public static func create(_ path: String) throws(ReportingError) -> JSONLinesLog {
    let file = try RecordFile(path: path, mode: .append)
    guard file.length == 0 else { throw .logExists(path: path) }
    return JSONLinesLog(path: path, file: file, lastStep: nil)
  }

  /// The log of a run that continues behind `step`: its lines up to `step`, none of those after it, whatever
  /// has become of them. A log that does not exist is begun.
  /// - Throws: ``ReportingError``, where a line up to `step` is damaged or stands after a later one.
  package static func resume(
    _ path: String, afterStep step: Int, calls: FileCalls = FileCalls()
  ) throws(ReportingError) -> JSONLinesLog {
    let lastStep = try keepLines(upTo: step, of: path, calls)
    return JSONLinesLog(path: path, file: try RecordFile(path: path, mode: .append), lastStep: lastStep)
  }

  /// Appends the line of `step`.
  ///
  /// - Precondition: steps increase, and keys differ from each other, from `step` and from `nonFinite`.
  /// - Throws: ``ReportingError/cannotWrite(path:operation:errno:)``; the log then ends with the line before.
  public func append(step: Int, _ values: [(key: String, value: JSONValue)]) throws(ReportingError) {
    precondition(lastStep.map { $0 < step } ?? true, "a log has one line per step, in order")
    var members = [JSONValue.Member("step", .integer(step))]
    for (key, value) in values {
      let isNew = key != Self.nonFiniteKey && !members.contains { $0.key == key }
      precondition(isNew, "the key \(key) of a log line is taken")
      members.append(.init(key, value))
    }
    let nonFinite = members.compactMap { member in
      member.value.nonFiniteName.map { JSONValue.Member(member.key, .string($0)) }
    }
    if !nonFinite.isEmpty { members.append(.init(Self.nonFiniteKey, .object(nonFinite))) }
    try file.append(Array((JSONValue.object(members).text + "\n").utf8))
    lastStep = step
  }

  /// Waits until everything appended so far is on the storage device.
  /// - Throws: ``ReportingError/cannotWrite(path:operation:errno:)``.
  public func synchronize() throws(ReportingError) {
    try file.synchronize()
  }

  /// Rewrites the log without the lines after `step`, if there are any. Returns the last step that stays.
  private static func keepLines(
    upTo step: Int, of path: String, _ calls: FileCalls
  ) throws(ReportingError) -> Int? {
    guard let bytes = try AtomicFile.read(path) else { return nil }
    var (end, lastStep) = (0, Int?.none)
    try JSONLines.read(bytes, path: path, upTo: step) { (end, lastStep) = ($0.range.upperBound, $0.step) }
    if end < bytes.count {
      try AtomicFile.write(Array(bytes[..<end]), to: path, durable: true, calls: calls)
    }
    return lastStep
  }
}
