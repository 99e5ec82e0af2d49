import Foundation
import Synchronization
import TensorCore
import Testing

@Suite("Storage", .serialized)
struct StorageTests {
  @Test("a copy does not see writes to the original, nor the original those to the copy")
  func copiesAreIndependent() {
    var original = Tensor([1, 2, 3], shape: [3])
    var copy = original
    copy.withUnsafeMutablePointer { $0[0] = 10 }
    original.withUnsafeMutablePointer { $0[1] = 20 }
    #expect(original.scalars == [1, 20, 3])
    #expect(copy.scalars == [10, 2, 3])
  }

  @Test("a view shares storage until either side is written")
  func viewsAreIndependent() {
    var whole = Tensor([1, 2, 3, 4], shape: [4])
    var view = Tensor(viewOf: whole, from: 1, shape: [2])
    let reshaped = whole.reshaped([2, 2])
    view.withUnsafeMutablePointer { $0[0] = 20 }
    whole.withUnsafeMutablePointer { $0[3] = 40 }
    #expect(whole.scalars == [1, 2, 3, 40])
    #expect(view.scalars == [20, 3])
    #expect(reshaped.scalars == [1, 2, 3, 4])
  }

  @Test("rows that are none of a view's are refused, though its storage has them")
  func rowsLieWithinTheirTensor() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor(repeating: 0, shape: [8, 8]).rows(0..<4).rows(2..<6)
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor(repeating: 0, shape: [8, 8]).rows(4..<8).rows(-2..<2)
    }
  }

  @Test("parts are equal")
  func partsAreEqual() async {
    await #expect(processExitsWith: .failure) { _ = Tensor(repeating: 0, shape: [7, 2]).part(0, of: 2) }
  }

  @Test("a tensor that shares its storage with no one is written in place")
  func uniqueStorageStays() {
    var tensor = Tensor(repeating: 0, shape: [8])
    let before = tensor.withUnsafePointer { UInt(bitPattern: $0) }
    let during = tensor.withUnsafeMutablePointer { UInt(bitPattern: $0) }
    #expect(before == during)
  }

  @Test("every write marks what was derived from the values as out of date")
  func writesRaiseTheVersion() {
    var tensor = Tensor(repeating: 0, shape: [8])
    let version = tensor.storage.version
    tensor.withUnsafeMutablePointer { $0[0] = 1 }
    #expect(tensor.storage.version != version)
  }

  @Test("blocks are aligned to a vector of any width", arguments: [1, 17, 1000, 100_003, 600_001])
  func alignment(count: Int) {
    let storage = TensorStorage(count: count)
    #expect(UInt(bitPattern: storage.pointer) % 64 == 0)
    #expect(storage.count == count)
  }

  // Other suites run at the same time and take from the same list: a quiet round among many is what a list
  // that returned nothing could never give.
  private func happens(_ body: () -> Bool) -> Bool { (0..<1000).contains { _ in body() } }

  private func take(_ count: Int) -> UInt { UInt(bitPattern: TensorStorage(count: count).pointer) }

  @Test("a released block is the next one of its size, and one in use is not handed out")
  func blocksReturn() {
    let count = 123_457
    #expect(happens { take(count) == take(count) })
    let held = TensorStorage(count: count)
    #expect(take(count) != UInt(bitPattern: held.pointer))
  }

  @Test("a large block serves for a tensor a little smaller, and not for a much smaller one")
  func blocksAreShared() {
    #expect(happens { take(60_000_001) == take(50_000_001) })
    #expect(!happens { take(60_000_001) == take(30_000_001) })
  }

  @Test("where the system has no more memory, free blocks of other sizes make room")
  func freeBlocksMakeRoom() async {
    await #expect(processExitsWith: .success) {
      try StorageTests.limitMemory()
      let gigabyte = 1 << 30
      _ = TensorStorage(count: gigabyte / 4)
      // Neither would a free block of that size serve for this, nor do both fit.
      _ = TensorStorage(count: gigabyte / 32 * 5)
    }
  }

  @Test("where there is no memory to be had, the program ends as its handler says")
  func exhaustion() async {
    await #expect(processExitsWith: .exitCode(78)) {
      try StorageTests.limitMemory()
      MemoryExhaustion.setHandler { bytes in _exit(bytes >= 4 << 30 ? 78 : 1) }
      _ = TensorStorage(count: 1 << 30)
    }
  }

  @Test(
    "before the program ends its last words are said, once and with room, of many threads that find none")
  func lastWords() async {
    await #expect(processExitsWith: .exitCode(78)) {
      let timesSaid = Atomic<Int>(0)
      MemoryExhaustion.setLastWords {
        // What mmap gives is address space as a tensor's is.
        let room = mmap(nil, 24 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        if room != MAP_FAILED { timesSaid.add(1, ordering: .relaxed) }
        usleep(100_000)
      }
      MemoryExhaustion.setHandler { _ in _exit(timesSaid.load(ordering: .relaxed) == 1 ? 78 : 1) }
      for _ in 0..<3 {
        Thread.detachNewThread {
          while !StorageTests.isLimited.load(ordering: .relaxed) { usleep(1000) }
          _ = TensorStorage(count: 1 << 30)
        }
      }
      try StorageTests.limitMemory(to: 16 << 20)
      StorageTests.isLimited.store(true, ordering: .relaxed)
      sleep(60)
    }
  }

  private static let isLimited = Atomic<Bool>(false)

  /// Leaves this process so many bytes more than it has.
  private static func limitMemory(to bytes: Int = 3 << 29) throws {
    let sizes = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    let inUse = try #require(Int(sizes[0])) * Int(getpagesize())
    let most = rlim_t(inUse + bytes)
    var limit = rlimit(rlim_cur: most, rlim_max: most)
    #expect(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
  }

  @Test("a repeated computation asks the system for no memory after its first round")
  func repeatedComputationsAllocateNothing() {
    var numbers = TestNumbers(seed: 1)
    let x = numbers.tensor([64, 513])
    func round() { _ = (x * x + x).exp().sum(along: [0]).transposed([1, 0]).softplus().sum() }
    round()
    #expect(
      happens {
        let before = TensorStorage.systemAllocations
        round()
        return TensorStorage.systemAllocations == before
      })
  }
}
