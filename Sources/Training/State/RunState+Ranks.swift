import Autograd
import Models
import Networks
import TensorCore

extension RunState {
  /// Gives all ranks the whole state of rank 0: what ``copyFromFirst(over:)`` gives, what the scheduler
  /// remembers, and how good the run was.
  package func broadcast(over exchange: RankExchange) throws {
    try copyFromFirst(over: exchange)
    if let numbers = game?.numbers { game?.numbers = try exchange.broadcast(numbers) }
    if let numbers = skipped?.numbers { skipped?.numbers = try exchange.broadcast(numbers) }
    best = BestGeneration(numbers: try exchange.broadcast(best?.numbers ?? []))
    convergence = Convergence(numbers: try exchange.broadcast(convergence?.numbers ?? []))
  }

  /// Gives all ranks the weights, buffers, averages and moments of rank 0, and its optimizers' steps: a
  /// broadcast for each flat buffer. What ranks hold each a share of is dealt out.
  package func copyFromFirst(over exchange: RankExchange) throws {
    guard exchange.size > 1 else { return }
    func give(_ values: UnsafeMutablePointer<Float>, _ count: Int) throws {
      guard count > 0 else { return }
      let own = UnsafeBufferPointer(start: values, count: count)
      let first = try exchange.broadcast(exchange.rank == 0 ? Array(own) : [])
      precondition(first.count == count, "ranks have one model")
      values.update(from: first, count: count)
    }
    let steps = try exchange.broadcast(optimizers.map(\.stepCount))
    for (index, network) in model.networks.enumerated() {
      for store in [network.store, network.average].compactMap({ $0 }) {
        try store.withValues { try give($0, store.count) }
        try give(store.buffers.pointer, store.buffers.count)
        store.buffers.invalidateDerived()
      }
      for moment in optimizers[index].buffers { try give(moment.pointer, moment.count) }
      optimizers[index].stepCount = steps[index]
    }
    try model.replay?.deal(over: exchange)
    try powerSGD?.deal(over: exchange)
  }

  /// Lets every rank have all of what ranks hold each a share of: past fakes, and what compressed gradients
  /// have left.
  package func gatherShares(over exchange: RankExchange) throws {
    try model.replay?.gather(over: exchange)
    try powerSGD?.gather(over: exchange)
  }

  /// Forgets the shares of other ranks.
  package func keepOwnShare(of exchange: RankExchange) {
    model.replay?.keepOwn(of: exchange)
    powerSGD?.keepOwn()
  }
}
