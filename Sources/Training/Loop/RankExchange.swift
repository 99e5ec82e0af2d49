package import DataParallel
package import MessagePassing

/// What ranks tell each other outside of turns: all-gathers, in the order in which all ranks ask for them.
package struct RankExchange {
  /// This process's number.
  package let rank: Int
  /// The number of ranks.
  package let size: Int
  private let gather: ([UInt8]) throws -> [[UInt8]]
  /// Called between pieces of long work, for somebody who waits for signs of it.
  package var noteProgress: @Sendable () -> Void = {}

  /// Over a communicator of the calling thread.
  package init(_ communicator: any Communicator) {
    rank = communicator.rank
    size = communicator.size
    gather = { try communicator.allGather($0) }
  }

  /// Over the communication thread, after all that was submitted to it.
  package init(_ thread: CommunicationThread) {
    rank = thread.rank
    size = thread.size
    gather = { bytes in try thread.submit { try $0.allGather(bytes) }.wait() }
  }

  /// The bytes of every rank, in rank order; the lengths may differ.
  package func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] {
    size > 1 ? try gather(bytes) : [bytes]
  }

  /// The numbers of every rank, in rank order: their bytes to every other rank.
  package func allGather<Number: BitwiseCopyable>(_ numbers: [Number]) throws -> [[Number]] {
    guard size > 1 else { return [numbers] }
    return try gather(numbers.withUnsafeBytes { Array($0) }).map(Self.numbers)
  }

  /// The numbers of rank 0 on every rank; those of the others are ignored: their bytes to every other rank.
  package func broadcast<Number: BitwiseCopyable>(_ numbers: [Number]) throws -> [Number] {
    guard size > 1 else { return numbers }
    return Self.numbers(try gather(rank == 0 ? numbers.withUnsafeBytes { Array($0) } : [])[0])
  }

  private static func numbers<Number: BitwiseCopyable>(_ bytes: [UInt8]) -> [Number] {
    let count = bytes.count / MemoryLayout<Number>.stride
    return [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes.prefix(count * MemoryLayout<Number>.stride))
      initialized = count
    }
  }

  /// The part of `count` pieces of work that is this rank's; the parts of all ranks are in rank order.
  package func share(of count: Int) -> Range<Int> { share(of: count, for: rank) }

  /// The part of another rank.
  package func share(of count: Int, for rank: Int) -> Range<Int> {
    MicroBatchPlan.share(of: count, for: rank, among: size)
  }
}
