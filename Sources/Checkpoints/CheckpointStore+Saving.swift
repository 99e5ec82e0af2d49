import Platform

extension CheckpointStore {
  /// Writes a generation, verifies it, publishes it, points `latest` to it and `best` to the best one if one
  /// is known, and removes the oldest beyond ``keepLast``.
  ///
  /// Order on disk: every file is synchronised, then the manifest, then the temporary folder; the folder is
  /// read back, renamed, and its parent synchronised; then `latest` the same way; only then are others
  /// removed. A generation of the same step stays under `step-….replaced-…`, where readers find it, until the
  /// new one has its name for good. Whenever the process is killed, the old or the new generation is whole.
  ///
  /// - Throws: ``CheckpointError`` of kind `noSpace`, `cannotCreate` or `inputOutput`, the last also if what
  ///   was written does not read back. The temporary folder is removed and older generations are as they
  ///   were; only if the parent cannot be synchronised after the rename, the new one may have its name and
  ///   lose it to a power cut. If only a pointer or the removal of others fails, that is the generation's
  ///   ``Generation/trouble``.
  @discardableResult
  public func save(_ contents: GenerationContents) throws(CheckpointError) -> Generation {
    let folder = try stage(contents)
    let all = GenerationShare(files: contents.files, written: Set(contents.files.map(\.name)))
    let files: [Manifest.File]
    do throws(CheckpointError) {
      files = try write(all, into: folder)
    } catch {
      abandon(folder)
      throw error
    }
    return try commit(contents.info, files, from: folder, retaining: contents.retained)
  }

  /// Begins a save: makes sure that there is room, and makes the temporary folder.
  ///
  /// - Returns: the folder's path, for ``write(_:into:)`` and ``commit(_:_:from:retaining:)`` or
  ///   ``abandon(_:)``.
  func stage(_ contents: GenerationContents) throws(CheckpointError) -> String {
    try requireSpace(for: contents.files)
    let folder = path(FolderName.temporary(FolderName.generation(contents.info.step)))
    try fileSystem.makeFolder(folder)
    return folder
  }

  /// Writes the files of a share, in any process that sees the folder, and makes them durable.
  ///
  /// - Returns: what the manifest says about them.
  func write(_ share: GenerationShare, into folder: String) throws(CheckpointError) -> [Manifest.File] {
    var files: [Manifest.File] = []
    for (index, file) in share.files.enumerated() where share.written.contains(file.name) {
      files.append(try file.write(into: folder, after: share.files[..<index], fileSystem: fileSystem))
    }
    return files
  }

  /// Ends a save whose files are all written: the manifest, the names, the pointers and what is kept of older
  /// ones, as ``save(_:)`` says.
  func commit(
    _ info: GenerationInfo, _ files: [Manifest.File], from folder: String,
    retaining retained: RetainedGenerations
  ) throws(CheckpointError) -> Generation {
    var saved = generation(of: info.step)
    do throws(CheckpointError) {
      try complete(folder, Manifest(formatVersion: .current, info: info, files: files))
      try publish(folder, as: saved.name)
    } catch {
      abandon(folder)
      throw error
    }
    saved.trouble = tidy(after: saved, retaining: retained)
    return saved
  }

  /// Points to the newest and to the best generation, and removes what was replaced and what is too old.
  /// - Returns: the first failure, which keeps nothing else from being done: a pointer that cannot be written
  ///   must not fill the disk with old generations.
  private func tidy(
    after saved: Generation, retaining retained: RetainedGenerations
  ) -> CheckpointError? {
    var failures = FailureLog()
    failures.note { () throws(CheckpointError) in try point(FolderName.latest, to: saved.name) }
    // The best one may be one that could not be saved.
    if let best = retained.best, isWhole(step: best) {
      failures.note { () throws(CheckpointError) in
        try point(FolderName.best, to: FolderName.generation(best))
      }
    }
    failures.note { () throws(CheckpointError) in try forgetAttempts(from: saved.name) }
    failures.note { () throws(CheckpointError) in
      try removeOldGenerations(after: saved, retaining: retained)
    }
    return failures.first
  }

  /// Gives a save up.
  func abandon(_ folder: String) {
    // A failure before is the one to report; what cannot be removed now is removed at the next start.
    try? fileSystem.removeTree(folder)
  }

  func makeDirectory() throws(CheckpointError) {
    do throws(CheckpointError) {
      _ = try Folder(directory)
    } catch {
      guard error.kind == .notFound else { throw error }
      try fileSystem.makeFolder(directory)
      try fileSystem.synchronizeFolder(directory + "/..")
    }
  }

  /// Checks that the most that a generation of these files can take finds room in the folder, which is made
  /// if only that is missing.
  ///
  /// - Throws: ``CheckpointError`` of kind `noSpace`, `cannotCreate`, or `inputOutput` where nobody can tell.
  package func requireSpace(for files: [TensorFile]) throws(CheckpointError) {
    // A folder that may not be read may be written to.
    if !Files.isFolder(directory) { try makeDirectory() }
    let needed = files.reduce(1 << 16) { $0 + $1.sizeBound }
    let free = try fileSystem.availableBytes(directory)
    guard free < needed else { return }
    let advice =
      try candidates().isEmpty ? "free some space there, or choose another run folder" : nil
    throw CheckpointError(
      .noSpace, "a checkpoint of up to \(needed) bytes does not fit into the \(free) bytes free",
      path: directory, advice: advice)
  }

  /// Writes the manifest, makes the folder durable, and reads everything back.
  private func complete(_ folder: String, _ manifest: Manifest) throws(CheckpointError) {
    let encoded = manifest.encoded()
    let output = try fileSystem.createFile(folder + "/" + Manifest.fileName)
    try output.write(encoded)
    try output.synchronize()
    try fileSystem.synchronizeFolder(folder)
    try readBack(folder, encoded)
  }

  private func readBack(_ folder: String, _ manifest: [UInt8]) throws(CheckpointError) {
    do throws(CheckpointError) {
      let reader = try GenerationReader(Folder(folder))
      try reader.verify(noting: fileSystem.noteProgress)
      // As bytes: a state value that is not a number differs from itself.
      guard reader.manifest.encoded() == manifest else {
        throw CheckpointError(.damaged, "another manifest", path: folder + "/" + Manifest.fileName)
      }
    } catch {
      throw CheckpointError(
        .inputOutput, "what was written does not read back: \(error.problem)", path: error.path,
        tensor: error.tensor, offset: error.offset)
    }
  }

  /// Gives the verified folder its name. Nothing replaces a folder that is not empty in one step on every
  /// file system, so that one of the same step is set aside first; it is removed with those that are too old.
  private func publish(_ temporary: String, as name: String) throws(CheckpointError) {
    let target = path(name)
    let isThere = try Folder(directory).names().contains(name)
    guard isThere else {
      try fileSystem.rename(temporary, to: target)
      return try fileSystem.synchronizeFolder(directory)
    }
    let replaced = path(FolderName.replaced(name))
    try fileSystem.rename(target, to: replaced)
    do throws(CheckpointError) {
      try fileSystem.synchronizeFolder(directory)
      try fileSystem.rename(temporary, to: target)
    } catch {
      try? fileSystem.rename(replaced, to: target)
      throw error
    }
    try fileSystem.synchronizeFolder(directory)
  }

  /// Has a small file, `latest` or `best`, name a generation.
  private func point(_ pointer: String, to name: String) throws(CheckpointError) {
    try replace(pointer, with: name + "\n")
  }

  /// Replaces or makes a small file: the old text or the new one is there.
  func replace(_ name: String, with text: String) throws(CheckpointError) {
    let temporary = path(FolderName.temporary(name))
    do throws(CheckpointError) {
      let output = try fileSystem.createFile(temporary)
      try output.write(Array(text.utf8))
      try output.synchronize()
      try fileSystem.rename(temporary, to: path(name))
    } catch {
      try? fileSystem.removeTree(temporary)
      throw error
    }
    try fileSystem.synchronizeFolder(directory)
  }
}
