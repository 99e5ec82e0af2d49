extension CheckpointStore {
  /// A generation that is passed over, and why.
  public struct Rejection: Sendable {
    /// The name of its folder.
    public let name: String
    /// What is wrong with it, or that too many starts from it have come to nothing.
    public let reason: CheckpointError
  }

  /// The outcome of the search for a generation to go on from.
  public struct Selection: Sendable {
    /// The newest whole generation, or nil if there is none.
    public let generation: Generation?
    /// Newer ones that are not whole, or from which too many starts have come to nothing, the newest first:
    /// to be told to the user.
    public let rejected: [Rejection]

    /// - Throws: ``CheckpointError`` if there are generations and none of them is whole.
    public func requireWholeIfAny() throws(CheckpointError) {
      guard generation == nil, let newest = rejected.first?.reason else { return }
      guard newest.kind == .damaged else { throw newest }
      throw newest.advisingByDefault(
        "none of the run's \(rejected.count) checkpoints is whole: bring back a copy of one, or begin another run"
      )
    }
  }

  /// The generations whose manifest is whole and whose files have their full sizes, in ascending order of
  /// steps. Digests are not compared; ``newestValid()`` and ``load(_:verify:)`` do that. No folder is no
  /// generations.
  public func generations() throws(CheckpointError) -> [Generation] {
    try candidates().filter(isWhole)
  }

  /// Whether a generation's manifest is whole and its files have their full sizes.
  func isWhole(_ generation: Generation) -> Bool { (try? reader(generation))?.isComplete == true }

  /// The same of the generation of a step.
  package func isWhole(step: Int) -> Bool { isWhole(generation(of: step)) }

  /// The newest generation of which every byte is what was written. `latest` is not consulted.
  /// - Parameter maximumAttempts: passes over a generation from which so many starts have come to nothing.
  public func newestValid(maximumAttempts: Int = .max) throws(CheckpointError) -> Selection {
    var rejected: [Rejection] = []
    let attempts = maximumAttempts == .max ? [:] : self.attempts
    for candidate in try candidates().reversed() {
      do throws(CheckpointError) {
        let failed = attempts[candidate.name, default: 0]
        guard failed < maximumAttempts else { throw exhausted(candidate) }
        try reader(candidate).verify()
        return Selection(generation: candidate, rejected: rejected)
      } catch {
        rejected.append(Rejection(name: candidate.name, reason: error))
      }
    }
    return Selection(generation: nil, rejected: rejected)
  }

  /// The name in `latest`, or nil if it is absent or is not the name of a generation. A hint: the generation
  /// need not be there, nor be whole.
  public var latest: String? { target(of: FolderName.latest) }

  /// The name in `best`, or nil if it is absent or is not the name of a generation. A hint, as ``latest``.
  public var best: String? { target(of: FolderName.best) }

  private func target(of pointer: String) -> String? {
    guard let bytes = try? Folder(directory).file(pointer).contents(limit: 64),
      let text = String(validating: bytes, as: UTF8.self)
    else { return nil }
    let name = text.hasSuffix("\n") ? String(text.dropLast()) : text
    guard case .generation = FolderName(name) else { return nil }
    return name
  }

  /// Reads a generation of this store.
  ///
  /// - Parameters:
  ///   - name: the name of its folder, such as `step-00000500`.
  ///   - verify: compares the SHA-256 of every file; without, truncation and the frames' checksums are still
  ///     noticed.
  /// - Throws: ``CheckpointError``: `damaged` naming file, tensor and byte; `newerFormat`; `notFound`.
  public func load(_ name: String, verify: Bool = true) throws(CheckpointError) -> LoadedGeneration {
    try LoadedGeneration(GenerationReader(Folder(directory).folder(name)), verify: verify)
  }

  /// Reads the generation in the folder `path`, wherever it is and whatever the folder is called.
  ///
  /// - Throws: as ``load(_:verify:)``.
  public static func load(path: String, verify: Bool = true) throws(CheckpointError) -> LoadedGeneration {
    try LoadedGeneration(GenerationReader(Folder(path)), verify: verify)
  }

  /// Everything that is named like a generation, ascending; of one step, the one that was set aside comes
  /// first.
  func candidates() throws(CheckpointError) -> [Generation] {
    let found = try (Folder.names(ifPresent: directory) ?? []).compactMap {
      name -> (Generation, isPlain: Bool)? in
      switch FolderName(name) {
      case .generation(let step): (Generation(step: step, name: name, path: path(name)), true)
      case .replaced(let step): (Generation(step: step, name: name, path: path(name)), false)
      case .temporary, .other: nil
      }
    }
    return found.sorted { ($0.0.step, $0.isPlain ? 1 : 0) < ($1.0.step, $1.isPlain ? 1 : 0) }.map(\.0)
  }

  /// Opens a generation that was found by its name; one whose manifest tells of another step is not what it
  /// is called.
  func reader(_ candidate: Generation) throws(CheckpointError) -> GenerationReader {
    let reader = try GenerationReader(Folder(directory).folder(candidate.name))
    guard reader.manifest.info.step == candidate.step else {
      throw CheckpointError(
        .damaged, "the manifest is of step \(reader.manifest.info.step)", path: candidate.path)
    }
    return reader
  }
}
