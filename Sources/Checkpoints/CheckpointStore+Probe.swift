extension CheckpointStore {
  /// Makes a folder by whose content processes find out whether they see this store.
  ///
  /// - Returns: its name, for ``answerProbe(_:number:)`` and ``collectProbe(_:)``.
  /// - Throws: ``CheckpointError``.
  package func makeProbe() throws(CheckpointError) -> String {
    try makeDirectory()
    let name = FolderName.temporary(FolderName.probe)
    try fileSystem.makeFolder(path(name))
    return name
  }

  /// Leaves a process's number in the folder of a probe, if there is one of that name here: another disk has
  /// none.
  package func answerProbe(_ name: String, number: Int) {
    _ = try? fileSystem.createFile("\(path(name))/\(number)")
  }

  /// The numbers that were left, ascending; the folder is removed.
  package func collectProbe(_ name: String) -> [Int] {
    let names = (try? Folder(path(name)).names()) ?? []
    try? fileSystem.removeTree(path(name))
    return names.compactMap { Int($0) }.sorted()
  }
}
