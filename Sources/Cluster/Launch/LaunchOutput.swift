import Training

/// What `mpirun` says, as `lockstep launch` passes it on: without the boxes in which it tells of ranks that
/// ended with a code of their own. A rank has said why, and to `mpirun` a run that was saved is as much a
/// failure as one that was lost.
///
/// What may be such a box is held back until it is whole; not for long, and not much of it.
package struct LaunchOutput {
  /// Lines that have been read whole since the last time, cut off after some thousand bytes.
  package private(set) var lines: [String] = []
  /// The line that is being read.
  private var line: [UInt8] = []
  /// Whether it is nothing but dashes so far.
  private var isDashes = true
  /// What has not been passed on.
  private var held: [UInt8] = []
  /// Whether a box has begun.
  private var isBox = false

  private static let longestLine = 4096
  private static let longestBox = 4096
  private static let shortestRule = 40

  package init() {}

  /// Takes bytes, and gives those to pass on: at once, but for what may be a box or its beginning.
  package mutating func pass(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    lines = []
    var result: [UInt8] = []
    for byte in bytes {
      held.append(byte)
      if byte == UInt8(ascii: "\n") {
        endLine(&result)
      } else {
        if line.count < Self.longestLine { line.append(byte) }
        isDashes = isDashes && byte == UInt8(ascii: "-")
        if held.count > Self.longestBox || !isBox && !isDashes { result += release() }
      }
    }
    return result
  }

  /// Gives what has been held back: it has not been continued in time.
  package mutating func release() -> [UInt8] {
    defer { (held, isBox, isDashes) = ([], false, isDashes && held.isEmpty) }
    return held
  }

  private mutating func endLine(_ result: inout [UInt8]) {
    lines.append(String(decoding: line, as: UTF8.self))
    let isRule = isDashes && line.count >= Self.shortestRule
    if isBox && isRule && Self.isOfCodes(String(decoding: held, as: UTF8.self)) { held = [] }
    let isOpen = isBox != isRule
    if !isOpen { result += release() }
    (isBox, line, isDashes) = (isOpen, [], true)
  }

  private static func isOfCodes(_ box: String) -> Bool {
    box.contains("a non-zero exit code. Per user-direction, the job has been aborted")
      || box.contains("mpirun detected that one or more processes exited with non-zero status")
  }
}
