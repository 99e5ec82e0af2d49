extension CheckpointStore {
  /// Removes what `saved`, which is whole, has replaced, and generations older than it beyond ``keepLast``.
  /// Newer ones, which exist after a resume from an older one, are left, and so are those of `retained`,
  /// which do not count; folders that are not whole do not count either, and go with their elders.
  ///
  /// - Throws: the first failure, after all others have been removed.
  func removeOldGenerations(
    after saved: Generation, retaining retained: RetainedGenerations
  ) throws(CheckpointError) {
    var failures = FailureLog()
    func remove(_ candidate: Generation) {
      failures.note { () throws(CheckpointError) in
        // Not under its own name, which may say that it was replaced.
        try self.remove(candidate.path, FolderName.generation(candidate.step))
      }
    }
    var kept = 1
    for candidate in try candidates().reversed() where candidate.step <= saved.step {
      if candidate.step == saved.step {
        if candidate.name != saved.name { remove(candidate) }
      } else if retained.contains(candidate.step) {
        continue
      } else if kept == keepLast {
        remove(candidate)
      } else if isWhole(candidate) {
        kept += 1
      }
    }
    if let failure = failures.first { throw failure }
  }

  /// Removes what interrupted saves have left behind: temporary folders, and generations set aside for
  /// another of the same step. To be called by the owner of the run, at its start, before anything is loaded.
  ///
  /// What cannot be removed stays: nothing reads it, and a file that some process still holds open keeps its
  /// folder from going on a network file system.
  ///
  /// - Returns: the names that were removed or given back their own name.
  @discardableResult
  public func cleanLeftovers() throws(CheckpointError) -> [String] {
    guard let names = try Folder.names(ifPresent: directory) else { return [] }
    var cleaned: [String] = []
    for name in names {
      switch FolderName(name) {
      case .temporary:
        guard (try? fileSystem.removeTree(path(name))) != nil else { continue }
      case .replaced(let step):
        let plain = generation(of: step)
        if try !Folder(directory).names().contains(plain.name) {
          try fileSystem.rename(path(name), to: plain.path)
        } else {
          guard (try? reader(plain).verify()) != nil, (try? remove(path(name), plain.name)) != nil else {
            continue
          }
        }
      case .generation, .other: continue
      }
      cleaned.append(name)
    }
    if !cleaned.isEmpty { try fileSystem.synchronizeFolder(directory) }
    return cleaned
  }

  /// Removes a generation's folder under a temporary name, so that half of it is never taken for a
  /// generation.
  func remove(_ folder: String, _ name: String) throws(CheckpointError) {
    let temporary = path(FolderName.temporary(name))
    try fileSystem.rename(folder, to: temporary)
    try fileSystem.removeTree(temporary)
  }
}
