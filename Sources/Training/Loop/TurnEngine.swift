import Autograd
package import DataParallel
import MessagePassing
package import Models
package import Networks
package import Platform
import TensorCore

/// Takes turns: computes this rank's micro-batches, hands the partial sums to the communication thread, and
/// updates the trained network when the sum over all ranks is back.
///
/// With overlap a turn ends when its sums have been handed over. The update happens at the first read of one
/// of the network's parameters: so the generator's reduction runs behind the discriminator's pass over real
/// images. Without overlap the turn waits at its end. The bits are the same, because the same operations
/// happen in the same order.
///
/// Communicated a turn: its vector (gradient, moments, statistics) bucket by bucket, as ``TurnSum`` says. Of
/// these a bucket leaves as soon as the backward pass has completed it, and is waited for when a parameter in
/// it is read.
package final class TurnEngine {
  /// Networks, averages and optimizers.
  package let state: RunState
  /// Which micro-batches this rank computes.
  package let plan: MicroBatchPlan
  /// The moving average of each network that has one.
  package let averages: [ExponentialMovingAverage?]
  /// What the last turn of each phase reported.
  package private(set) var reports: [TurnReport]
  /// The flags of all ranks at the last turn whose sum is back.
  package private(set) var flags: StatusFlags = []
  /// Those of them that all ranks had set.
  private(set) var commonFlags: StatusFlags = []
  /// Seconds that the training thread has waited for sums.
  package private(set) var waited = 0.0

  /// Told when the training thread waits for a sum.
  package var board = ProgressBoard()

  /// Where it is kept how long what took.
  package var timeline: Timeline?

  /// The networks and phases.
  package var model: any Model { state.model }

  /// A turn whose sum is on its way, and the buckets that nothing has been moved by yet.
  private final class Handed {
    let turn: Turn
    let moments: [BatchStatistics]
    let gradientCount: Int
    let sum: TurnSum
    var left: Set<Int>
    var isApplied: Bool { left.isEmpty }

    init(_ turn: Turn, _ result: TurnResult, _ sum: TurnSum) {
      self.turn = turn
      moments = result.moments
      gradientCount = result.gradientCount
      self.sum = sum
      left = Set(sum.buckets.ranges.indices)
    }
  }

  private let update: NetworkUpdate
  private let bucketLength: Int
  private let communication: CommunicationThread
  private let overlap: Bool
  private let acrossNodes: Bool
  private let transport: TurnSum.Transport
  private var reducers: [Int: GradientReducer] = [:]
  private var bucketPlans: [Int: BucketPlan] = [:]
  private var turnsTaken: [Int: Int] = [:]
  private var handed: [Handed] = []
  private var failure: (any Error)?

  /// An engine that goes on from `state`.
  /// - Parameters:
  ///   - learningRates: how each network's step size changes over the run; nil if none does.
  ///   - acrossNodes: whether sums travel between nodes.
  ///   - transport: how they do, apart from what follows of a turn.
  ///   - keepsBalance: whether the state's game adds up what its balance is decided on.
  ///   - bucketLength: elements from which on a parameter begins a bucket of its own.
  package init(
    state: RunState, plan: MicroBatchPlan, averageDecay: Float, learningRates: [LearningRateSchedule]? = nil,
    communication: CommunicationThread, overlap: Bool, acrossNodes: Bool = false,
    transport: TurnSum.Transport = TurnSum.Transport(), keepsBalance: Bool = false,
    bucketLength: Int = BucketPlan.defaultLength
  ) {
    self.state = state
    self.plan = plan
    self.communication = communication
    self.overlap = overlap
    self.acrossNodes = acrossNodes
    self.transport = transport
    self.bucketLength = bucketLength
    averages = state.model.networks.map { network in
      network.average.map { ExponentialMovingAverage(in: $0, decay: averageDecay) }
    }
    update = NetworkUpdate(
      state: state, averages: averages,
      learningRates: learningRates ?? state.model.networks.map { _ in .constant },
      scale: 1 / Float(plan.microBatches), keepsBalance: keepsBalance)
    reports = state.model.phases.map { TurnReport(before: $0) }
  }

  /// This rank's micro-batches, ascending, those together that are computed in one pass.
  package var passes: [Range<Int>] {
    let samples = model.samplesPerPass(acrossNodes: acrossNodes)
    return plan.passes(ofAtMost: min(samples, MicroBatch.mostParts * plan.microBatchSize))
  }

  /// What a network's step size is multiplied by at a step of the run; nil where it never changes.
  func changingRate(of network: Int, at step: Int) -> Double? {
    update.changesRate(of: network) ? update.rateFactor(of: network, at: step) : nil
  }

  /// Takes a turn on this rank's micro-batches, one after another or in ``passes``, in ascending order.
  /// - Parameter flags: what the other ranks should know by the time the sum is back.
  /// - Throws: `DivergenceError`, `CommunicationError` and ``TurnError``, also those of earlier turns.
  package func take(_ turn: Turn, on microBatches: [MicroBatch], flags: StatusFlags) throws {
    var openings = openings(of: turn, on: microBatches)
    for microBatch in microBatches {
      let opening = openings.removeValue(forKey: microBatch.index)
      let result = timeline.span(.forward, of: turn.phase, microBatch.index, step: turn.step) {
        TurnResult(of: turn.phase, in: model, on: microBatch, opening: opening)
      }
      let reducer = reducer(for: turn.phase, count: result.count)
      timeline.span(.backward, of: turn.phase, microBatch.index, step: turn.step) {
        let pass = microBatch.index..<microBatch.index + microBatch.parts
        if pass.upperBound == plan.local.upperBound {
          handOver(turn, result, pass, reducer, flags: flags)
        } else {
          reducer.add(pass) { result.write(to: $0) }
        }
      }
    }
    model.networks[turn.phase.network].store.update { [unowned self] in self.settle(turn.phase, $0) }
    if !overlap { settleAll() }
    if let failure { throw failure }
  }

  /// What is computed of a turn while sums of other networks are on their way, by micro-batch. When a sum
  /// arrives changes the order of the work, never a bit of it.
  ///
  /// The first turns of a phase compute as much of it as any later one may, the second while the other
  /// networks' sums are held, so that memory is taken then or never. Where terms are computed together unless
  /// there is something to wait for, the first turn does so.
  private func openings(of turn: Turn, on microBatches: [MicroBatch]) -> [Int: TurnResult.Opening] {
    let taken = turnsTaken[turn.phase.index, default: 0]
    turnsTaken[turn.phase.index] = taken + 1
    let joinsTerms = model.joinsTerms(of: turn.phase)
    // Within a node there is too little to wait for to take terms apart that are computed faster together.
    guard acrossNodes || !joinsTerms else { return [:] }
    let isEarly = communication.size > 1 && (joinsTerms ? taken == 1 : taken < 2)
    // There one pass is behind all of a sum; each that is opened holds a gradient.
    let most = acrossNodes ? microBatches.count : 1
    var openings: [Int: TurnResult.Opening] = [:]
    for microBatch in microBatches.prefix(most) where isEarly || isWaiting(beside: turn.phase) {
      let opening = timeline.span(.opening, of: turn.phase, microBatch.index, step: turn.step) {
        TurnResult.Opening(of: turn.phase, in: model, on: microBatch)
      }
      guard let opening else { break }
      openings[microBatch.index] = opening
    }
    return openings
  }

  /// Computes the last pass backward, and hands the sums over as they become final: at once, or all at the
  /// end.
  private func handOver(
    _ turn: Turn, _ result: TurnResult, _ pass: Range<Int>, _ reducer: GradientReducer, flags: StatusFlags
  ) {
    let buckets = buckets(of: turn.phase, count: result.count)
    // What the network's last turn has left to be sent is known when that has been applied.
    if state.powerSGD != nil { model.networks[turn.phase.network].store.settle() }
    var transport = transport
    transport.exactFrom = result.gradientCount
    transport.isScattered = state.share != nil && !acrossNodes && !update.keepsBalance
    transport.compression = state.powerSGD?.sum(of: turn.phase.network)
    let sum = TurnSum(
      TurnSum.Place(step: turn.step, phase: turn.phase, flags: flags, timeline: timeline), in: buckets,
      of: plan, by: transport, move: move(in: turn))
    // One bucket is complete only at the end.
    let isEarly = overlap && buckets.ranges.count > 1
    if isEarly { communication.enqueue { sum.run(over: $0, after: $1) } }
    reducer.finish(with: pass, in: buckets) {
      result.write(to: $0, whenWritten: $1)
    } whenReady: {
      sum.hand($1, of: $0)
    }
    if !isEarly { communication.enqueue { sum.run(over: $0, after: $1) } }
    handed.append(Handed(turn, result, sum))
  }

  /// What this rank does of a turn's update, where the ranks of its node share parameters; nil where each
  /// makes all of it, when it reads them.
  private func move(in turn: Turn) -> TurnSum.Move? {
    guard let share = state.share else { return nil }
    let network = model.networks[turn.phase.network].store
    // An update of parameters that this turn did not read.
    network.settle()
    let step = update.nextStep(of: turn.phase.network, at: turn.step)
    let parameters = 0..<network.count
    return { bucket, sum, isAlone in
      step.move(share.part(of: bucket.clamped(to: parameters)), gradient: sum, isAlone: isAlone)
    }
  }

  /// Completes all updates.
  /// - Throws: the first error of a turn whose sum was still on its way.
  package func synchronize() throws {
    settleAll()
    if let failure { throw failure }
  }

  /// Forgets what all ranks had set at turns so far, of which no sum may be on its way.
  func forgetCommonFlags() {
    precondition(handed.isEmpty, "all turns are complete")
    commonFlags = []
  }

  /// Goes on after a sum that was not finite, which all ranks have seen at the same turn: turns that were
  /// handed over since are dropped. The state is to be replaced.
  package func recover() {
    settleAll()
    if state.share != nil {
      // No rank of the node moves parameters any more. Where communicating fails the next turn says so.
      board.during(.waiting) {
        _ = try? communication.submit { try $0.nodeMemory()?.synchronize() }.wait()
      }
    }
    handed.removeAll()
    failure = nil
  }

  /// Tells the other ranks, in the place of the next turn, that this one cannot go on and ends with `status`.
  package func announceFailure(_ status: ExitStatus, at turn: Turn) {
    guard failure == nil else { return }
    let header = LockstepHeader(
      step: turn.step, phase: turn.phase.index, elementCount: 0, flags: .failed(status))
    board.during(.waiting) {
      _ = try? communication.submit { try LockstepChecker.verify(header, over: $0) }.wait()
    }
  }

  /// Whether the report of a phase is of the last of `done` steps, in which a turn of it has not been left out
  /// or dropped; while a sum of it is on its way, that of the last turn before stands for it.
  func hasReport(of phase: Phase, after done: Int) -> Bool {
    reports[phase.index].step == done - 1 || handed.contains { $0.turn.phase == phase }
  }

  /// Whether sums of networks that `phase` does not train are on their way.
  private func isWaiting(beside phase: Phase) -> Bool {
    handed.contains { $0.turn.phase.network != phase.network && !$0.sum.isReady }
  }

  private func reducer(for phase: Phase, count: Int) -> GradientReducer {
    if let reducer = reducers[phase.index] {
      precondition(reducer.count == count, "a phase's vector has one length")
      return reducer
    }
    let reducer = GradientReducer(plan: plan, count: count)
    reducers[phase.index] = reducer
    return reducer
  }

  private func buckets(of phase: Phase, count: Int) -> BucketPlan {
    if let plan = bucketPlans[phase.index] { return plan }
    // A rank that is alone waits for nobody.
    let parameters =
      communication.size == 1 ? [] : model.networks[phase.network].store.parameters.map(\.range)
    let plan = BucketPlan(count: count, parameters: parameters, length: bucketLength)
    bucketPlans[phase.index] = plan
    return plan
  }

  private func settleAll() {
    for network in model.networks { network.store.settle() }
  }

  /// Applies the sums that were handed over before `phase`'s, in order, and of this what moves `elements`;
  /// all of it if they are nil.
  /// - Returns: whether nothing of it is left.
  private func settle(_ phase: Phase, _ elements: Range<Int>?) -> Bool {
    guard let last = handed.lastIndex(where: { $0.turn.phase == phase }) else { return true }
    let earlier = handed[..<last]
    handed.removeSubrange(..<last)
    for turn in earlier { _ = attempt { try apply(turn, to: nil) } }
    let turn = handed[0]
    guard attempt({ try apply(turn, to: elements) }), !turn.isApplied else {
      handed.removeFirst()
      return true
    }
    return false
  }

  /// - Returns: whether there has been no failure before or now.
  private func attempt(_ work: () throws -> Void) -> Bool {
    guard failure == nil else { return false }
    do {
      try work()
      return true
    } catch {
      failure = error
      return false
    }
  }

  /// Moves what is to be moved by a turn's sum and has not been; the rest follows when all parameters have
  /// been.
  private func apply(_ turn: Handed, to elements: Range<Int>?) throws {
    let network = turn.turn.phase.network
    let step = turn.turn.step
    let buckets = turn.sum.buckets
    let due = elements.flatMap { update.isDivisible(network) ? buckets.indices(of: $0) : nil }
    for bucket in due ?? buckets.ranges.indices where turn.left.contains(bucket) {
      guard let (vector, flags) = try wait(for: bucket, of: turn) else { return turn.left.removeAll() }
      if turn.left.count == buckets.ranges.count { update.begin(network) }
      timeline.span(.update, of: turn.turn.phase, bucket, step: step) {
        let parameters = buckets.ranges[bucket].clamped(to: 0..<turn.gradientCount)
        if state.share != nil { return update.noteMoved(parameters, of: network) }
        vector.withUnsafePointer { update.move(parameters, of: network, at: step, gradient: $0) }
      }
      turn.left.remove(bucket)
      guard turn.isApplied else { continue }
      state.skipped?.settle(network: network)
      state.powerSGD?.take(turn.sum.transport.compression, of: network)
      timeline.span(.update, of: turn.turn.phase, step: step) {
        note(flags)
        reports[turn.turn.phase.index] = update.finish(
          turn.turn, moments: turn.moments, gradientCount: turn.gradientCount, sum: vector)
      }
    }
  }

  private func note(_ flags: TurnSum.Flags) {
    (self.flags, commonFlags) = (flags.union, flags.intersection)
  }

  /// Waits for a bucket of a turn's sum.
  /// - Returns: nil if the sum is not finite and the turn is to be skipped for it, before anything is moved
  ///   by it.
  /// - Throws: ``TurnError`` if the sum is not finite and the turn is not to be skipped.
  private func wait(for bucket: Int, of turn: Handed) throws -> (vector: Tensor, flags: TurnSum.Flags)? {
    let (phase, step) = (turn.turn.phase, turn.turn.step)
    let start = ContinuousClock.now
    let (vector, flags, fault, moving) = try timeline.span(.wait, of: phase, bucket, step: step) {
      try board.during(.waiting) { try turn.sum.wait(for: bucket) }
    }
    waited += max(0, (ContinuousClock.now - start).seconds - moving)
    guard let fault else { return (vector, flags) }
    note(flags)
    let network = model.networks[phase.network]
    let position = network.store.parameters.firstIndex { $0.range.contains(fault.element) }
    let other = turn.moments.isEmpty ? "the loss" : "batch norm's moments or the loss"
    let error = TurnError(
      network: network.name, step: step,
      place: position.map { network.store.parameterNames[$0] } ?? other, ranks: fault.ranks)
    guard state.skipped?.skip(network: phase.network, because: error) == true else { throw error }
    if phase.readsSamples { model.replay?.takeBack() }
    return nil
  }
}
