import Checkpoints
import Glibc
import Platform
import Reporting

/// The folder that holds everything a run leaves behind, open and locked by this process.
///
///     DIR/options.yaml     the resolved options, every default written out
///     DIR/log.jsonl        one JSON object for each logged step
///     DIR/losses.png       the log as curves
///     DIR/tensorboard/     event files
///     DIR/samples/         sample grids, step-00000500.png
///     DIR/checkpoints/     generations, step-00000500/
///     DIR/status.json      how the run stands, or how and why it ended
///     DIR/.lock            who is writing here; locked as long as that process lives
///
/// Only rank 0 opens a run folder. The lock is given back when the last copy of the value goes, so keep one
/// until the run ends (`withExtendedLifetime`), or by the kernel when the process dies, however it dies.
public struct RunFolder: Sendable {
  /// The folder, as it was named.
  public let path: String
  /// The options that ``optionsPath`` holds.
  public private(set) var options: Options
  private let lock: RunFolderLock

  /// The resolved options.
  public var optionsPath: String { Self.optionsPath(in: path) }
  /// Those of the run folder at `path`.
  package static func optionsPath(in path: String) -> String { "\(path)/\(Entry.options)" }
  /// The log, one JSON object a line.
  var logPath: String { Self.logPath(in: path) }
  /// That of the run folder at `path`.
  static func logPath(in path: String) -> String { "\(path)/log.jsonl" }
  /// The picture of the losses.
  var lossesPath: String { "\(path)/losses.png" }
  /// The folder of TensorBoard's event files.
  public var tensorBoardPath: String { "\(path)/\(Entry.tensorBoard)" }
  /// The folder of sample grids.
  public var samplesPath: String { "\(path)/\(Entry.samples)" }
  /// The folder of generations.
  public var checkpointsPath: String { Self.checkpointsPath(in: path) }
  /// The folder of generations of the run folder at `path`.
  static func checkpointsPath(in path: String) -> String { "\(path)/\(Entry.checkpoints)" }

  /// The words with which a run in `folder` goes on.
  package static func resumeWords(_ folder: String?) -> String {
    (folder.map { "--run \(ShellWord.typed($0)) " } ?? "") + "--resume"
  }

  /// The generations, as many of which are kept as the options say.
  var store: CheckpointStore {
    CheckpointStore(directory: checkpointsPath, keepLast: options.checkpoint.keepLast)
  }

  /// The file of the sample grid drawn after `step`.
  public func samplePath(step: Int) -> String {
    "\(samplesPath)/\(FolderName.generation(step)).png"
  }

  /// The file of the samples' text beside it, where they are text.
  func sampleTextPath(step: Int) -> String {
    "\(samplesPath)/\(FolderName.generation(step)).txt"
  }

  enum Entry {
    static let options = "options.yaml"
    static let tensorBoard = "tensorboard"
    static let samples = "samples"
    static let checkpoints = "checkpoints"
    static let lock = ".lock"

    /// Whether a run may have left this that stopped before it had written its options, or a doctor that was.
    static func isNegligible(_ name: String) -> Bool {
      name == lock || AtomicFile.isTemporary(name, of: options) || name.hasPrefix(doctorsMark)
    }
  }

  /// What the names of files begin with by which `doctor` tries a folder.
  package static let doctorsMark = ".lockstep-doctor-"

  private init(path: String, options: Options, lock: RunFolderLock) {
    self.path = path
    self.options = options
    self.lock = lock
  }
}

// MARK: - Opening

extension RunFolder {
  /// Begins a run in a new or empty folder.
  ///
  /// - Parameters:
  ///   - path: the folder.
  ///   - options: what to write into it.
  /// - Throws: ``RunFolderError``: `locked` by another process, `occupied` by a run or other files, or
  ///   `notWritable`.
  public static func create(
    at path: String, options: Options
  ) throws(RunFolderError) -> RunFolder {
    try RunFolderFiles.check(path)
    if try !RunFolderFiles.makeDirectory(path) { try requireFree(at: path) }
    return try begin(at: path, options: options)
  }

  /// - Throws: ``RunFolderError`` for a folder that is there and in which no run can begin.
  static func requireFree(at path: String) throws(RunFolderError) {
    try RunFolderFiles.check(path)
    guard RunFolderFiles.exists(path) else { return }
    // Before the lock is tried: a folder of other files is left without even a lock file.
    if RunFolderFiles.exists("\(path)/\(Entry.lock)") { try RunFolderLock.refuseHeld(path) }
    try refuseOccupied(path)
  }

  /// Begins a run in `parent/RECIPE`, or in `parent/RECIPE-N` where N is one more than that of the newest.
  ///
  /// - Throws: ``RunFolderError`` of kind `notWritable`.
  public static func create(
    in parent: String = "runs", options: Options
  ) throws(RunFolderError) -> RunFolder {
    try begin(at: claimDefault(recipe: options.recipe, in: parent), options: options)
  }

  /// Makes the empty folder of a new run in the place where ``create(in:options:)`` would.
  ///
  /// - Throws: ``RunFolderError`` of kind `notWritable`.
  public static func claimDefault(
    recipe: String, in parent: String = "runs"
  ) throws(RunFolderError) -> String {
    try RunFolderFiles.check(parent)
    _ = try RunFolderFiles.makeDirectory(parent)
    var number = try (newestDefaultNumber(of: recipe, in: parent) ?? 0) + 1
    while true {
      let path = defaultPath(recipe, number, in: parent)
      // Making the folder claims the name: two jobs that start together get two.
      if try RunFolderFiles.makeDirectory(path) { return path }
      number += 1
    }
  }

  /// Whether a folder holds a run that can be resumed.
  package static func isRun(_ path: String) -> Bool { RunFolderFiles.exists(optionsPath(in: path)) }

  /// The largest number that a default folder of the recipe has; numbers are never given twice while a later
  /// one is there, so it is that of the newest.
  private static func newestDefaultNumber(
    of recipe: String, in parent: String
  ) throws(RunFolderError) -> Int? {
    try (RunFolderFiles.entries(of: parent) ?? []).compactMap { defaultNumber(of: recipe, named: $0) }.max()
  }

  /// The number of a default folder of the recipe; nil if the folder is not called like one.
  private static func defaultNumber(of recipe: String, named name: String) -> Int? {
    if name == recipe { return 1 }
    guard name.hasPrefix("\(recipe)-"), let number = Int(name.dropFirst(recipe.count + 1)), number > 1,
      number < Int.max, name == "\(recipe)-\(number)"
    else { return nil }
    return number
  }

  /// The folder of the run that is to go on where none is named: the only run of the recipe.
  ///
  /// - Parameter recipe: the recipe's name; nil for any.
  /// - Returns: a folder without a run if there is no such run: ``reopen(at:)`` says so.
  /// - Throws: ``RunFolderError``: `ambiguous` with the runs that there are, or `notWritable`.
  public static func onlyDefault(
    recipe: String?, in parent: String = "runs"
  ) throws(RunFolderError) -> String {
    let names = try RunFolderFiles.entries(of: parent) ?? []
    let runs = names.filter { name in
      let path = "\(parent)/\(name)"
      guard isRun(path), let recipe else { return isRun(path) }
      // One whose options cannot be read is known by its folder's name alone.
      return (try? storedOptions(in: path)).map { $0.recipe == recipe }
        ?? (defaultNumber(of: recipe, named: name) != nil)
    }.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    guard runs.count > 1 else {
      return runs.last.map { "\(parent)/\($0)" } ?? recipe.map { "\(parent)/\($0)" } ?? parent
    }
    // Those that were interrupted are meant, as a rule.
    let unfinished = runs.filter { RunStatus.read(in: "\(parent)/\($0)")?.state != .done }
    let first = unfinished + runs.filter { !unfinished.contains($0) }
    let last = unfinished.last ?? runs[runs.count - 1]
    let limit = 8
    var listed = first.prefix(limit).map { name in
      let step = newestStep(in: "\(parent)/\(name)")
      let done = unfinished.contains(name) ? "" : "done "
      return "\(name.shortened) \(done)\(step.map { "at step \($0)" } ?? "without a checkpoint")"
    }
    if runs.count > limit { listed.append("\(runs.count - limit) more") }
    throw RunFolderError(
      .ambiguous, "there are \(runs.count) runs to resume: \(Prose.list(listed))", parent,
      "name one, such as --run \(ShellWord.typed("\(parent)/\(last)").shortened)")
  }

  /// Opens the folder of a run that is to go on, and reads its options. Nothing but the lock is written until
  /// ``resume(with:)``.
  ///
  /// - Throws: ``RunFolderError``: `nothingToResume`, `locked`, `damaged` if the options cannot be read, or
  ///   `notWritable`.
  public static func reopen(
    at path: String
  ) throws(RunFolderError) -> RunFolder {
    try RunFolderFiles.check(path)
    let names = try RunFolderFiles.entries(of: path)
    guard let names, names.contains(Entry.options) else {
      throw RunFolderError(
        .nothingToResume, "there is no run to resume", path, "check --run, or leave out --resume to begin one"
      )
    }
    let lock = try RunFolderLock(path)
    return RunFolder(path: path, options: try storedOptions(in: path), lock: lock)
  }

  /// Checks that the run may go on with `options`: they differ from the stored ones only in what the weights
  /// do not depend on.
  ///
  /// - Throws: ``RunFolderError`` of kind `differentRecipe` with the keys that differ.
  public func checkResume(with options: Options) throws(RunFolderError) {
    let fixed = self.options.obstacles(to: options)
    guard fixed.isEmpty else {
      throw RunFolderError(
        .differentRecipe,
        "the run of recipe \(self.options.recipe) was begun with other options: "
          + Prose.list(fixed.map(\.description)),
        path,
        "resume it with its own options (`lockstep train --help` lists the keys that may change), or choose another --run"
      )
    }
  }

  /// Goes on with `options`, and writes them in the place of the stored ones.
  ///
  /// - Throws: ``RunFolderError``: as ``checkResume(with:)``, or `notWritable`.
  public mutating func resume(with options: Options) throws(RunFolderError) {
    try checkResume(with: options)
    try makeFolders()
    for folder in [path, samplesPath] { AtomicFile.removeLeftovers(in: folder) }
    if options != self.options {
      try RunFolderFiles.replace(Entry.options, in: path, with: options.canonicalYAML)
    }
    self.options = options
  }

  private static func begin(
    at path: String, options: Options
  ) throws(RunFolderError) -> RunFolder {
    let lock = try RunFolderLock(path)
    // Another process may have come and gone between the look and the lock.
    try refuseOccupied(path)
    let folder = RunFolder(path: path, options: options, lock: lock)
    try RunFolderFiles.replace(Entry.options, in: path, with: options.canonicalYAML)
    try folder.makeFolders()
    return folder
  }

  private func makeFolders() throws(RunFolderError) {
    for folder in [tensorBoardPath, samplesPath, checkpointsPath] {
      _ = try RunFolderFiles.makeDirectory(folder)
    }
  }

  private static func defaultPath(_ recipe: String, _ number: Int, in parent: String) -> String {
    number == 1 ? "\(parent)/\(recipe)" : "\(parent)/\(recipe)-\(number)"
  }
}

// MARK: - Folders that are in use

extension RunFolder {
  /// The step of the newest generation in `path`, or `nil` before the first. A generation is a folder with a
  /// manifest; whether its files are whole is for the reader of checkpoints to say.
  public static func newestStep(in path: String) -> Int? {
    let checkpoints = "\(path)/\(Entry.checkpoints)"
    let names = (try? RunFolderFiles.entries(of: checkpoints)) ?? []
    let steps = names.compactMap { name -> Int? in
      guard case .generation(let step) = FolderName(name),
        RunFolderFiles.exists("\(checkpoints)/\(name)/\(Manifest.fileName)")
      else { return nil }
      return step
    }
    return steps.max()
  }

  private static func storedOptions(in path: String) throws(RunFolderError) -> Options {
    do throws(OptionsError) {
      return try Options.read(path: optionsPath(in: path))
    } catch {
      throw RunFolderError(
        .damaged, "the run's options cannot be read: \(error.lines[0])", path,
        "restore options.yaml, or choose another --run")
    }
  }

  private static func refuseOccupied(_ path: String) throws(RunFolderError) {
    guard let names = try RunFolderFiles.entries(of: path) else { return }
    guard names.contains(where: { !Entry.isNegligible($0) }) else { return }
    guard names.contains(Entry.options), let stored = try? storedOptions(in: path) else {
      throw RunFolderError(
        .occupied, "the run folder exists and holds other files", path, "choose another --run")
    }
    let progress = newestStep(in: path).map { "at step \($0)" } ?? "before its first checkpoint"
    throw RunFolderError(
      .occupied, "the run folder exists and holds a run of recipe \(stored.recipe) \(progress)", path,
      "add --resume to continue it, or choose another --run")
  }
}
