import Autograd
import Checkpoints
package import DataParallel
package import Models
import Platform
package import TensorCore

/// What PowerSGD remembers, as a part of a run's state: of each network the factors, which are the same on
/// all nodes, and the error of each node, which it alone holds.
///
/// Errors are gathered when a generation is saved, because every rank writes a share of it, and dealt out
/// again when one is loaded. Nodes are known by their micro-batches: on the same ones a run goes on exactly.
/// On others the errors of all nodes are added up for the first, so that nothing of the gradients is lost.
package final class PowerSGDState {
  /// A network, as far as it is compressed.
  private struct Part {
    let name: String
    let plan: PowerSGDPlan
    /// Name and shape of the parameter that each matrix is.
    let parameters: [(name: String, shape: Shape)]
    /// Qᵀ of each matrix.
    var factors: Tensor
    /// Of each node; nil where there is nothing to be sent, or where another node holds it.
    var errors: [Tensor?]

    mutating func reset() {
      factors = PowerSGDMemory(plan).factors
      errors = errors.map { _ in nil }
    }
  }

  /// What is read of a generation.
  struct Content {
    fileprivate let factors: [Tensor]
    /// By network and node.
    fileprivate let errors: [[Tensor?]]
    fileprivate let nodes: [Range<Int>]
  }

  static let fileName = "powersgd"
  private static let counterName = "powersgd.nodes"

  /// What was done with the errors of other nodes than these, for people; nil if nothing was.
  package private(set) var note: String?
  /// The ranks and the micro-batches of each node.
  private let ranks: [[Int]]
  private let nodes: [Range<Int>]
  private let own: Int
  private let workers: NodeWorkers
  private var parts: [Part]
  /// Whether this rank holds the errors of all nodes.
  private var isWhole = true

  /// What there is before the first turn.
  /// - Parameters:
  ///   - rank: of the products that matrices are compressed to.
  ///   - ranksOfNodes: the ranks of each node, which follow each other.
  package init(model: any Model, rank: Int, seed: UInt64, plan: MicroBatchPlan, ranksOfNodes: [[Int]]) {
    ranks = ranksOfNodes
    nodes = ranksOfNodes.map { ranks in
      plan.microBatches(of: ranks[0]).lowerBound..<plan.microBatches(of: ranks[ranks.count - 1]).upperBound
    }
    own = nodes.firstIndex { $0.contains(plan.local.lowerBound) }!
    workers = NodeWorkers(plan, nodes: ranksOfNodes)
    var ordinal = 0
    parts = model.networks.map { network in
      let (names, parameters) = (network.store.parameterNames, network.store.parameters)
      let plan = PowerSGDPlan(
        parameters: parameters.map { ($0.range, $0.shape) }, rank: rank, seed: seed, firstOrdinal: ordinal)
      ordinal += parameters.count
      return Part(
        name: network.name, plan: plan,
        parameters: plan.matrices.map { matrix in
          let place = parameters.firstIndex { $0.range == matrix.elements }!
          return (names[place], parameters[place].shape)
        }, factors: PowerSGDMemory(plan).factors, errors: ranksOfNodes.map { _ in nil })
    }
  }

  // MARK: - Turns

  /// What this rank's node remembers of a network.
  package subscript(network: Int) -> PowerSGDMemory {
    get { PowerSGDMemory(error: parts[network].errors[own], factors: parts[network].factors) }
    set {
      (parts[network].errors[own], parts[network].factors) = (newValue.error, newValue.factors)
      isWhole = nodes.count == 1
    }
  }

  /// The sum of a network's next turn; nil on one node, where nothing is compressed, if nothing is left to be
  /// sent either.
  func sum(of network: Int) -> PowerSGDSum? {
    guard nodes.count > 1 || self[network].error != nil else { return nil }
    return PowerSGDSum(parts[network].plan, workers, from: self[network])
  }

  /// Remembers what a turn has left, once its sum is known to be finite.
  func take(_ sum: PowerSGDSum?, of network: Int) {
    if let sum { self[network] = sum.memory }
  }

  /// Forgets everything.
  func reset() {
    for index in parts.indices { parts[index].reset() }
    isWhole = true
  }

  /// What all nodes have not sent yet of a network, added up in their order; nil for nothing.
  /// - Precondition: the errors were gathered.
  package func totalError(of network: Int) -> Tensor? {
    precondition(isWhole, "the errors of all nodes were gathered")
    return Self.total(parts[network].errors)
  }

  private static func total(_ errors: [Tensor?]) -> Tensor? {
    errors.compactMap { $0 }.reduce(nil) { sum, error in sum.map { $0 + error } ?? error }
  }

  // MARK: - Ranks

  /// Lets every rank have the errors of all nodes: for each network an all-gather of 4 bytes a number from
  /// the first rank of each node to every other rank.
  package func gather(over exchange: RankExchange) throws {
    guard nodes.count > 1 else { return }
    let speaks = exchange.rank == ranks[own][0]
    for index in parts.indices {
      let all = try exchange.allGather(speaks ? parts[index].errors[own]?.scalars ?? [] : [])
      for node in nodes.indices where node != own {
        parts[index].errors[node] = Self.tensor(all[ranks[node][0]])
      }
    }
    isWhole = true
  }

  /// Gives every rank rank 0's factors and the errors of the rank's node: for each network a broadcast, and
  /// one for each node.
  func deal(over exchange: RankExchange) throws {
    for index in parts.indices {
      let factors = try exchange.broadcast(exchange.rank == 0 ? parts[index].factors.scalars : [])
      parts[index].factors = Tensor(factors, shape: [factors.count])
      for node in nodes.indices {
        let error = try exchange.broadcast(
          exchange.rank == 0 ? parts[index].errors[node]?.scalars ?? [] : [])
        parts[index].errors[node] = Self.tensor(error)
      }
    }
    isWhole = true
    keepOwn()
  }

  /// Forgets what other nodes hold.
  package func keepOwn() {
    guard nodes.count > 1 else { return }
    for index in parts.indices {
      for node in nodes.indices where node != own { parts[index].errors[node] = nil }
    }
    isWhole = false
  }

  /// Nil for nothing.
  private static func tensor(_ numbers: [Float]) -> Tensor? {
    numbers.isEmpty ? nil : Tensor(numbers, shape: [numbers.count])
  }

  // MARK: - Generations

  /// The tensors of a generation: of each network `factor.NETWORK.PARAMETER`, Qᵀ, `[r, m]`, then of each node
  /// `error.NODE.NETWORK.PARAMETER` in the shape of the parameter.
  /// - Precondition: the errors were gathered.
  var tensors: [NamedTensor] {
    precondition(isWhole, "the errors of all nodes were gathered")
    return parts.flatMap { part in
      zip(Self.factors(of: part), part.plan.matrices).map { line, matrix in
        NamedTensor(
          line.name, Tensor(viewOf: part.factors, from: matrix.factors.lowerBound, shape: line.shape))
      }
        + part.errors.enumerated().flatMap { node, error in
          zip(Self.errors(of: part, node: node), part.plan.matrices).map { line, matrix in
            NamedTensor(
              line.name,
              error.map { Tensor(viewOf: $0, from: matrix.errors.lowerBound, shape: line.shape) }
                ?? Tensor(repeating: 0, shape: line.shape))
          }
        }
    }
  }

  private static func factors(of part: Part) -> [(name: String, shape: Shape)] {
    zip(part.parameters, part.plan.matrices).map { parameter, matrix in
      ("factor.\(part.name).\(parameter.name)", [part.plan.rank, matrix.columns])
    }
  }

  private static func errors(of part: Part, node: Int) -> [(name: String, shape: Shape)] {
    part.parameters.map { ("error.\(node).\(part.name).\($0.name)", $0.shape) }
  }

  /// The nodes for a manifest: behind the last micro-batch of each.
  var counters: [String: StateValue] {
    var counters: [String: StateValue] = [Self.counterName: .integer(nodes.count)]
    for (index, node) in nodes.enumerated() {
      counters["\(Self.counterName).\(index)"] = .integer(node.upperBound)
    }
    return counters
  }

  /// The nodes of a manifest; nil if they do not share out just these micro-batches.
  private func nodes(in state: [String: StateValue]) -> [Range<Int>]? {
    let microBatches = nodes[nodes.count - 1].upperBound
    guard let count = state[Self.counterName]?.integer, 1...microBatches ~= count else { return nil }
    var nodes: [Range<Int>] = []
    for index in 0..<count {
      let start = nodes.last?.upperBound ?? 0
      guard let end = state["\(Self.counterName).\(index)"]?.integer, start < end, end <= microBatches else {
        return nil
      }
      nodes.append(start..<end)
    }
    return nodes.last?.upperBound == microBatches ? nodes : nil
  }

  /// Adds everything to a hash.
  /// - Precondition: the errors were gathered.
  func hash(into hash: borrowing SHA256) {
    hash.update("powersgd \(nodes.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: " "))\n")
    for case let tensor? in tensors.map(\.tensor) { hash.update(tensor) }
  }

  /// Reads what a generation holds.
  /// - Throws: `CheckpointError` of kind `otherModel` or `damaged`.
  func content(of generation: LoadedGeneration) throws -> Content {
    guard let nodes = nodes(in: generation.manifest.info.state) else {
      throw CheckpointError(
        .damaged, "the manifest does not tell which nodes the errors of the gradients belong to",
        path: generation.path)
    }
    var next = try generation.tensors(
      parts.flatMap { part in
        Self.factors(of: part) + nodes.indices.flatMap { Self.errors(of: part, node: $0) }
      }, in: Self.fileName)[...]
    func flat(_ count: Int) -> Tensor {
      defer { next = next.dropFirst(count) }
      return Tensor.concatenated(next.prefix(count).map { $0.reshaped([$0.count]) })
    }
    var (factors, errors): ([Tensor], [[Tensor?]]) = ([], [])
    for part in parts {
      let count = part.parameters.count
      factors.append(count == 0 ? part.factors : flat(count))
      errors.append(
        nodes.map { _ in
          guard count > 0 else { return nil }
          let error = flat(count)
          // Of a single node there is an error only until its next turn.
          return nodes.count == 1 && error.scalars.allSatisfy { $0 == 0 } ? nil : error
        })
    }
    return Content(factors: factors, errors: errors, nodes: nodes)
  }

  /// Takes what was read: on the nodes that it was written by the errors of each, on others all of them for
  /// the first.
  func take(_ content: Content) {
    let isSame = content.nodes == nodes
    for index in parts.indices {
      parts[index].factors = content.factors[index]
      let errors = content.errors[index]
      parts[index].errors =
        isSame ? errors : [Self.total(errors)] + Array(repeating: nil, count: nodes.count - 1)
    }
    isWhole = true
    guard !isSame else { return note = nil }
    let count = content.nodes.count
    note =
      "the checkpoint is of \(count == 1 ? "1 node" : "\(count) nodes"); what was left to be sent "
      + (nodes.count == 1 ? "is added to the next sums" : "goes to the first of the \(nodes.count) now")
  }
}

extension Options {
  /// What PowerSGD remembers before the first step; nil for a run without it.
  /// - Parameter nodes: the ranks of each node.
  func powerSGD(for model: any Model, _ plan: MicroBatchPlan, nodes: [[Int]]) -> PowerSGDState? {
    wire == .powersgd
      ? PowerSGDState(model: model, rank: powerSGD.rank, seed: seed, plan: plan, ranksOfNodes: nodes) : nil
  }

  /// How gradients travel, for people.
  var wireText: String {
    wire == .powersgd ? "\(wire.rawValue) of rank \(powerSGD.rank)" : wire.rawValue
  }
}
