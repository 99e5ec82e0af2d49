import Autograd
package import Checkpoints
package import Models
package import Networks
import Platform
import TensorCore

/// Everything of a run that changes as it trains, as the files of a generation and back.
///
/// | file | tensors |
/// |---|---|
/// | one a network: `generator`, `discriminator` | parameters, then buffers, under their state_dict names |
/// | `ema` | the averaged networks in the same form: one as the difference to it, several in byte planes |
/// | `optimizer` | `network.moment.parameter`, such as `generator.mean.main.0.weight`, in byte planes |
/// | `replay` | `samples` and `classes` of past fakes, for a model that keeps some |
/// | `powersgd` | factors and errors of compressed gradients, in byte planes, for a run that compresses them |
package final class RunState {
  /// The networks.
  package let model: any Model
  /// One state for each network.
  package var optimizers: [OptimizerState]
  /// The best generation so far; what training does next does not depend on it.
  package var best: BestGeneration?
  /// Whether the run still gets better; nil for a run that does not end for it.
  package var convergence: Convergence?
  /// What the scheduler remembers; nil for a run without one.
  package var game: GameState?
  /// Turns that were left out; nil for a run that leaves none out.
  package var skipped: SkippedTurns?
  /// The last values of statistics that not every turn computes, by key: what is reported until the next. What
  /// training does next does not depend on them, and those of rank 0 alone are told.
  var lazyStatistics: [String: Float] = [:]
  /// Which part of its networks' updates this rank makes, where ranks of a node share their state; nil if it
  /// makes all.
  package internal(set) var share: NodeShare?
  /// What compressed gradients have left to be sent; nil for a run that compresses none.
  package var powerSGD: PowerSGDState?

  /// The state before the first step: parameters drawn from the seed, averages equal to them.
  package init(model: any Model, optimizers: [any Optimizer], seed: UInt64) {
    precondition(optimizers.count == model.networks.count, "one optimizer a network")
    self.model = model
    self.optimizers = zip(model.networks, optimizers).map { OptimizerState($1, count: $0.store.count) }
    drawParameters(seed: seed)
  }

  /// Begins anew, from the parameters of a seed.
  package func initialize(seed: UInt64) {
    model.replay?.clear()
    powerSGD?.reset()
    for index in optimizers.indices { optimizers[index].reset() }
    drawParameters(seed: seed)
  }

  private func drawParameters(seed: UInt64) {
    var ordinal = 0
    for network in model.networks {
      network.store.initialize(seed: seed, firstOrdinal: ordinal)
      ordinal += network.store.parameters.count
      network.settle()
      network.average?.copy(from: network.store)
    }
  }

  /// The tensors of a generation: views, valid until the next update. Updates that are pending are completed.
  package var files: [TensorFile] {
    model.networks.map { TensorFile(name: $0.name, tensors: tensors($0.store)) }
      + [
        TensorFile(name: "ema", tensors: averages, encoding: averageEncoding),
        TensorFile(name: "optimizer", tensors: moments, encoding: .planes),
      ]
      + (model.replay.map { [TensorFile(name: ReplayBuffer.fileName, tensors: $0.tensors)] } ?? [])
      + (powerSGD.map {
        [TensorFile(name: PowerSGDState.fileName, tensors: $0.tensors, encoding: .planes)]
      } ?? [])
  }

  /// The number of steps that each optimizer has taken and what controllers remember, for the manifest.
  package var counters: [String: StateValue] {
    var counters: [String: StateValue] = [:]
    for (network, optimizer) in zip(model.networks, optimizers) {
      counters[Self.counterName(network)] = .integer(optimizer.stepCount)
    }
    if let replay = model.replay { counters[ReplayBuffer.counterName] = .integer(replay.filled) }
    if let game { counters.merge(game.counters) { own, _ in own } }
    if let skipped { counters.merge(skipped.counters) { own, _ in own } }
    if let powerSGD { counters.merge(powerSGD.counters) { own, _ in own } }
    if let best { counters.merge(best.counters()) { own, _ in own } }
    if let convergence { counters.merge(convergence.counters) { own, _ in own } }
    for key in lazyKeys {
      if let value = lazyStatistics[key] { counters[Self.statisticName(key)] = .number(Double(value)) }
    }
    return counters
  }

  /// The step of the last generation that was saved after a good check; nil for a run that is not watched, or
  /// has none.
  package var refuge: Int? { game.flatMap { $0.watch.refuge < 0 ? nil : $0.watch.refuge } }

  /// SHA-256 of the float bytes of all networks: parameters, then buffers, in the model's order.
  package var weightsSHA256: String {
    SHA256.digest(of: model.networks.flatMap { [$0.store.flatValues, $0.store.flatBuffers] })
  }

  /// SHA-256 of everything that determines the rest of the run.
  /// - Parameters:
  ///   - step: the steps done.
  ///   - arithmetic: the options that the weights depend on, as canonical text.
  ///   - data: the fingerprint of the data.
  package func stateSHA256(step: Int, arithmetic: String, data: String) -> String {
    let hash = SHA256()
    hash.update("step \(step)\noptions \(arithmetic)\ndata \(data)\n")
    for (network, optimizer) in zip(model.networks, optimizers) {
      hash.update("network \(network.name) steps \(optimizer.stepCount)\n")
      hash.update(network.store.flatValues)
      hash.update(network.store.flatBuffers)
      for moment in optimizer.moments { hash.update(moment) }
      if let average = network.average {
        hash.update(average.flatValues)
        hash.update(average.flatBuffers)
      }
    }
    if let game { hash.update("game \(game.hashedText)\n") }
    if let skipped { hash.update("skipped \(skipped.hashedText)\n") }
    if let convergence { hash.update("convergence \(convergence.numbers.map(\.bitPattern))\n") }
    model.replay?.hash(into: hash)
    powerSGD?.hash(into: hash)
    return hash.digest()
  }

  /// Takes the state of a generation.
  /// - Throws: `CheckpointError` of kind `otherModel` if its tensors are not those of this model.
  package func restore(_ generation: LoadedGeneration) throws {
    let remembered = try take(generation, needsGame: game != nil)
    let state = generation.manifest.info.state
    if game != nil { game = remembered }
    skipped?.restore(state)
    best = BestGeneration(state)
    convergence = Convergence(state)
    lazyStatistics = [:]
    for key in lazyKeys { lazyStatistics[key] = state[Self.statisticName(key)]?.number.map { Float($0) } }
  }

  /// Takes the state of another run's generation, to go on from it with other options or other data: what is
  /// counted over a run stays as it is before the first step.
  /// - Parameters:
  ///   - cursor: where the draws of a run that remembers this go on.
  ///   - keepsLead: whether the ratio of turns stays as it was, and what the next decision on it is made of.
  ///   - keepsAugmentation: whether the probability of augmentation does.
  /// - Throws: as ``restore(_:)``.
  package func restore(
    _ generation: LoadedGeneration, ofOtherRunBegunAt cursor: Schedule.Cursor, keepsLead: Bool,
    keepsAugmentation: Bool
  ) throws {
    let remembered = try take(generation, needsGame: false)
    guard let fresh = game else { return }
    var game = remembered ?? fresh
    if !keepsLead { (game.lead, game.window) = (fresh.lead, fresh.window) }
    if !keepsAugmentation { game.augment = fresh.augment }
    game.cursor = cursor
    game.watch = WatchState()
    game.watch.since = generation.manifest.info.step
    self.game = game
  }

  /// Takes what networks and optimizers are, past fakes and what compressed gradients have left; nothing of
  /// it if an error is thrown.
  /// - Returns: what the scheduler remembers.
  private func take(_ generation: LoadedGeneration, needsGame: Bool) throws -> GameState? {
    let stores = model.networks.map(\.store)
    let averagedStores = model.networks.compactMap(\.average)
    let networks = try Self.tensors(of: stores, in: generation)
    let averaged = try generation.tensors(Self.shapes(averagedStores), in: "ema")
    let moments = try generation.tensors(moments.map { ($0.name, $0.shape) }, in: "optimizer")
    let steps = try model.networks.map { try Self.counter(of: $0, in: generation) }
    let remembered = GameState(generation.manifest.info.state)
    guard !needsGame || remembered != nil else {
      throw CheckpointError(
        .damaged, "the manifest does not tell what the scheduler remembers", path: generation.path)
    }
    let compressed = try powerSGD?.content(of: generation)
    try model.replay?.restore(from: generation, classCount: model.classCount)
    if let compressed { powerSGD?.take(compressed) }
    Self.fill(stores, networks)
    Self.fill(averagedStores, averaged)
    var nextMoment = moments[...]
    for (index, network) in model.networks.enumerated() {
      let count = network.store.parameters.count
      optimizers[index].moments = optimizers[index].buffers.map { _ in
        defer { nextMoment = nextMoment.dropFirst(count) }
        return Self.flat(nextMoment.prefix(count))
      }
      optimizers[index].stepCount = steps[index]
    }
    return remembered
  }

  /// Checks that the networks are those that the generation's manifest was written for.
  /// - Throws: `CheckpointError` of kind `damaged`.
  package func verify(_ generation: LoadedGeneration) throws {
    let found = weightsSHA256
    guard found == generation.manifest.info.weightsSHA256 else {
      throw CheckpointError(
        .damaged,
        "the weights have SHA-256 \(found.prefix(16)), the manifest says "
          + "\(generation.manifest.info.weightsSHA256.prefix(16))",
        path: generation.path)
    }
  }

  private static func counter(of network: Network, in generation: LoadedGeneration) throws -> Int {
    let name = counterName(network)
    guard let steps = generation.manifest.info.state[name]?.integer,
      (0...GenerationInfo.lastStep).contains(steps)
    else {
      throw CheckpointError(
        .damaged, "the manifest has no number of steps called \(name)", path: generation.path)
    }
    return steps
  }

  /// Takes the networks of a generation only, without averages and optimizers.
  /// - Throws: `CheckpointError` of kind `otherModel`.
  static func restoreNetworks(of model: any Model, from generation: LoadedGeneration) throws {
    let stores = model.networks.map(\.store)
    fill(stores, try tensors(of: stores, in: generation))
  }

  /// Takes the averaged networks of a generation only, which is all that sampling needs.
  /// - Throws: `CheckpointError` of kind `otherModel`.
  static func restoreAverages(of model: any Model, from generation: LoadedGeneration) throws {
    let stores = model.networks.compactMap(\.average)
    fill(stores, try generation.tensors(shapes(stores), in: "ema"))
  }

  /// What a generation has of networks: of each the file of its name.
  private static func tensors(of stores: [ParameterStore], in generation: LoadedGeneration) throws -> [Tensor]
  {
    try stores.flatMap { try generation.tensors(shapes([$0]), in: $0.name) }
  }

  private static func shapes(_ stores: [ParameterStore]) -> [(name: String, shape: Shape)] {
    stores.flatMap { $0.stateDictionary.map { ($0.name, $0.value.shape) } }
  }

  /// The keys of statistics that not every turn computes, in the model's order.
  private var lazyKeys: [String] { model.phases.flatMap(\.statistics).filter(\.isLazy).map(\.key) }

  private static func statisticName(_ key: String) -> String { "statistic.\(key)" }

  private static func counterName(_ network: Network) -> String { "optimizer.\(network.name).steps" }

  private func tensors(_ store: ParameterStore) -> [NamedTensor] {
    store.stateDictionary.map { NamedTensor($0.name, $0.value) }
  }

  private var averages: [NamedTensor] {
    model.networks.compactMap(\.average).flatMap { tensors($0) }
  }

  /// An average is near its network, so that the difference has fewer digits.
  private var averageEncoding: TensorEncoding {
    let averaged = model.networks.filter { $0.average != nil }
    return averaged.count == 1 ? .difference(from: averaged[0].name) : .planes
  }

  private var moments: [NamedTensor] {
    zip(model.networks, optimizers).flatMap { network, optimizer in
      zip(optimizer.optimizer.momentNames, optimizer.moments).flatMap { moment, values in
        zip(network.store.parameterNames, network.store.parameters).map { name, parameter in
          NamedTensor(
            "\(network.name).\(moment).\(name)",
            Tensor(viewOf: values, from: parameter.range.lowerBound, shape: parameter.shape))
        }
      }
    }
  }

  /// Sets parameters and buffers, store by store, to values in that order.
  private static func fill(_ stores: [ParameterStore], _ values: [Tensor]) {
    var rest = values[...]
    for store in stores {
      for parameter in store.parameters { store.set(parameter, to: rest.removeFirst()) }
      for buffer in store.stateBuffers { store.set(buffer, to: rest.removeFirst()) }
    }
  }

  private static func flat(_ tensors: some Collection<Tensor>) -> Tensor {
    Tensor.concatenated(tensors.map { $0.reshaped([$0.count]) })
  }
}
