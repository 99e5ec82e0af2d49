import Checkpoints
import Glibc
import Synchronization
import TensorCore
import TestSupport
import Testing

@Suite struct CheckpointStoreTests {
  private let folder = TemporaryFolder()
  private var directory: String { folder.path + "/checkpoints" }
  private var store: CheckpointStore { CheckpointStore(directory: directory) }

  @Test("what is saved is loaded: tensors bit for bit, in order, and every field of the manifest")
  func roundTrip() throws {
    let contents = sampleContents(step: 500)
    let generation = try store.save(contents)
    #expect(generation.name == "step-00000500")
    #expect(
      names(in: generation.path) == [
        "discriminator.safetensors.zst", "generator.safetensors.zst", "manifest.json",
      ])
    #expect(holds(try store.load("step-00000500"), contents))
    #expect(holds(try CheckpointStore.load(path: generation.path, verify: false), contents))
    #expect(store.latest == "step-00000500")
    #expect(try store.newestValid().generation == generation)
  }

  @Test("numbers that are not finite, extreme integers and texts survive in the state")
  func state() throws {
    var info = sampleContents(step: 1).info
    info.state = [
      "a": .number(.infinity), "b": .number(-.infinity), "c": .integer(.max), "d": .integer(.min),
      "e": .number(0.1 + 0.2), "f": .number(-0.0), "g": .number(1), "h": .text("\u{0}\"\\ü\n"), "": 1,
      "i": .number(.leastNonzeroMagnitude), "j": .number(.greatestFiniteMagnitude), "k": .number(.nan),
    ]
    try store.save(GenerationContents(info: info, files: []))
    let state = try store.load("step-00000001").manifest.info.state
    #expect(state.keys.sorted() == info.state.keys.sorted())
    for (key, value) in info.state {
      #expect(state[key]?.number?.bitPattern == value.number?.bitPattern, "\(key)")
      #expect(state[key]?.integer == value.integer && state[key]?.text == value.text, "\(key)")
    }
  }

  @Test("equal contents give equal bytes in every file")
  func deterministic() throws {
    let other = CheckpointStore(directory: folder.path + "/other")
    let paths = try [store, other].map { try $0.save(sampleContents(step: 3, count: 40_000)).path }
    for name in names(in: paths[0]) {
      #expect(readFile(paths[0] + "/" + name) == readFile(paths[1] + "/" + name), "\(name)")
    }
  }

  @Test("the newest generations are kept, as many as asked for")
  func retention() throws {
    let store = CheckpointStore(directory: directory, keepLast: 3)
    for step in [10, 20, 30, 40, 50] { try store.save(sampleContents(step: step)) }
    #expect(try store.generations().map(\.step) == [30, 40, 50])
    #expect(names(in: directory) == ["latest", "step-00000030", "step-00000040", "step-00000050"])
  }

  @Test(
    "the best generation and the refuge stay whatever their age, and do not count; `best` names the first")
  func retained() throws {
    for step in [10, 20, 30, 40, 50, 60] {
      let contents = sampleContents(step: step)
      let best = step < 50 ? 10 : 40
      try store.save(
        GenerationContents(
          info: contents.info, files: contents.files,
          retained: RetainedGenerations(best: best, others: step > 20 ? [20] : [])))
      #expect(store.best == "step-000000\(best)")
    }
    #expect(try store.generations().map(\.step) == [20, 40, 50, 60])
    try store.save(sampleContents(step: 70))
    #expect(try store.generations().map(\.step) == [60, 70])
  }

  @Test("`best` names a generation that is there: where a new best one was not saved, the one before stays")
  func bestThatWasNotSaved() throws {
    func save(_ step: Int, best: Int, others: [Int]) throws {
      let contents = sampleContents(step: step)
      try store.save(
        GenerationContents(
          info: contents.info, files: contents.files,
          retained: RetainedGenerations(best: best, others: others)))
    }
    try save(10, best: 10, others: [10])
    for step in [20, 30, 40, 50] { try save(step, best: 15, others: [10, 15]) }
    #expect(store.best == "step-00000010")
    #expect(try store.generations().map(\.step) == [10, 40, 50])
    try save(60, best: 60, others: [10, 15, 60])
    #expect(store.best == "step-00000060")
  }

  @Test("a folder on its way out has a name that is never taken for a generation's")
  func removal() throws {
    for step in [1, 2] { try store.save(sampleContents(step: step)) }
    rename(directory + "/step-00000001", directory + "/step-00000001.replaced-0")
    let targets = Mutex<[String]>([])
    var fileSystem = FileSystem()
    fileSystem.willPerform = { (operation) throws(CheckpointError) in
      if case .rename(let from, let to) = operation, from.hasSuffix(".replaced-0") {
        targets.withLock { $0.append(String(to.split(separator: "/").last ?? "")) }
      }
    }
    try CheckpointStore(directory: directory, keepLast: 1, fileSystem: fileSystem)
      .save(sampleContents(step: 3))
    #expect(targets.withLock { $0.map { FolderName($0) } } == [.temporary])
    #expect(names(in: directory) == ["latest", "step-00000003"])
  }

  @Test("a damaged generation does not count among those that are kept")
  func retentionOfWholeOnes() throws {
    for step in [10, 20] { try store.save(sampleContents(step: step)) }
    unlink(directory + "/step-00000020/generator.safetensors.zst")
    try store.save(sampleContents(step: 30))
    #expect(try store.generations().map(\.step) == [10, 30])
  }

  @Test("nor does one that is cut short")
  func retentionOfFullSizes() throws {
    for step in [10, 20] { try store.save(sampleContents(step: step)) }
    let file = directory + "/step-00000020/generator.safetensors.zst"
    truncate(file, readFile(file).count - 1)
    try store.save(sampleContents(step: 30))
    #expect(try store.generations().map(\.step) == [10, 30])
  }

  @Test("a save after a resume from an older generation removes neither itself nor a newer one")
  func retentionAfterResume() throws {
    for step in [10, 20, 30] { try store.save(sampleContents(step: step)) }
    try store.save(sampleContents(step: 15))
    #expect(try store.generations().map(\.step) == [15, 20, 30])
    #expect(store.latest == "step-00000015")
  }

  @Test("the same step is replaced, and nothing else is left")
  func sameStep() throws {
    try store.save(sampleContents(step: 10, seed: 1))
    let newer = sampleContents(step: 10, seed: 2)
    try store.save(newer)
    #expect(holds(try store.load("step-00000010"), newer))
    try store.save(newer)
    #expect(holds(try store.load("step-00000010"), newer))
    #expect(names(in: directory) == ["latest", "step-00000010"])
  }

  @Test("a link or a file in the place of a generation is replaced; what it points to is untouched")
  func linkInPlace() throws {
    let elsewhere = CheckpointStore(directory: folder.path + "/elsewhere")
    let target = try elsewhere.save(sampleContents(step: 10, seed: 1))
    let contents = sampleContents(step: 10, seed: 2)
    mkdir(directory, 0o777)
    symlink(target.path, directory + "/step-00000010")
    try store.save(contents)
    #expect(holds(try store.load("step-00000010"), contents))
    #expect(holds(try elsewhere.load("step-00000010"), sampleContents(step: 10, seed: 1)))
  }

  @Test("the newest whole generation is chosen, and the damaged newer ones are told with their reasons")
  func fallback() throws {
    let store = CheckpointStore(directory: directory, keepLast: 4)
    for step in [1, 2, 3, 4] { try store.save(sampleContents(step: step)) }
    let file = directory + "/step-00000004/generator.safetensors.zst"
    truncate(file, 50)
    unlink(directory + "/step-00000003/manifest.json")
    let selection = try store.newestValid()
    #expect(selection.generation?.step == 2)
    #expect(selection.rejected.map(\.name) == ["step-00000004", "step-00000003"])
    #expect(selection.rejected[0].reason.description.contains("truncated at byte 50 of"))
    #expect(selection.rejected[0].reason.path == file)
    #expect(selection.rejected[1].reason.description.contains("no manifest.json"))
  }

  @Test("no folder, an empty folder and a folder of strangers hold no generation")
  func empty() throws {
    #expect(try store.newestValid().generation == nil)
    #expect(try store.generations().isEmpty && store.latest == nil)
    #expect(try store.cleanLeftovers().isEmpty)
    for name in ["step-1", "step-0000000a", "step--0000001", "step-00000001x", "other", "step-+0000001"] {
      mkdir(directory, 0o777)
      mkdir(directory + "/" + name, 0o777)
    }
    let selection = try store.newestValid()
    #expect(selection.generation == nil && selection.rejected.isEmpty)
    #expect(throws: CheckpointError.self) { try store.load("step-00000009") }
  }

  @Test(
    "`latest` may hold anything: it is a hint or nothing",
    arguments: ["", "\n", "garbage", "step-00000009\n", "../../etc", "/etc/passwd", "step-00000001/../x"])
  func latest(text: String) throws {
    try store.save(sampleContents(step: 1))
    writeFile(directory + "/latest", Array(text.utf8))
    #expect(store.latest == (text == "step-00000009\n" ? "step-00000009" : nil))
    #expect(try store.newestValid().generation?.step == 1)
    try store.save(sampleContents(step: 2))
    #expect(store.latest == "step-00000002")
  }

  @Test("`latest` as a link is not followed, and as a folder neither read nor the ruin of a generation")
  func latestOfAnotherKind() throws {
    try store.save(sampleContents(step: 1))
    unlink(directory + "/latest")
    writeFile(folder.path + "/outside", Array("step-00000001\n".utf8))
    symlink(folder.path + "/outside", directory + "/latest")
    #expect(store.latest == nil)
    try store.save(sampleContents(step: 2))
    #expect(store.latest == "step-00000002")
    #expect(readFile(folder.path + "/outside") == Array("step-00000001\n".utf8))
    unlink(directory + "/latest")
    mkdir(directory + "/latest", 0o777)
    #expect(store.latest == nil)
    #expect(try store.save(sampleContents(step: 3)).trouble != nil)
    #expect(try store.newestValid().generation?.step == 3)
    #expect(!names(in: directory).contains { $0.contains(".tmp-") })
    for step in 4...6 { #expect(try store.save(sampleContents(step: step)).trouble?.kind == .inputOutput) }
    #expect(try store.generations().map(\.step) == [5, 6], "the disk does not fill for want of a pointer")
  }

  @Test("links, pipes and folders in the place of a generation's files are refused, not followed")
  func linksAreNotFollowed() throws {
    try store.save(sampleContents(step: 1))
    let file = directory + "/step-00000001/generator.safetensors.zst"
    rename(file, folder.path + "/outside")
    symlink(folder.path + "/outside", file)
    #expect(try store.newestValid().rejected.first?.reason.problem == "a link instead of a file")
    unlink(file)
    mkfifo(file, 0o666)
    #expect(try store.newestValid().rejected.first?.reason.problem == "not a regular file")
    unlink(file)
    mkdir(file, 0o777)
    #expect(try store.newestValid().rejected.first?.reason.problem == "not a regular file")
    symlink(directory + "/step-00000001", directory + "/step-00000002")
    #expect(try store.newestValid().rejected.first?.reason.problem == "not a folder")
  }

  @Test("a copied generation is loaded by its path, but not taken for the step that its folder claims")
  func renamedFolder() throws {
    let contents = sampleContents(step: 1)
    try store.save(contents)
    rename(directory + "/step-00000001", directory + "/step-00000007")
    #expect(try store.newestValid().rejected.first?.reason.problem == "the manifest is of step 1")
    rename(directory + "/step-00000007", folder.path + "/best")
    #expect(holds(try CheckpointStore.load(path: folder.path + "/best"), contents))
  }

  @Test("too little free space is told before anything is written")
  func freeSpace() throws {
    try store.save(sampleContents(step: 1))
    var fileSystem = FileSystem()
    fileSystem.availableBytes = { (_) throws(CheckpointError) in 1000 }
    let full = CheckpointStore(directory: directory, keepLast: 2, fileSystem: fileSystem)
    let error = #expect(throws: CheckpointError.self) { try full.save(sampleContents(step: 2)) }
    #expect(error?.kind == .noSpace)
    #expect(error?.description.contains("1000 bytes free, \(directory); free some space") == true)
    #expect(error?.advice == "free some space there; older checkpoints are untouched")
    #expect(names(in: directory) == ["latest", "step-00000001"])
  }

  @Test("room can be asked for before anything is saved; then nothing is said of older checkpoints")
  func freeSpaceAtTheStart() throws {
    let files = sampleContents(step: 1).files
    try store.requireSpace(for: files)
    var fileSystem = FileSystem()
    fileSystem.availableBytes = { (_) throws(CheckpointError) in 1000 }
    let full = CheckpointStore(directory: directory, keepLast: 2, fileSystem: fileSystem)
    let error = #expect(throws: CheckpointError.self) { try full.requireSpace(for: files) }
    #expect(error?.kind == .noSpace)
    #expect(error?.advice == "free some space there, or choose another run folder")
    #expect(names(in: directory).isEmpty)
  }

  @Test(
    "room can be asked for in a folder that may be written to and not be read",
    .enabled(if: geteuid() != 0, "root may read every folder"))
  func freeSpaceUnseen() throws {
    #expect(mkdir(directory, 0o300) == 0)
    defer { chmod(directory, 0o700) }
    try store.requireSpace(for: sampleContents(step: 1).files)
  }

  @Test("a folder that cannot be made is named")
  func cannotCreate() throws {
    let store = CheckpointStore(directory: folder.path + "/missing/checkpoints")
    let error = #expect(throws: CheckpointError.self) { try store.save(sampleContents(step: 1)) }
    #expect(error?.kind == .cannotCreate)
    #expect(error?.path == folder.path + "/missing/checkpoints")
  }
}
