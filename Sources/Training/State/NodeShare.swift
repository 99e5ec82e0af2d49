import Autograd
import DataParallel
import MessagePassing
import Models
import Networks
import TensorCore

/// Which part of a node's work one of its ranks does.
package struct NodeShare: Sendable, Equatable {
  /// The rank's place among those of its node.
  package let index: Int
  /// The ranks of the node.
  package let count: Int

  /// This rank's part of some elements: contiguous, and as long as the others' up to a cache line.
  func part(of elements: Range<Int>) -> Range<Int> {
    let slice = SlicePlan(count: elements.count, worldSize: count).slice(of: index)
    return elements.lowerBound + slice.lowerBound..<elements.lowerBound + slice.upperBound
  }
}

extension RunState {
  /// Moves parameters, averages and moments to memory that all ranks of a node share, where there is such
  /// memory: a node then holds them once, and each rank makes a part of every update (ZeRO, Rajbhandari et
  /// al. 2020, within a node).
  ///
  /// From then on the ranks of a node are no replicas of one another. What keeps one from reading what
  /// another one writes: an update is made when all ranks have handed over their sums, which is behind their
  /// last look at these parameters, and is waited for before the next.
  ///
  /// All ranks must take part, with equal states.
  /// - Parameter step: the steps done, for messages.
  /// - Throws: `DivergenceError` where the states of a node's ranks differ, `CommunicationError`.
  package func share(over exchange: RankExchange, step: Int = 0) throws {
    guard exchange.size > 1, share == nil else { return }
    let stores = model.networks.flatMap { [$0.store, $0.average].compactMap { $0 } }
    let counts = stores.map(\.count) + optimizers.flatMap { $0.buffers.map(\.count) }
    let starts = Self.starts(of: counts)
    let bytes = 4 * starts[counts.count]
    let rank = exchange.rank
    let given = try exchange.perform { communicator -> (SharedMemory, NodeShare)? in
      guard let memory = try communicator.nodeMemory(), let shared = try memory.share(bytes: bytes)
      else { return nil }
      let position = memory.position(of: rank)
      return (shared, NodeShare(index: position.index, count: position.count))
    }
    guard let (memory, share) = given else { return }
    let own = stores.map(\.values) + optimizers.flatMap(\.buffers)
    let storages = zip(counts, starts).map { count, start in
      TensorStorage(
        at: memory.pointer.assumingMemoryBound(to: Float.self) + start, count: count, owner: memory)
    }
    for (source, target) in zip(own, storages) {
      let part = share.part(of: 0..<source.count)
      (target.pointer + part.lowerBound).update(from: source.pointer + part.lowerBound, count: part.count)
    }
    let meet = { try exchange.perform { try $0.nodeMemory()?.synchronize() } }
    try meet()
    let isEqual = zip(own, storages).allSatisfy { $0.hasBits(of: $1) }
    let equal = try exchange.perform { try $0.allGather(isEqual ? 1 : 0) }
    if equal.contains(0) {
      try ReplicaAudit.verifyScattered(self, step: step, over: exchange)
      // The states are equal, so that it is the memory.
      throw DivergenceError(
        subject: .replica(name: "the memory that a node's ranks share"), step: step, phase: nil,
        ranks: equal.indices.filter { equal[$0] == 0 }, worldSize: equal.count)
    }
    // What others have written is counted as this process's memory once it has been looked at.
    memory.forget()
    var next = storages[...]
    for store in stores { store.move(to: next.removeFirst()) }
    for index in optimizers.indices {
      optimizers[index].move(to: optimizers[index].buffers.map { _ in next.removeFirst() })
    }
    self.share = share
  }

  /// Where buffers begin that lie behind one another, each at a page of its own; then where the last one
  /// ends.
  private static func starts(of counts: [Int]) -> [Int] {
    counts.reduce(into: [0]) { starts, count in starts.append((starts.last! + count + 1023) / 1024 * 1024) }
  }
}
