import Checkpoints
import Dispatch
import Glibc
import Synchronization
import TensorCore
import TestSupport
import Testing

extension BackgroundCheckpointWriter {
  /// A writer without peers.
  convenience init(store: CheckpointStore) {
    self.init(store: store, peers: Peers(rank: 0, writers: [0]) { [$0] })
  }
}

@Suite struct BackgroundCheckpointWriterTests {
  private let folder = TemporaryFolder()

  private func contents(step: Int, _ tensor: Tensor) -> GenerationContents {
    let info = sampleContents(step: step).info
    return GenerationContents(
      info: info, files: [TensorFile(name: "weights", tensors: [NamedTensor("w", tensor)])])
  }

  @Test("the values at the time of submit are saved, though the buffer is overwritten at once")
  func snapshot() throws {
    let store = CheckpointStore(directory: folder.path, keepLast: 20)
    let writer = BackgroundCheckpointWriter(store: store)
    let buffer = TensorStorage(count: 100_000)
    let view = Tensor(viewOf: buffer, offset: 0, shape: [100_000])
    for step in 1...10 {
      buffer.pointer.update(repeating: Float(step), count: buffer.count)
      let before = try writer.submit(contents(step: step, view))?.get()
      buffer.pointer.update(repeating: -1, count: buffer.count)
      #expect(before?.step == (step == 1 ? nil : step - 1))
    }
    #expect(try writer.finish()?.step == 10)
    #expect(try writer.finish() == nil)
    for step in 1...10 {
      let loaded = try store.load(store.generations()[step - 1].name)
      #expect(loaded["weights"]?.tensors[0].tensor?.scalars.allSatisfy { $0 == Float(step) } == true)
    }
  }

  @Test("a failed save is told at the next call, and the next save is made all the same")
  func failure() throws {
    var fileSystem = FileSystem()
    let failing = FailureCount(failures: 1)
    fileSystem.willPerform = { (operation) throws(CheckpointError) in
      if case .synchronizeFile(let path) = operation, failing.take() {
        throw CheckpointError(.inputOutput, call: "synchronise", path: path, code: EIO)
      }
    }
    let store = CheckpointStore(directory: folder.path, keepLast: 2, fileSystem: fileSystem)
    let writer = BackgroundCheckpointWriter(store: store)
    #expect(try writer.submit(sampleContents(step: 1)) == nil)
    guard case .failure(let error) = try writer.submit(sampleContents(step: 2)) else {
      Issue.record("the failure is told")
      return
    }
    #expect(error.description.contains("cannot synchronise: Input/output error"))
    #expect(try writer.finish()?.step == 2)
    #expect(try store.generations().map(\.step) == [2])
  }

  @Test("the failure of the last save is thrown by finish, once")
  func lastFailure() throws {
    let writer = BackgroundCheckpointWriter(store: CheckpointStore(directory: folder.path + "/a/b"))
    #expect(try writer.submit(sampleContents(step: 1)) == nil)
    let error = #expect(throws: CheckpointError.self) { try writer.finish() }
    #expect(error?.advice.contains("the folder above it is still there") == true, "no mode makes it writable")
    #expect(try writer.finish() == nil)
  }

  @Test("the outcome of a save can be had as soon as it has ended, not before, and once")
  func ended() throws {
    let gate = DispatchSemaphore(value: 0)
    var fileSystem = FileSystem()
    fileSystem.willPerform = { (operation) throws(CheckpointError) in
      if case .createFile(let path) = operation, path.hasSuffix("manifest.json") { gate.wait() }
    }
    let writer = BackgroundCheckpointWriter(
      store: CheckpointStore(directory: folder.path, keepLast: 2, fileSystem: fileSystem))
    #expect(writer.takeEnded() == nil)
    _ = try writer.submit(sampleContents(step: 1))
    #expect(writer.takeEnded() == nil)
    gate.signal()
    var told: Generation?
    for _ in 0..<5000 where told == nil {
      told = try writer.takeEnded()?.get()
      if told == nil { usleep(1000) }
    }
    #expect(told?.step == 1 && writer.takeEnded() == nil)
    #expect(try writer.submit(sampleContents(step: 2)) == nil, "it has been told")
    gate.signal()
    #expect(try writer.finish()?.step == 2)
    #expect(writer.takeEnded() == nil)
  }

  @Test("a writer that is let go has finished its save")
  func release() throws {
    var writer: BackgroundCheckpointWriter? = BackgroundCheckpointWriter(
      store: CheckpointStore(directory: folder.path))
    _ = try writer?.submit(sampleContents(step: 1))
    writer = nil
    #expect(try CheckpointStore(directory: folder.path).newestValid().generation?.step == 1)
  }
}

/// Lets a number of operations fail.
private final class FailureCount: Sendable {
  private let left: Mutex<Int>

  init(failures: Int) { left = Mutex(failures) }

  func take() -> Bool {
    left.withLock { left in
      left -= 1
      return left >= 0
    }
  }
}
