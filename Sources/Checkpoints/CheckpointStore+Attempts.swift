import Synchronization

extension CheckpointStore {
  /// How many starts from each generation have come to nothing so far, the one that may be under way
  /// included. A hint: no file, or one that cannot be read, is none.
  public var attempts: [String: Int] {
    guard let bytes = try? Folder(directory).file(FolderName.attempts).contents(limit: 1 << 20),
      let text = String(validating: bytes, as: UTF8.self)
    else { return [:] }
    var attempts: [String: Int] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 2, let count = Int(words[1]), count > 0 else { continue }
      switch FolderName(String(words[0])) {
      case .generation, .replaced: attempts[String(words[0])] = count
      case .temporary, .other: continue
      }
    }
    return attempts
  }

  /// Counts a start from a generation, durably, before anything of it is used: whatever then ends the
  /// process, the start has been counted. ``forgetAttempts(from:)`` takes it back once the run has got on.
  ///
  /// - Throws: ``CheckpointError`` of kind `noSpace`, `cannotCreate` or `inputOutput`.
  public func countAttempt(from name: String) throws(CheckpointError) {
    try change { $0[name, default: 0] += 1 }
  }

  /// Sets the number of starts from a generation back to none.
  ///
  /// - Throws: ``CheckpointError`` of kind `noSpace`, `cannotCreate` or `inputOutput`.
  public func forgetAttempts(from name: String) throws(CheckpointError) {
    try change { $0[name] = nil }
  }

  /// The thread that trains and the one that saves both change the counts.
  private static let isChanging = Mutex(())

  private func change(_ change: (inout [String: Int]) -> Void) throws(CheckpointError) {
    try Self.isChanging.withLock { _ throws(CheckpointError) in
      let before = attempts
      var attempts = before
      change(&attempts)
      if attempts != before { try write(attempts) }
    }
  }

  private func write(_ attempts: [String: Int]) throws(CheckpointError) {
    let names = try Set(candidates().map(\.name))
    let lines = attempts.filter { names.contains($0.key) }.sorted { $0.key < $1.key }
      .map { "\($0.key) \($0.value)\n" }
    if lines.isEmpty {
      try fileSystem.removeTree(path(FolderName.attempts))
    } else {
      try replace(FolderName.attempts, with: lines.joined())
    }
  }

  func exhausted(_ generation: Generation) -> CheckpointError {
    CheckpointError(
      .damaged, "starts from it ended before they had got on", path: generation.path,
      advice:
        "an older one, if there is any, leads to the same bits; to try it again, remove \(path(FolderName.attempts))"
    )
  }
}
