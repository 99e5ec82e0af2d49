extension CheckpointStore {
  /// Removes generations older than `saved`, which is whole, beyond ``keepLast``. Newer ones, which exist
  /// after a resume from an older one, are left, and so are those of `retained`, which do not count; folders
  /// that are not whole do not count either, and go with their elders.
  func removeOldGenerations(
    after saved: Generation, retaining retained: RetainedGenerations
  ) throws(CheckpointError) {
    let older = try candidates().filter { $0.step < saved.step && !retained.contains($0.step) }
    var kept = 1
    for candidate in older.reversed() {
      if kept == keepLast {
        // Not under its own name, which may say that it was replaced.
        try remove(candidate.path, FolderName.generation(candidate.step))
      } else if isWhole(candidate) {
        kept += 1
      }
    }
  }

  /// Removes what interrupted saves have left behind: temporary folders, and generations set aside for
  /// another of the same step. To be called by the owner of the run, at its start, before anything is loaded.
  ///
  /// - Returns: the names that were removed or given back their own name.
  @discardableResult
  public func cleanLeftovers() throws(CheckpointError) -> [String] {
    guard let names = try namesIfPresent() else { return [] }
    var cleaned: [String] = []
    for name in names {
      switch FolderName(name) {
      case .temporary:
        try fileSystem.removeTree(path(name))
      case .replaced(let step):
        let plain = generation(of: step)
        if try !Folder(directory).names().contains(plain.name) {
          try fileSystem.rename(path(name), to: plain.path)
        } else if (try? reader(plain).verify()) != nil {
          try remove(path(name), plain.name)
        } else {
          continue
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
