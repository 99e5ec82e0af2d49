import Autograd
import Models
import Networks
import TensorCore

/// What follows from the sum of a turn: the optimizer's step and the moving average, for any elements by
/// themselves, then whatever needs all of the sum.
struct NetworkUpdate {
  let state: RunState
  let averages: [ExponentialMovingAverage?]
  let learningRates: [LearningRateSchedule]
  /// What sums are multiplied by to be means.
  let scale: Float
  /// Whether the players' turns are balanced, which asks for the length of each gradient.
  let keepsBalance: Bool

  /// Whether parameters of a network can be updated while others are not.
  func isDivisible(_ index: Int) -> Bool { state.model.networks[index].afterUpdate == nil }

  /// What a network's step size is multiplied by at a step of the run: by its schedule and by the watch.
  func rateFactor(of index: Int, at runStep: Int) -> Double {
    learningRates[index].factor(at: runStep) * watchFactor
  }

  /// Whether a network's step size is not the one that its optimizer began with.
  func changesRate(of index: Int) -> Bool { learningRates[index] != .constant || watchFactor != 1 }

  private var watchFactor: Double { state.game?.watch.rateFactor ?? 1 }

  /// Counts the step of a network's optimizer.
  func begin(_ index: Int) { state.optimizers[index].stepCount += 1 }

  /// The next step of a network's optimizer, before it has been counted by ``begin(_:)``.
  func nextStep(of index: Int, at runStep: Int) -> UpdateStep {
    step(of: index, at: runStep, number: state.optimizers[index].stepCount + 1)
  }

  private func step(of index: Int, at runStep: Int, number: Int) -> UpdateStep {
    let network = state.model.networks[index]
    let optimizer = state.optimizers[index]
    return UpdateStep(
      rule: optimizer.optimizer, number: number,
      rate: rateFactor(of: index, at: runStep), scale: scale, weightLimit: network.weightLimit,
      storages: optimizer.buffers + [network.store.values, averages[index]?.store.values].compactMap { $0 },
      values: network.store.values.pointer,
      moments: optimizer.buffers.map(\.pointer), average: averages[index]?.following(update: number))
  }

  /// Moves some of a network's parameters and, in the same pass, their average; then cuts off what is beyond
  /// its bound.
  /// - Parameter gradient: of all parameters.
  func move(_ elements: Range<Int>, of index: Int, at runStep: Int, gradient: UnsafePointer<Float>) {
    step(of: index, at: runStep, number: state.optimizers[index].stepCount).move(elements, gradient: gradient)
    noteMoved(elements, of: index)
  }

  /// Has forms of some of a network's parameters, and of their average, made anew: they have been moved.
  func noteMoved(_ elements: Range<Int>, of index: Int) {
    let store = state.model.networks[index].store
    // What is derived from all parameters need not be gone through one by one.
    if elements.count == store.count {
      store.values.invalidateDerived()
    } else {
      store.values.invalidateDerived(in: elements)
    }
    averages[index]?.store.values.invalidateDerived()
  }

  /// Does what needs the whole sum, when all parameters have been moved.
  /// - Returns: what the turn reported; of lazy statistics that it did not compute, zero.
  func finish(_ turn: Turn, moments: [BatchStatistics], gradientCount: Int, sum: Tensor) -> TurnReport {
    let phase = turn.phase
    let network = state.model.networks[phase.network]
    return sum.withUnsafePointer { vector in
      TurnResult.updateRunningStatistics(moments, from: vector + gradientCount, scale: scale)
      averages[phase.network]?.store.copyBuffers(from: network.store)
      network.afterUpdate?()
      let sums = vector + (sum.count - phase.statistics.count)
      let report = TurnReport(
        phase: phase, step: turn.step, values: phase.statistics.indices.map { sums[$0] * scale })
      for (statistic, value) in zip(phase.statistics, report.values) where statistic.isLazy && value != 0 {
        state.lazyStatistics[statistic.key] = value
      }
      state.game?.add(
        report, norm: keepsBalance ? Self.length(vector, count: gradientCount) * Double(scale) : nil)
      return report
    }
  }

  /// The length of a gradient, the same bits on every rank.
  private static func length(_ vector: UnsafePointer<Float>, count: Int) -> Double {
    VectorSum.squaredLength(vector, count: count).squareRoot()
  }
}

/// One step of a network's optimizer and of its average, for any elements by themselves and on any thread,
/// while nobody else reads or writes these.
struct UpdateStep: @unchecked Sendable {
  fileprivate let rule: any Optimizer
  fileprivate let number: Int
  fileprivate let rate: Double
  fileprivate let scale: Float
  fileprivate let weightLimit: Float?
  /// What the pointers are into.
  fileprivate let storages: [TensorStorage]
  fileprivate let values: UnsafeMutablePointer<Float>
  fileprivate let moments: [UnsafeMutablePointer<Float>]
  fileprivate let average: MovingAverage?

  /// Moves some of the parameters.
  /// - Parameters:
  ///   - gradient: the sum for all parameters.
  ///   - isAlone: whether the compute threads are not to be asked for help, because they have other work.
  func move(_ elements: Range<Int>, gradient: UnsafePointer<Float>, isAlone: Bool = false) {
    let most = isAlone ? ComputeThreads.grain : elements.count
    for start in stride(from: elements.lowerBound, to: elements.upperBound, by: max(most, 1)) {
      let count = min(most, elements.upperBound - start)
      rule.step(
        values: values + start, gradient: gradient + start, gradientScale: scale,
        moments: moments.map { $0 + start },
        average: average.map { MovingAverage($0.values + start, share: $0.share) }, count: count,
        step: number,
        rate: rate)
      guard let limit = weightLimit else { continue }
      for i in start..<start + count {
        // What is not a number stays so.
        if values[i] > limit { values[i] = limit } else if values[i] < -limit { values[i] = -limit }
      }
    }
  }
}
