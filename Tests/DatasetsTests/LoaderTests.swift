import Datasets
import Foundation
import TensorCore
import Testing

@Suite struct LoaderTests {
  private static let data = Pottery(count: 20, size: 8)
  private static let stream = SampleStream(count: 20, seed: 11)

  private static func loader(_ local: Range<Int>, startStep: Int = 0, depth: Int = 2) -> BatchLoader {
    BatchLoader(
      dataset: data, stream: stream, batch: 12, microBatches: 4, passes: local.map { $0..<$0 + 1 },
      depth: depth,
      startStep: startStep)
  }

  /// Eight images, of which some were damaged after they had been opened.
  private static func damaged(at indices: [Int]) throws -> any ImageDataset {
    let folder = TemporaryFolder()
    for index in 0..<8 { folder.write(Fixture.greyPNG, "\(index).png") }
    let data = try open(folder.path, size: 4)
    var damaged = Fixture.greyPNG
    damaged[damaged.count - 20] ^= 1
    for index in indices { folder.write(damaged, "\(index).png") }
    return data
  }

  @Test("what is loaded is what direct reads give, step after step and across epochs", arguments: [1, 2, 5])
  func equalsReads(depth: Int) throws {
    let loader = Self.loader(1..<3, startStep: 3, depth: depth)
    for step in 3..<20 {
      let loaded = try loader.next()
      #expect(loaded.microBatches.map(\.number) == [1, 2])
      for microBatch in loaded.microBatches {
        let first = 12 * step + 3 * microBatch.number
        #expect(microBatch.indices == Self.stream.indices(at: first..<first + 3))
        #expect(microBatch.images.shape == [3, 8, 8, 1])
        let direct = try microBatch.indices.map { try Self.data.sample($0) }
        #expect(microBatch.images.scalars == direct.flatMap(\.pixels))
        #expect(microBatch.labels == direct.map(\.label))
      }
    }
  }

  @Test(
    "any number of readers reads the same, and names the first sample that cannot be read",
    arguments: [2, 3, 50])
  func readers(count: Int) throws {
    let loader = BatchLoader(
      dataset: Self.data, stream: Self.stream, batch: 12, microBatches: 4, passes: [0..<1, 2..<4],
      readers: count)
    for step in 0..<5 {
      let loaded = try loader.next()
      #expect(loaded.microBatches.map(\.parts) == [1, 2])
      for microBatch in loaded.microBatches {
        let first = 12 * step + 3 * microBatch.number
        #expect(microBatch.indices == Self.stream.indices(at: first..<first + 3 * microBatch.parts))
        let direct = try microBatch.indices.map { try Self.data.sample($0) }
        #expect(microBatch.images.scalars == direct.flatMap(\.pixels))
        #expect(microBatch.labels == direct.map(\.label))
      }
    }
    let stream = SampleStream(count: 8, seed: 1)
    let data = try Self.damaged(at: [2, 5].map { stream.indices(at: $0..<$0 + 1)[0] })
    let failing = BatchLoader(
      dataset: data, stream: stream, batch: 8, microBatches: 1, passes: [0..<1], readers: count)
    #expect(
      failure { _ = try failing.next() } == failure { _ = try data.sample(stream.indices(at: 2..<3)[0]) })
  }

  @Test("the shards of any world size join to the same global order", arguments: [1, 2, 3, 4])
  func shards(worldSize: Int) throws {
    let loaders = (0..<worldSize).map { Self.loader(4 * $0 / worldSize..<4 * ($0 + 1) / worldSize) }
    var indices: [Int] = []
    for _ in 0..<10 {
      for loader in loaders { indices += try loader.next().microBatches.flatMap(\.indices) }
    }
    #expect(indices == Self.stream.indices(at: 0..<120))
  }

  @Test("a sample that cannot be read stops the step that needs it, and no earlier one")
  func failingSample() throws {
    let stream = SampleStream(count: 8, seed: 1)
    let data = try Self.damaged(at: [stream.indices(at: 5..<6)[0]])
    let loader = BatchLoader(dataset: data, stream: stream, batch: 2, microBatches: 1, passes: [0..<1])
    for step in 0..<2 {
      let indices = stream.indices(at: 2 * step..<2 * step + 2)
      #expect(try loader.next().microBatches.map(\.indices) == [indices])
    }
    let direct = failure { _ = try data.sample(stream.indices(at: 5..<6)[0]) }
    #expect(direct?.kind == .badData)
    #expect(failure { _ = try loader.next() } == direct)
    #expect(failure { _ = try loader.next() } == direct)
  }

  @Test("a loader stops in the middle of an epoch, whether it is asked to or let go, and leaves no thread")
  func stops() throws {
    let before = try Self.threads()
    for round in 0..<50 {
      let loader = Self.loader(0..<4)
      for _ in 0..<round % 4 { _ = try loader.next() }
      if round.isMultiple(of: 2) {
        loader.stop()
        loader.stop()
      }
    }
    // Others' tests run beside this one, so the number may drift, but not by fifty.
    #expect(try Self.threads() < before + 25)
  }

  @Test("steps that have been let go give their memory to the steps that come")
  func recycles() throws {
    let data = Pottery(count: 20, size: 50)
    let loader = BatchLoader(dataset: data, stream: Self.stream, batch: 7, microBatches: 1, passes: [0..<1])
    var blocks: Set<UInt> = []
    for _ in 0..<40 {
      let images = try loader.next().microBatches[0].images
      blocks.insert(images.withUnsafePointer { UInt(bitPattern: $0) })
    }
    #expect(blocks.count <= 8)
  }

  @Test("several threads read one data set at a time")
  func concurrentReads() async throws {
    let folder = TemporaryFolder()
    for index in 0..<6 { folder.write(index < 3 ? Fixture.colourPNG : Fixture.greyPNG, "\(index).png") }
    let images = try open(folder.path, size: 4)
    let expected = try (0..<6).map { try images.sample($0).pixels }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        group.addTask { try (0..<600).allSatisfy { try images.sample($0 % 6).pixels == expected[$0 % 6] } }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
  }

  private static func threads() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
  }
}
