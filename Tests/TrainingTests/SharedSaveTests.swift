import Checkpoints
import Foundation
import MessagePassing
import Networks
import Synchronization
import TensorCore
import TestSupport
import Testing
import Training

/// Generations whose files several ranks write.
@Suite("Shared saves")
struct SharedSaveTests {
  /// A generation of files of different sizes and encodings, of which every float depends on `step`.
  private static func contents(step: Int, in storage: TensorStorage? = nil) -> GenerationContents {
    let extents = [3000, 1000, 3000, 6000, 500]
    let count = extents.reduce(0, +)
    let noise = KeyedNoise(seed: 1, purpose: .synthetic, turn: step).normal([count])
    let flat = storage ?? TensorStorage(count: count)
    noise.withUnsafePointer { flat.pointer.update(from: $0, count: count) }
    func file(_ index: Int, _ name: String, _ encoding: TensorEncoding = .values) -> TensorFile {
      let start = extents[..<index].reduce(0, +)
      let view = Tensor(viewOf: flat, offset: start, shape: [extents[index]])
      return TensorFile(name: name, tensors: [NamedTensor("main.weight", view)], encoding: encoding)
    }
    return GenerationContents(
      info: GenerationInfo(
        step: step, programVersion: "0", worldSize: 1, recipe: "r", model: "m", optionsSHA256: "",
        dataFingerprint: "", weightsSHA256: "", stateSHA256: "", state: ["nan": .number(.nan)]),
      files: [
        file(0, "generator"), file(1, "discriminator"), file(2, "ema", .difference(from: "generator")),
        file(3, "optimizer", .planes), file(4, "replay"),
      ])
  }

  /// What each rank of a world makes of saving.
  private func saving<T: Sendable>(
    ranks: Int, writers: [Int], in folder: String, keepLast: Int = 2,
    fileSystem: @escaping @Sendable (Int) -> FileSystem = { _ in FileSystem() },
    telling boards: [ProgressBoard] = [],
    _ body: @escaping @Sendable (BackgroundCheckpointWriter) throws -> T
  ) throws -> [T] {
    try ThreadCommunicator.run(size: ranks) { communicator in
      let exchange = RankExchange(communicator, telling: boards.isEmpty ? nil : boards[communicator.rank])
      let store = CheckpointStore(
        directory: folder, keepLast: keepLast, fileSystem: fileSystem(communicator.rank))
      return try body(
        BackgroundCheckpointWriter(
          store: store,
          peers: BackgroundCheckpointWriter.Peers(
            rank: communicator.rank, writers: writers, hosts: (0..<ranks).map { "node\($0)" },
            allGather: exchange.allGather)))
    }
  }

  private func bytes(of generation: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: generation) {
      files[name] = try Data(contentsOf: URL(fileURLWithPath: "\(generation)/\(name)"))
    }
    return files
  }

  @Test("every file is in one share, and shares are as even as whole files are", arguments: 1...6)
  func shares(writers: Int) {
    let contents = Self.contents(step: 1)
    let shares = contents.shares(among: writers)
    #expect(shares.count == writers)
    #expect(shares.joined().sorted() == contents.files.map(\.name).sorted())
    // 6,000, 3,000, 3,000, 1,000 and 500 floats.
    if writers == 2 {
      #expect(shares.map(Set.init) == [["optimizer", "discriminator"], ["generator", "ema", "replay"]])
    }
    #expect(contents.shares(among: writers) == shares)
  }

  @Test(
    "a generation has the same bytes, whoever writes its files",
    arguments: [(2, [0, 1]), (3, [0, 1, 2]), (4, [0, 3]), (7, Array(0..<7)), (3, [0])])
  func sameBytes(ranks: Int, writers: [Int]) throws {
    let folder = TemporaryFolder()
    let alone = try CheckpointStore(directory: folder.path + "/alone").save(Self.contents(step: 4))
    let saved = try saving(ranks: ranks, writers: writers, in: folder.path + "/shared") { writer in
      #expect(try writer.submit(Self.contents(step: 4)) == nil)
      return try writer.finish()?.step
    }
    #expect(saved == [4] + Array(repeating: nil, count: ranks - 1))
    let shared = folder.path + "/shared/" + alone.name
    #expect(try bytes(of: shared) == bytes(of: alone.path))
    #expect(try CheckpointStore.load(path: shared).files.count == 5)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/shared").sorted() == [
        "latest", alone.name,
      ])
  }

  @Test("what every rank has at the time of submit is saved, though all overwrite it at once")
  func snapshot() throws {
    let folder = TemporaryFolder()
    _ = try saving(ranks: 3, writers: [0, 1, 2], in: folder.path, keepLast: 9) { writer in
      let storage = TensorStorage(count: 13_500)
      for step in 1...5 {
        _ = try writer.submit(Self.contents(step: step, in: storage))
        storage.pointer.update(repeating: .nan, count: storage.count)
      }
      return try writer.finish()?.step
    }
    for step in 1...5 {
      let loaded = try CheckpointStore(directory: folder.path).load("step-0000000\(step)")
      for (found, wanted) in zip(loaded.files, Self.contents(step: step).files) {
        #expect(
          found.tensors[0].tensor?.scalars == wanted.tensors[0].tensor?.scalars, "\(step), \(found.name)")
      }
    }
  }

  @Test("how a shared save went the coordinator alone is told, without waiting for the next")
  func ended() throws {
    let folder = TemporaryFolder()
    let path = folder.path
    let told = try ThreadCommunicator.run(size: 3) { communicator in
      let exchange = RankExchange(communicator)
      let writer = BackgroundCheckpointWriter(
        store: CheckpointStore(directory: path),
        peers: BackgroundCheckpointWriter.Peers(
          rank: communicator.rank, writers: [0, 1, 2], allGather: exchange.allGather))
      _ = try writer.submit(Self.contents(step: 4))
      #expect(writer.takeEnded() == nil, "it is not committed")
      try writer.gather()
      var told = try writer.takeEnded()?.get().step
      for _ in 0..<5000 where communicator.rank == 0 && told == nil {
        usleep(1000)
        told = try writer.takeEnded()?.get().step
      }
      #expect(try writer.finish() == nil)
      return told
    }
    #expect(told == [4, nil, nil])
  }

  @Test(
    "a rank that cannot write makes the save fail; nothing of it is left, the older one is whole, the next save good",
    arguments: [0, 1, 2], ["create", "write", "synchronise"])
  func failure(rank faulty: Int, call: String) throws {
    let folder = TemporaryFolder()
    let path = folder.path
    let told = try saving(
      ranks: 3, writers: [0, 1, 2], in: path,
      fileSystem: { rank in
        var fileSystem = FileSystem()
        guard rank == faulty else { return fileSystem }
        fileSystem.willPerform = { (operation) throws(CheckpointError) in
          let (path, name) =
            switch operation {
            case .createFile(let path): (path, "create")
            case .write(let path, _): (path, "write")
            case .synchronizeFile(let path): (path, "synchronise")
            default: ("", "")
            }
          guard name == call, path.contains("step-00000002.tmp-") else { return }
          throw CheckpointError(.inputOutput, call: name, path: path, code: ENOSPC)
        }
        return fileSystem
      }
    ) { writer in
      var told: [String] = []
      for step in 1...3 {
        if let outcome = try writer.submit(Self.contents(step: step)) {
          switch outcome {
          case .success(let generation): told.append("\(generation.step)")
          case .failure(let error): told.append("\(error.kind) \(error)")
          }
        }
        if step == 2 {
          try writer.gather()
          let store = CheckpointStore(directory: path)
          #expect(try store.newestValid().generation?.step == 1)
        }
      }
      _ = try writer.finish()
      return told
    }
    #expect(told[1].isEmpty && told[2].isEmpty)
    #expect(told[0].count == 2 && told[0][0] == "1" && told[0][1].hasPrefix("noSpace cannot \(call)"))
    #expect(told[0][1].contains(" on rank \(faulty) on node\(faulty), ") == (faulty > 0))
    #expect(folder.names == ["latest", "step-00000001", "step-00000003"])
    #expect(try CheckpointStore(directory: folder.path).newestValid().rejected.isEmpty)
  }

  @Test(
    "the part of ranks that cannot write is written by the others from the next save on, in the same bytes",
    arguments: [[1], [2], [1, 2], [0], [0, 1]])
  func withoutOthers(faulty: [Int]) throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/shared"
    let told = try saving(
      ranks: 3, writers: [0, 1, 2], in: path,
      fileSystem: Self.failing(Dictionary(uniqueKeysWithValues: faulty.map { ($0, EROFS) }))
    ) { writer in
      _ = try writer.submit(Self.contents(step: 1))
      try writer.gather()
      let canBeRepeated = writer.canBeRepeated
      var error = ""
      if case .failure(let told)? = try writer.submit(Self.contents(step: 1)) { error = "\(told)" }
      let generation = try? writer.finish()
      return (canBeRepeated, writer.canBeRepeated, error, generation?.step)
    }
    let isCoordinators = faulty[0] == 0
    #expect(told.map(\.0) == Array(repeating: !isCoordinators, count: 3), "all know it")
    #expect(told.map(\.1) == [false, false, false])
    #expect(told[0].3 == (isCoordinators ? nil : 1))
    let places = faulty.map { "rank \($0) on node\($0)" }.joined(separator: ", ")
    #expect(told[0].2.contains(" on \(places), ") == (faulty != [0]), "\(told[0].2)")
    let whose = faulty.count == 1 ? "its" : "their"
    #expect(told[0].2.contains("the other ranks write \(whose) part") == !isCoordinators, "\(told[0].2)")
    guard !isCoordinators else { return }
    let alone = try CheckpointStore(directory: folder.path + "/alone").save(Self.contents(step: 1))
    #expect(try bytes(of: path + "/" + alone.name) == bytes(of: alone.path))
  }

  /// File systems in which some ranks can create no file of a generation, each for its own cause.
  private static func failing(_ codes: [Int: Int32]) -> @Sendable (Int) -> FileSystem {
    { rank in
      var fileSystem = FileSystem()
      guard let code = codes[rank] else { return fileSystem }
      fileSystem.willPerform = { (operation) throws(CheckpointError) in
        guard case .createFile(let path) = operation, path.hasSuffix(".zst") else { return }
        throw CheckpointError(.cannotCreate, call: "create the file", path: path, code: code)
      }
      return fileSystem
    }
  }

  @Test("a rank that has found no space writes its part of the next save too, unless it is to be left out")
  func wantOfSpace() throws {
    let folder = TemporaryFolder()
    let told = try saving(
      ranks: 3, writers: [0, 1, 2], in: folder.path, fileSystem: Self.failing([1: ENOSPC])
    ) { writer in
      var canBeRepeated: [Bool] = []
      for isLeftOut in [false, false, true] {
        if isLeftOut { writer.leaveOutFailed() }
        _ = try writer.submit(Self.contents(step: 1))
        try writer.gather()
        canBeRepeated.append(writer.canBeRepeated)
      }
      return (canBeRepeated, try writer.finish()?.step)
    }
    #expect(told.map(\.0) == Array(repeating: [true, true, false], count: 3), "all know it")
    #expect(told.map(\.1) == [1, nil, nil])
  }

  @Test(
    "of ranks that fail for different causes each is told with its own, and who writes its part from then on")
  func causes() throws {
    func told(_ codes: [Int: Int32], isLast: Bool = false) throws -> String {
      let folder = TemporaryFolder()
      let told = try saving(
        ranks: 3, writers: [0, 1, 2], in: folder.path, fileSystem: Self.failing(codes)
      ) { writer in
        _ = try writer.submit(Self.contents(step: 1))
        try writer.gather(isLast: isLast)
        do throws { _ = try writer.finish() } catch { return "\(error)" }
        return ""
      }
      // Which files a rank writes, and the folder's name, are of no interest here.
      return told[0].replacing(/\S+\.zst/, with: "PATH")
    }
    let full = "cannot create the file: No space left on device"
    let space = "free some space there; older checkpoints are untouched"
    let readOnly = "cannot create the file: Read-only file system"
    let folder = "make the folder writable or choose another run folder"
    let others = "from here on the other ranks write its part of checkpoints"
    #expect(
      try told([1: ENOSPC, 2: EROFS])
        == "\(full) on rank 1 on node1, PATH; \(space); "
        + "rank 2 on node2: \(readOnly), PATH; \(others); there: \(folder)")
    #expect(
      try told([0: ENOSPC, 1: EROFS, 2: EROFS])
        == "\(full) on rank 0 on node0, PATH; \(space); "
        + "rank 1 on node1, rank 2 on node2: \(readOnly), PATH; \(folder)")
    #expect(
      try told([2: EROFS], isLast: true) == "\(readOnly) on rank 2 on node2, PATH; there: \(folder)",
      "where no save follows nobody writes its part")
  }

  @Test("the manifest is written when every rank's files are durable, and the folder gets its name last")
  func order() throws {
    let folder = TemporaryFolder()
    let log = Log()
    _ = try saving(
      ranks: 3, writers: [0, 1, 2], in: folder.path,
      fileSystem: { _ in
        var fileSystem = FileSystem()
        fileSystem.willPerform = { (operation) throws(CheckpointError) in log.add(operation) }
        return fileSystem
      }
    ) { writer in
      _ = try writer.submit(Self.contents(step: 1))
      return try writer.finish()?.step
    }
    let lines = log.lines
    let manifest = try #require(lines.firstIndex(of: "create manifest.json"))
    let durable = lines.indices.filter { lines[$0].hasPrefix("synchronise") && lines[$0].hasSuffix(".zst") }
    #expect(durable.count == 5 && durable.allSatisfy { $0 < manifest })
    let named = try #require(lines.firstIndex(of: "rename step-00000001"))
    #expect(try #require(lines.firstIndex(of: "synchronise manifest.json")) < named)
  }

  @Test("while the disk of one rank hangs, the others say that they wait, and that one that it saves")
  func hangingDisk() throws {
    let folder = TemporaryFolder()
    let boards = (0..<3).map { _ in ProgressBoard() }
    let seen = Mutex<[RankPlace.Activity]>([])
    for board in boards { board.enter(.saving) }
    _ = try saving(
      ranks: 3, writers: [0, 1, 2], in: folder.path,
      fileSystem: { rank in
        var fileSystem = FileSystem()
        guard rank == 1 else { return fileSystem }
        fileSystem.willPerform = { (operation) throws(CheckpointError) in
          guard case .synchronizeFile = operation else { return }
          // Until the others wait, or for ten seconds.
          for _ in 0..<5000 where ![0, 2].allSatisfy({ boards[$0].place.activity == .gathering }) {
            usleep(2000)
          }
          seen.withLock { if $0.isEmpty { $0 = boards.map(\.place.activity) } }
        }
        return fileSystem
      }, telling: boards
    ) { writer in
      _ = try writer.submit(Self.contents(step: 1))
      return try writer.finish()?.step
    }
    #expect(seen.withLock { $0 } == [.gathering, .saving, .gathering])
  }

  private final class Log: Sendable {
    private let text = Mutex<[String]>([])

    var lines: [String] { text.withLock { $0 } }

    func add(_ operation: FileOperation) {
      func name(_ path: String) -> String { (path as NSString).lastPathComponent }
      switch operation {
      case .createFile(let path): text.withLock { $0.append("create \(name(path))") }
      case .synchronizeFile(let path): text.withLock { $0.append("synchronise \(name(path))") }
      case .rename(_, let path): text.withLock { $0.append("rename \(name(path))") }
      default: break
      }
    }
  }

  @Test(
    "ranks that see another folder of the same name do not write; nothing is left of how that was found out")
  func writers() throws {
    let folder = TemporaryFolder()
    let path = folder.path
    func found(_ folders: [String]) throws -> [[Int]] {
      try ThreadCommunicator.run(size: folders.count) { communicator in
        try CheckpointStore(directory: path + folders[communicator.rank]).writers(
          over: RankExchange(communicator))
      }
    }
    #expect(try found(["/a", "/a", "/a"]) == [[0, 1, 2], [0, 1, 2], [0, 1, 2]])
    #expect(try found(["/a", "/b", "/a"]) == [[0, 2], [0, 2], [0, 2]])
    #expect(try found(["/a", "/b"]) == [[0], [0]])
    #expect(
      try found(["/none/a", "/none/a"]) == [[0], [0]], "where nothing can be made, the first save says why")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/a").isEmpty)
  }
}
