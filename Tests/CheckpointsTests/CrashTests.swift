import Checkpoints
import Glibc
import Synchronization
import TensorCore
import TestSupport
import Testing

/// Fails the operations of a save from a given one on, or that one only.
private final class Fault: Sendable {
  enum Extent { case once, forEver }

  private let count = Mutex(0)
  private let index: Int
  private let extent: Extent
  private let code: Int32

  init(at index: Int, _ extent: Extent, code: Int32 = EIO) {
    self.index = index
    self.extent = extent
    self.code = code
  }

  var hasStruck: Bool { count.withLock { $0 > index } }

  /// A file system that fails at the operation `index` among those that `concerns` picks.
  func fileSystem(concerning concerns: @escaping @Sendable (FileOperation) -> Bool = { _ in true })
    -> FileSystem
  {
    var fileSystem = FileSystem()
    fileSystem.willPerform = { (operation) throws(CheckpointError) in
      guard concerns(operation) else { return }
      let now = self.count.withLock { count in
        count += 1
        return count - 1
      }
      if now == self.index || now > self.index && self.extent == .forEver {
        throw CheckpointError(.inputOutput, call: "go on", path: "fault", code: self.code)
      }
    }
    return fileSystem
  }
}

@Suite struct CrashTests {
  private let folder = TemporaryFolder()

  /// What a save is interrupted in: the generations before it, and the one that it writes.
  private static let scenarios: [(before: [(step: Int, seed: UInt64)], step: Int)] = [
    ([], 1), ([(1, 0)], 2), ([(1, 0), (2, 0)], 3), ([(1, 0), (2, 5)], 2),
  ]

  private func prepared(_ scenario: Int, _ name: String) throws -> (
    String, [GenerationContents], GenerationContents
  ) {
    let directory = folder.path + "/" + name
    let (before, step) = Self.scenarios[scenario]
    let old = before.map { sampleContents(step: $0.step, seed: $0.seed) }
    for contents in old { try CheckpointStore(directory: directory).save(contents) }
    return (directory, old, sampleContents(step: step, seed: 9))
  }

  @Test(
    "a save that is stopped after any of its operations leaves the old or the new generation whole",
    arguments: 0..<scenarios.count)
  func stopped(scenario: Int) throws {
    var index = 0
    while true {
      let (directory, old, new) = try prepared(scenario, "stopped-\(scenario)-\(index)")
      let fault = Fault(at: index, .forEver)
      let dying = CheckpointStore(directory: directory, keepLast: 2, fileSystem: fault.fileSystem())
      _ = try? dying.save(new)
      guard fault.hasStruck else { break }

      let store = CheckpointStore(directory: directory)
      for isCleaned in [false, true] {
        if isCleaned { try store.cleanLeftovers() }
        let found = try store.newestValid()
        #expect(found.rejected.isEmpty, "operation \(index): \(found.rejected)")
        if let generation = found.generation {
          let loaded = try store.load(generation.name)
          #expect(holds(loaded, new) || old.last.map { holds(loaded, $0) } == true, "operation \(index)")
        } else {
          #expect(old.isEmpty, "operation \(index)")
        }
      }
      #expect(names(in: directory).allSatisfy { !$0.contains(".") }, "operation \(index)")
      try store.save(new)
      #expect(holds(try store.load(store.newestValid().generation?.name ?? ""), new))
      index += 1
    }
    #expect(index > 15, "a save has that many operations")
  }

  @Test(
    "a save in which one operation fails says so and leaves a whole generation, the new one once it has its name",
    arguments: 0..<scenarios.count)
  func failed(scenario: Int) throws {
    var index = 0
    while true {
      let (directory, old, new) = try prepared(scenario, "failed-\(scenario)-\(index)")
      let fault = Fault(at: index, .once)
      let store = CheckpointStore(directory: directory, keepLast: 2, fileSystem: fault.fileSystem())
      var failure: CheckpointError?
      do throws(CheckpointError) {
        failure = try store.save(new).trouble
        #expect(holds(try store.load(FolderName.generation(new.info.step)), new), "operation \(index)")
      } catch {
        failure = error
      }
      guard fault.hasStruck else { break }
      #expect(failure?.kind == .inputOutput, "operation \(index)")
      #expect(failure?.description.contains("cannot go on: Input/output error") == true)
      let found = try store.newestValid()
      #expect(found.generation != nil || old.isEmpty, "operation \(index)")
      index += 1
    }
  }

  @Test(
    "a full disk at any write is told as such; the generations before are untouched, nothing is left behind")
  func diskFull() throws {
    let (directory, _, new) = try prepared(2, "full")
    let before = names(in: directory)
    var index = 0
    while true {
      let fault = Fault(at: index, .forEver, code: ENOSPC)
      let fileSystem = fault.fileSystem {
        if case .write(let path, _) = $0 { !path.contains("latest") } else { false }
      }
      let store = CheckpointStore(directory: directory, keepLast: 2, fileSystem: fileSystem)
      do throws(CheckpointError) {
        try store.save(new)
      } catch {
        #expect(error.kind == .noSpace)
        #expect(error.description.contains("No space left on device"))
        #expect(names(in: directory) == before)
        #expect(try store.newestValid().generation?.step == 2)
        index += 1
        continue
      }
      break
    }
    #expect(index >= 3, "two files and a manifest are written")
  }

  @Test("a disk that does not give back what was written is noticed before the generation gets its name")
  func readBack() throws {
    let (directory, _, new) = try prepared(1, "forgetful")
    for name in ["generator.safetensors.zst", "manifest.json"] {
      var fileSystem = FileSystem()
      fileSystem.willPerform = { (operation) throws(CheckpointError) in
        guard case .synchronizeFolder(let path) = operation, path.contains(".tmp-") else { return }
        var bytes = readFile(path + "/" + name)
        bytes[bytes.count / 2] ^= 1
        writeFile(path + "/" + name, bytes)
      }
      let store = CheckpointStore(directory: directory, keepLast: 1, fileSystem: fileSystem)
      let error = #expect(throws: CheckpointError.self) { try store.save(new) }
      #expect(error?.kind == .inputOutput)
      #expect(error?.problem.hasPrefix("what was written does not read back: ") == true)
      #expect(names(in: directory) == ["latest", "step-00000001"])
    }
  }

  @Test(
    "after a loss of power at any moment a whole generation is there, and `latest` names it or the one before"
  )
  func powerLoss() throws {
    let trial = PowerLossTrial(
      saves: [(1, 0), (2, 0), (3, 0), (3, 7), (4, 0)].map { sampleContents(step: $0.0, seed: $0.1) },
      path: folder.path)
    #expect(try trial.run() > 500)
  }

  @Test("the folder that the first save makes does not get lost with what is in it")
  func powerLossInNewFolder() throws {
    let trial = PowerLossTrial(
      saves: (1...2).map { sampleContents(step: $0) }, path: folder.path, store: "/checkpoints")
    #expect(try trial.run() > 60)
  }

  @Test("leftovers are removed, strangers are not")
  func leftovers() throws {
    let store = CheckpointStore(directory: folder.path)
    try store.save(sampleContents(step: 1))
    for name in ["step-00000002.tmp-ab", "latest.tmp-1", "mine.tmp-1", "step-2.tmp-1", "notes"] {
      mkdir(folder.path + "/" + name, 0o777)
    }
    symlink("/etc", folder.path + "/step-00000002.tmp-ab/link")
    rename(folder.path + "/step-00000001", folder.path + "/step-00000001.replaced-ab")
    #expect(
      try store.cleanLeftovers() == ["latest.tmp-1", "step-00000001.replaced-ab", "step-00000002.tmp-ab"])
    #expect(names(in: folder.path) == ["latest", "mine.tmp-1", "notes", "step-00000001", "step-2.tmp-1"])
    #expect(!names(in: "/etc").isEmpty)
  }

  @Test("a leftover that cannot be removed stays, and the others go all the same")
  func stubbornLeftovers() throws {
    try CheckpointStore(directory: folder.path).save(sampleContents(step: 1))
    for name in ["latest.tmp-1", "step-00000002.tmp-ab", "step-00000003.tmp-cd"] {
      mkdir(folder.path + "/" + name, 0o777)
    }
    var fileSystem = FileSystem()
    fileSystem.willPerform = { (operation) throws(CheckpointError) in
      guard case .removeFolder(let path) = operation, path.contains("step-00000002") else { return }
      throw CheckpointError(.inputOutput, call: "remove the folder", path: path, code: ENOTEMPTY)
    }
    let store = CheckpointStore(directory: folder.path, keepLast: 2, fileSystem: fileSystem)
    #expect(try store.cleanLeftovers() == ["latest.tmp-1", "step-00000003.tmp-cd"])
    #expect(names(in: folder.path) == ["latest", "step-00000001", "step-00000002.tmp-ab"])
  }

  @Test("what another process removes at the same time is removed")
  func removedMeanwhile() throws {
    mkdir(folder.path + "/tree", 0o777)
    writeFile(folder.path + "/tree/file", [1])
    var fileSystem = FileSystem()
    fileSystem.willPerform = { (operation) throws(CheckpointError) in
      switch operation {
      case .removeFile(let path): unlink(path)
      case .removeFolder(let path): rmdir(path)
      default: break
      }
    }
    try fileSystem.removeTree(folder.path + "/tree")
    #expect(names(in: folder.path).isEmpty)
  }

  /// A store in which the renames fail that `concerns` picks by what is renamed.
  private func store(keepLast: Int, renaming concerns: @escaping @Sendable (String) -> Bool)
    -> CheckpointStore
  {
    var fileSystem = FileSystem()
    fileSystem.willPerform = { (operation) throws(CheckpointError) in
      guard case .rename(let path, _) = operation, concerns(path) else { return }
      throw CheckpointError(.inputOutput, call: "rename", path: path, code: EIO)
    }
    return CheckpointStore(directory: folder.path, keepLast: keepLast, fileSystem: fileSystem)
  }

  @Test("a save is made though what it replaces cannot be removed; the next save removes that")
  func stubbornReplacement() throws {
    let store = CheckpointStore(directory: folder.path)
    try store.save(sampleContents(step: 1))
    let newer = sampleContents(step: 1, seed: 2)
    let failing = self.store(keepLast: 2) { $0.contains(".replaced-") }
    #expect(try failing.save(newer).trouble?.kind == .inputOutput)
    #expect(holds(try store.load("step-00000001"), newer))
    #expect(names(in: folder.path).contains { $0.contains(".replaced-") })
    #expect(try store.save(sampleContents(step: 2)).trouble == nil)
    #expect(names(in: folder.path) == ["latest", "step-00000001", "step-00000002"])
  }

  @Test("an old generation that cannot be removed keeps no other one")
  func stubbornGeneration() throws {
    let store = CheckpointStore(directory: folder.path, keepLast: 4)
    for step in 1...3 { try store.save(sampleContents(step: step)) }
    let failing = self.store(keepLast: 1) { $0.hasSuffix("step-00000002") }
    #expect(try failing.save(sampleContents(step: 4)).trouble?.path.hasSuffix("step-00000002") == true)
    #expect(try store.generations().map(\.step) == [2, 4])
  }

  @Test("what is removed while it is read is said to be gone, not damaged")
  func removedWhileRead() throws {
    let staged = Mutex<String?>(nil)
    let elsewhere = folder.path + "/elsewhere"
    var fileSystem = FileSystem()
    fileSystem.willPerform = { (operation) throws(CheckpointError) in
      guard case .synchronizeFolder(let path) = operation, path.contains(".tmp-") else { return }
      staged.withLock { $0 = path }
    }
    // The next sign of progress is the first piece that is read back.
    fileSystem.noteProgress = {
      let path = staged.withLock { path in
        defer { path = nil }
        return path
      }
      guard let path else { return }
      rename(path, elsewhere)
      unlink(elsewhere + "/discriminator.safetensors.zst")
    }
    let store = CheckpointStore(directory: folder.path + "/run", keepLast: 1, fileSystem: fileSystem)
    let error = #expect(throws: CheckpointError.self) { try store.save(sampleContents(step: 1)) }
    #expect(error?.problem == "what was written does not read back: it was removed while it was read")
  }

  @Test("who reads beside a run that goes on finds generations that are gone, never damaged ones")
  func readBeside() throws {
    let store = CheckpointStore(directory: folder.path, keepLast: 1)
    let writer = BackgroundCheckpointWriter(store: store)
    for step in 1...30 {
      _ = try writer.submit(sampleContents(step: step))
      while true {
        let rejected = try store.newestValid().rejected
        #expect(rejected.allSatisfy { $0.reason.kind == .notFound }, "\(rejected)")
        guard let ended = writer.takeEnded() else { continue }
        #expect(try ended.get().trouble == nil)
        break
      }
    }
  }

  @Test("what was set aside stays where what replaced it is damaged")
  func damagedReplacement() throws {
    let store = CheckpointStore(directory: folder.path)
    try store.save(sampleContents(step: 1))
    // The save would remove what it finds set aside: a process that is killed before that leaves both.
    rename(folder.path + "/step-00000001", folder.path + "/aside")
    try store.save(sampleContents(step: 1, seed: 2))
    rename(folder.path + "/aside", folder.path + "/step-00000001.replaced-ab")
    let file = folder.path + "/step-00000001/generator.safetensors.zst"
    var bytes = readFile(file)
    bytes[bytes.count / 2] ^= 1
    writeFile(file, bytes)
    #expect(try store.cleanLeftovers() == [])
    #expect(try store.newestValid().generation?.name == "step-00000001.replaced-ab")
  }
}

/// A series of saves during which, before every operation, each image that the disk might then show is
/// written to another folder and opened.
private final class PowerLossTrial: Sendable {
  private let saves: [GenerationContents]
  private let path: String
  /// The store's path within the disk.
  private let name: String
  private let disk: RecordingDisk
  private let counts = Mutex((saved: 0, images: 0))

  init(saves: [GenerationContents], path: String, store name: String = "") {
    self.saves = saves
    self.path = path
    self.name = name
    disk = RecordingDisk(root: path + "/live")
  }

  /// Returns the number of images that were opened.
  func run() throws -> Int {
    mkdir(path + "/live", 0o777)
    var fileSystem = FileSystem()
    fileSystem.willPerform = { (operation) throws(CheckpointError) in
      self.openImages()
      self.disk.record(operation)
    }
    let store = CheckpointStore(directory: path + "/live" + name, keepLast: 2, fileSystem: fileSystem)
    for contents in saves {
      try store.save(contents)
      counts.withLock { $0.saved += 1 }
      openImages()
    }
    return counts.withLock { $0.images }
  }

  private func openImages() {
    let saved = counts.withLock { $0.saved }
    for index in 0..<disk.imageCount {
      let image = path + "/image"
      disk.writeImage(index, to: image)
      let store = CheckpointStore(directory: image + name)
      let steps = saves[max(saved - 1, 0)..<min(saved + 1, saves.count)].map(\.info.step)
      let isPointed = steps.map(FolderName.generation).contains(store.latest ?? "")
      #expect(isPointed || saved == 0, "image \(index): \(store.latest ?? "none") is called the latest")
      _ = try? store.cleanLeftovers()
      let name = try? store.newestValid().generation?.name
      let loaded = name.flatMap { try? store.load($0) }
      let isOld = saved > 0 && loaded.map { holds($0, saves[saved - 1]) } == true
      let isNew = saved < saves.count && loaded.map { holds($0, saves[saved]) } == true
      #expect(isOld || isNew || saved == 0, "image \(index) while \(saved) generations are saved")
      try? FileSystem().removeTree(image)
      counts.withLock { $0.images += 1 }
    }
  }
}
