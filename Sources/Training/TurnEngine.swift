import Autograd
package import DataParallel
import MessagePassing
package import Models
package import Networks
import TensorCore

/// Takes turns: computes this rank's micro-batches, hands the partial sums to the communication thread, and updates
/// the trained network when the sum over all ranks is back.
///
/// With overlap a turn ends when its sums have been handed over. The update happens at the first read of one of the
/// network's parameters: so the generator's reduction runs behind the discriminator's pass over real images. Without
/// overlap the turn waits at its end. The bits are the same, because the same operations happen in the same order.
///
/// Communicated a turn: one header of 32 bytes a rank, then a reduce-scatter and an all-gather of the turn's vector
/// (gradient, moments, statistics).
package final class TurnEngine {
  /// Networks, averages and optimizers.
  package let state: RunState
  /// Which micro-batches this rank computes.
  package let plan: MicroBatchPlan
  /// The moving average of each network that has one.
  package let averages: [ExponentialMovingAverage?]
  /// The statistics of each phase's last turn, means over the global batch.
  package private(set) var statistics: [[Float]]
  /// The flags of all ranks at the last turn whose sum is back.
  package private(set) var flags: StatusFlags = []
  /// Seconds that the training thread has waited for sums.
  package private(set) var waited = 0.0

  /// Told when the training thread waits for a sum.
  package var board: ProgressBoard?

  /// Where it is kept how long what took.
  package var timeline: Timeline?

  /// The networks and phases.
  package var model: any Model { state.model }

  private struct Handed {
    let turn: Turn
    let moments: [BatchStatistics]
    let gradientCount: Int
    let sum: Pending<ReducedTurn>
  }

  private let learningRates: [LearningRateSchedule]
  private let communication: CommunicationThread
  private let overlap: Bool
  private var reducers: [Int: GradientReducer] = [:]
  private var turnsTaken: [Int: Int] = [:]
  private var handed: [Handed] = []
  private var failure: (any Error)?

  /// An engine that goes on from `state`.
  /// - Parameter learningRates: how each network's step size changes over the run; nil if none does.
  package init(
    state: RunState, plan: MicroBatchPlan, averageDecay: Float, learningRates: [LearningRateSchedule]? = nil,
    communication: CommunicationThread, overlap: Bool
  ) {
    self.state = state
    self.plan = plan
    self.communication = communication
    self.overlap = overlap
    self.learningRates = learningRates ?? state.model.networks.map { _ in .constant }
    averages = state.model.networks.map { network in
      network.average.map { ExponentialMovingAverage(in: $0, decay: averageDecay) }
    }
    statistics = state.model.phases.map { $0.statistics.map { _ in .nan } }
  }

  /// This rank's micro-batches, ascending, those together that are computed in one pass.
  package var passes: [Range<Int>] { plan.passes(ofAtMost: model.samplesPerPass) }

  /// Takes a turn on this rank's micro-batches, one after another or in ``passes``, in ascending order.
  /// - Parameter flags: what the other ranks should know by the time the sum is back.
  /// - Throws: `DivergenceError`, `CommunicationError` and ``TurnError``, also those of earlier turns.
  package func take(_ turn: Turn, on microBatches: [MicroBatch], flags: StatusFlags) throws {
    // Whatever can be computed while sums of other networks are on their way is computed first. When a sum arrives
    // changes the order of the work, never a bit of it.
    // The first turns of a phase compute as much of it as any later one may, the second while the other networks' sums are
    // held, so that memory is taken then or never.
    let isEarly = communication.size > 1 && turnsTaken[turn.phase.index, default: 0] < 2
    turnsTaken[turn.phase.index, default: 0] += 1
    var openings: [Int: TurnResult.Opening] = [:]
    for microBatch in microBatches where isEarly || isWaiting(beside: turn.phase) {
      let opening = timeline.span(
        "\(turn.phase.name) opening \(microBatch.index)", .computation, step: turn.step
      ) { TurnResult.Opening(of: turn.phase, in: model, on: microBatch) }
      guard let opening else { break }
      openings[microBatch.index] = opening
    }
    var moments: [BatchStatistics] = []
    var gradientCount = 0
    var reducer: GradientReducer?
    for microBatch in microBatches {
      let opening = openings.removeValue(forKey: microBatch.index)
      let result = timeline.span(
        "\(turn.phase.name) forward \(microBatch.index)", .computation, step: turn.step
      ) { TurnResult(of: turn.phase, in: model, on: microBatch, opening: opening) }
      if reducer == nil { reducer = self.reducer(for: turn.phase, count: result.count) }
      timeline.span("\(turn.phase.name) backward \(microBatch.index)", .computation, step: turn.step) {
        reducer?.add(microBatch.index..<microBatch.index + microBatch.parts) { result.write(to: $0) }
      }
      moments = result.moments
      gradientCount = result.gradientCount
    }
    guard let reducer else { preconditionFailure("every rank owns a micro-batch") }
    let header = LockstepHeader(
      step: turn.step, phase: turn.phase.index, elementCount: reducer.count, flags: flags)
    let sums = reducer.finish()
    let (timeline, phase, step) = (timeline, turn.phase.name, turn.step)
    let sum = communication.submit { communicator in
      let agreed = try timeline.span("\(phase) header", .communication, on: .communication, step: step) {
        try LockstepChecker.verify(header, over: communicator)
      }
      let failed = agreed.ranks(with: .failed)
      if !failed.isEmpty { throw CoordinationError.elsewhere(agreed.byRank[failed[0]].status) }
      let vector = try timeline.span(
        "\(phase) sum", .communication, on: .communication, step: step, bytes: 4 * header.elementCount
      ) { try sums.reduce(over: communicator) }
      return ReducedTurn(
        flags: agreed.union, vector: vector, fault: try Fault(of: vector, from: sums, over: communicator))
    }
    handed.append(Handed(turn: turn, moments: moments, gradientCount: gradientCount, sum: sum))
    model.networks[turn.phase.network].store.update { [unowned self] in self.settle(turn.phase) }
    if !overlap { settleAll() }
    if let failure { throw failure }
  }

  /// Completes all updates.
  /// - Throws: the first error of a turn whose sum was still on its way.
  package func synchronize() throws {
    settleAll()
    if let failure { throw failure }
  }

  /// Goes on after a sum that was not finite, which all ranks have seen at the same turn: turns that were handed over
  /// since are dropped. The state is to be replaced.
  package func recover() {
    settleAll()
    handed.removeAll()
    failure = nil
  }

  /// Tells the other ranks, in the place of the next turn, that this one cannot go on and ends with `status`.
  package func announceFailure(_ status: ExitStatus, at turn: Turn) {
    guard failure == nil else { return }
    let header = LockstepHeader(
      step: turn.step, phase: turn.phase.index, elementCount: 0, flags: .failed(status))
    _ = try? communication.submit { try LockstepChecker.verify(header, over: $0) }.wait()
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

  private func settleAll() {
    for network in model.networks { network.store.settle() }
  }

  /// Applies the sums that were handed over up to and including `phase`, in order.
  private func settle(_ phase: Phase) {
    guard let last = handed.lastIndex(where: { $0.turn.phase == phase }) else { return }
    let due = handed[...last]
    handed.removeSubrange(...last)
    for turn in due where failure == nil {
      do {
        let start = ContinuousClock.now
        board?.enter(.waiting)
        let (name, step) = (turn.turn.phase.name, turn.turn.step)
        let reduced = try timeline.span("wait for \(name) sum", .wait, step: step) { try turn.sum.wait() }
        board?.enter(.computing)
        waited += (ContinuousClock.now - start).seconds
        try timeline.span("\(name) update", .computation, step: step) { try apply(reduced, of: turn) }
      } catch {
        failure = error
      }
    }
  }

  private func apply(_ reduced: ReducedTurn, of turn: Handed) throws {
    flags = reduced.flags
    let scale = 1 / Float(plan.microBatches)
    let phase = turn.turn.phase
    let network = model.networks[phase.network]
    if let fault = reduced.fault {
      let position = network.store.parameters.firstIndex { $0.range.contains(fault.element) }
      throw TurnError.notFinite(
        network: network.name, step: turn.turn.step,
        place: position.map { network.store.parameterNames[$0] } ?? "its statistics", ranks: fault.ranks)
    }
    reduced.vector.withUnsafePointer { vector in
      TurnResult.updateRunningStatistics(turn.moments, from: vector + turn.gradientCount, scale: scale)
      update(phase.network, at: turn.turn.step, gradient: vector, scale: scale)
      network.afterUpdate?()
      let reported = vector + (reduced.vector.count - phase.statistics.count)
      statistics[phase.index] = phase.statistics.indices.map { reported[$0] * scale }
      state.game?.add(
        phase: phase.name, zip(phase.statistics.map(\.key), statistics[phase.index]).map { ($0, $1) },
        norm: Self.length(vector, count: turn.gradientCount) * Double(scale))
    }
  }

  /// The length of a gradient, the same bits on every rank.
  private static func length(_ vector: UnsafePointer<Float>, count: Int) -> Double {
    var sums = SIMD8<Double>(repeating: 0)
    var index = 0
    while index + 8 <= count {
      let part = SIMD8<Double>(
        UnsafeRawPointer(vector + index).loadUnaligned(as: SIMD8<Float>.self))
      sums += part * part
      index += 8
    }
    var sum = sums.sum()
    while index < count {
      sum += Double(vector[index]) * Double(vector[index])
      index += 1
    }
    return sum.squareRoot()
  }

  /// Moves a network's parameters and, in the same pass, their average; then cuts off what is beyond its bound.
  private func update(_ index: Int, at runStep: Int, gradient: UnsafePointer<Float>, scale: Float) {
    let store = model.networks[index].store
    let limit = model.networks[index].weightLimit
    let rate = learningRates[index].factor(at: runStep) * (state.game?.watch.rateFactor ?? 1)
    func step(_ average: MovingAverage?) {
      store.withValues { values in
        state.optimizers[index].step(
          values: values, gradient: gradient, gradientScale: scale, average: average, rate: rate)
        guard let limit else { return }
        for i in 0..<store.count { values[i] = max(-limit, min(limit, values[i])) }
      }
    }
    guard let average = averages[index] else { return step(nil) }
    average.follow(store, update: state.optimizers[index].stepCount + 1) { step($0) }
  }
}

/// What comes back for a turn: the sum over all micro-batches, and every rank's flags.
private struct ReducedTurn: Sendable {
  let flags: StatusFlags
  let vector: Tensor
  let fault: Fault?
}

/// What is wrong with a sum that is not finite.
private struct Fault: Sendable {
  /// The first such element.
  let element: Int
  /// The ranks whose own sums are not finite; none if only adding them made it so.
  let ranks: [Int]

  /// Asks all ranks, which all have the same sum: one all-gather, if it is not finite.
  init?(of vector: Tensor, from own: PartialSums, over communicator: any Communicator) throws {
    guard !vector.isFinite else { return nil }
    element = vector.withUnsafeBufferPointer { $0.firstIndex { !$0.isFinite } } ?? 0
    let places = try communicator.allGather(own.firstNonFinite ?? -1)
    ranks = places.indices.filter { places[$0] >= 0 }
  }
}

/// Why a turn ended the run.
public enum TurnError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The summed gradient of a network has a NaN or an infinity, on every rank alike.
  /// - Parameters:
  ///   - place: the first parameter that it is not finite for.
  ///   - ranks: on which it was so before it was summed; none if only the sum is.
  case notFinite(network: String, step: Int, place: String, ranks: [Int])

  /// One line: what, where; what to do next.
  public var description: String {
    switch self {
    case .notFinite(let network, let step, let place, let ranks):
      "the \(network)'s gradient is not finite at step \(step), first for \(place), "
        + (ranks.isEmpty ? "as a sum over all ranks" : "on \(WatchReport.list(ranks))") + "; "
        + "lower optimizer.\(network).learningRate and --resume from the last checkpoint"
    }
  }
}

extension StatusFlags {
  /// A rank cannot go on and will end with `status`, which travels in the upper half.
  static func failed(_ status: ExitStatus) -> StatusFlags {
    StatusFlags(rawValue: StatusFlags.failed.rawValue | UInt64(UInt32(bitPattern: status.rawValue)) << 32)
  }

  /// The code that a failed rank ends with.
  var status: ExitStatus { ExitStatus(rawValue: Int32(truncatingIfNeeded: rawValue >> 32)) ?? .unexpected }
}

extension Duration {
  /// The length in seconds.
  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
