import Platform
import Training

/// What `mpirun` says, as `lockstep launch` passes it on: without the boxes in which it tells of ranks that
/// ended with a code of their own, or have ended the others. A rank has said why, and to `mpirun` a run that
/// was saved is as much a failure as one that was lost.
///
/// What may be such a box is held back until it is whole; not for long, and not much of it. Lines that a rank
/// has marked (`LaunchedTerminal`) are shown one in the place of the other, below all else.
package struct LaunchOutput {
  /// Lines that have been read whole since the last time, cut off after some thousand bytes; no marked ones.
  package private(set) var lines: [String] = []
  /// Whether a marked line is shown when it comes; else it is with the next bytes of another kind.
  package var showsLive = true
  /// The line that is being read.
  private var line: [UInt8] = []
  /// Whether it is nothing but dashes so far.
  private var isDashes = true
  /// What has not been passed on.
  private var held: [UInt8] = []
  /// Whether a box has begun.
  private var isBox = false
  /// The last marked line.
  private var live: [UInt8] = []
  /// Whether it stands in the terminal's last line.
  private var isLiveShown = false
  /// The box about a rank that has ended the others, which may come before that rank's own line.
  private var aborted: [UInt8] = []
  /// Whether a line has said why a rank has failed.
  private var hasCause = false
  /// Whether what has been passed on ends with a whole line.
  private var isAtLineStart = true

  /// What every error of a rank begins with.
  static let errorPrefix = "lockstep: "
  private static let longestLine = 4096
  private static let longestBox = 4096
  private static let shortestRule = 40
  private static let newline = UInt8(ascii: "\n")
  private static let clearedLine = Array(Terminal.clearedLine.utf8)

  package init() {}

  /// Takes bytes, and gives those to pass on: at once, but for what may be a box or its beginning.
  package mutating func pass(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    lines = []
    var result: [UInt8] = []
    for byte in bytes {
      held.append(byte)
      if byte == Self.newline {
        endLine(&result)
      } else {
        if line.count < Self.longestLine { line.append(byte) }
        isDashes = isDashes && byte == UInt8(ascii: "-")
        if held.count > Self.longestBox || !isBox && !isDashes && !isMarked { result += release() }
      }
    }
    return result
  }

  /// Gives what has been held back, but for a marked line: it has not been continued in time.
  package mutating func release() -> [UInt8] {
    guard !isMarked || held.count > Self.longestBox else { return [] }
    defer { (held, isBox, isDashes) = ([], false, isDashes && held.isEmpty) }
    return aboveLive(held)
  }

  /// Gives what has been held back; nothing follows.
  package mutating func end() -> [UInt8] {
    let rest = release() + (hasCause ? [] : aboveLive(aborted))
    defer { isLiveShown = false }
    return rest + (isLiveShown ? [Self.newline] : [])
  }

  private var isMarked: Bool { line.first == LaunchedTerminal.mark.asciiValue }

  private mutating func endLine(_ result: inout [UInt8]) {
    if isMarked, line.count < held.count {
      held.removeLast(line.count + 1)
      show(line.dropFirst(), &result)
      (line, isDashes) = ([], true)
      return
    }
    lines.append(String(decoding: line, as: UTF8.self))
    if line.starts(with: Self.errorPrefix.utf8) {
      hasCause = true
      // A rank writes when it will; what it says is not left out with a box that it came into.
      if isBox {
        held.removeLast(line.count + 1)
        result += aboveLive(line + [Self.newline])
        (line, isDashes) = ([], true)
        return
      }
    }
    let isRule = isDashes && line.count >= Self.shortestRule
    if isBox && isRule {
      let box = String(decoding: held, as: UTF8.self)
      if box.contains("MPI_ABORT was invoked on rank ") { (aborted, held) = (held, []) }
      if Self.isOfCodes(box) { held = [] }
    }
    let isOpen = isBox != isRule
    line = []
    if !isOpen { result += release() }
    (isBox, isDashes) = (isOpen, true)
  }

  /// Shows a marked line in the place of the last one.
  private mutating func show(_ marked: ArraySlice<UInt8>, _ result: inout [UInt8]) {
    live = Array(marked)
    guard isAtLineStart, showsLive else { return }
    if isLiveShown { result += Self.clearedLine }
    result += live
    isLiveShown = !live.isEmpty
  }

  /// Bytes in the place of the live line, and that again below them once they end with a line.
  private mutating func aboveLive(_ bytes: [UInt8]) -> [UInt8] {
    guard let last = bytes.last else { return [] }
    isAtLineStart = last == Self.newline
    let cleared = isLiveShown ? Self.clearedLine : []
    isLiveShown = isAtLineStart && !live.isEmpty
    return cleared + bytes + (isLiveShown ? live : [])
  }

  private static func isOfCodes(_ box: String) -> Bool {
    box.contains("a non-zero exit code. Per user-direction, the job has been aborted")
      || box.contains("mpirun detected that one or more processes exited with non-zero status")
  }
}
