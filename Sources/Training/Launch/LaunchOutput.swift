/// What `mpirun` says, as `lockstep launch` passes it on: without the boxes in which it tells of ranks that ended with a code
/// of their own. A rank has said why, and to `mpirun` a run that was saved is as much a failure as one that was lost.
package struct LaunchOutput {
  /// Lines that have been read whole since the last time.
  package private(set) var lines: [String] = []
  /// The line that is being read.
  private var line: [UInt8] = []
  /// Bytes of it that have been passed on.
  private var passed = 0
  /// A box that has begun, with its rule.
  private var box: [UInt8]?

  package init() {}

  private static let longestLine = 4096
  private static let shortestRule = 40

  /// Takes bytes, and gives those to pass on: at once, but for what may be the beginning of a box.
  package mutating func pass(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    lines = []
    var result: [UInt8] = []
    for byte in bytes {
      guard byte == UInt8(ascii: "\n") else {
        if line.count < Self.longestLine { line.append(byte) }
        if box == nil {
          if line.allSatisfy({ $0 == UInt8(ascii: "-") }) && passed == 0 { continue }
          result += passed == 0 ? line : [byte]
          passed = line.count
        }
        continue
      }
      endLine(&result)
    }
    return result
  }

  /// What has been held back and will not be continued.
  package mutating func end() -> [UInt8] {
    defer { (box, line, passed) = (nil, [], 0) }
    return (box ?? []) + line.dropFirst(passed)
  }

  private mutating func endLine(_ result: inout [UInt8]) {
    defer { (line, passed) = ([], 0) }
    lines.append(String(decoding: line, as: UTF8.self))
    let newline = UInt8(ascii: "\n")
    let isRule = line.count >= Self.shortestRule && line.allSatisfy { $0 == UInt8(ascii: "-") }
    if let begun = box {
      let whole = begun + line + [newline]
      box = isRule ? nil : whole
      if isRule && !Self.isOfCodes(String(decoding: whole, as: UTF8.self)) { result += whole }
    } else if isRule {
      box = line + [newline]
    } else {
      result += line.dropFirst(passed) + [newline]
    }
  }

  private static func isOfCodes(_ box: String) -> Bool {
    box.contains("a non-zero exit code. Per user-direction, the job has been aborted")
      || box.contains("mpirun detected that one or more processes exited with non-zero status")
  }
}
