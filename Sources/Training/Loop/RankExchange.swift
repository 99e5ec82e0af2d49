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

  /// The numbers of every rank, in rank order: 8 bytes a number to every other rank.
  package func allGather(_ numbers: [Double]) throws -> [[Double]] {
    guard size > 1 else { return [numbers] }
    return try gather(numbers.withUnsafeBytes { Array($0) }).map { bytes in
      bytes.withUnsafeBytes { raw in
        (0..<bytes.count / 8).map { raw.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
      }
    }
  }

  /// The numbers of every rank, in rank order: 4 bytes a number to every other rank.
  package func allGather(_ numbers: [Float]) throws -> [[Float]] {
    guard size > 1 else { return [numbers] }
    return try gather(numbers.withUnsafeBytes { Array($0) }).map(Self.numbers)
  }

  /// The numbers of rank 0 on every rank; those of the others are ignored: 4 bytes a number to every other
  /// rank.
  package func broadcast(_ numbers: [Float]) throws -> [Float] {
    guard size > 1 else { return numbers }
    return Self.numbers(try gather(rank == 0 ? numbers.withUnsafeBytes { Array($0) } : [])[0])
  }

  private static func numbers(_ bytes: [UInt8]) -> [Float] {
    bytes.withUnsafeBytes { raw in
      (0..<bytes.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  /// The part of `count` pieces of work that is this rank's; the parts of all ranks are in rank order.
  package func share(of count: Int) -> Range<Int> { share(of: count, for: rank) }

  /// The part of another rank.
  package func share(of count: Int, for rank: Int) -> Range<Int> {
    rank * count / size..<(rank + 1) * count / size
  }
}
