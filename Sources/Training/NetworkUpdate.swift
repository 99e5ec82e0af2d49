import Autograd
import Models
import Networks
import TensorCore

/// What follows from the sum of a turn: the optimizer's step and the moving average, for any elements by themselves, then
/// whatever needs all of the sum.
struct NetworkUpdate {
  let state: RunState
  let averages: [ExponentialMovingAverage?]
  let learningRates: [LearningRateSchedule]
  /// What sums are multiplied by to be means.
  let scale: Float

  /// Whether parameters of a network can be updated while others are not.
  func isDivisible(_ index: Int) -> Bool { state.model.networks[index].afterUpdate == nil }

  /// Counts the step of a network's optimizer.
  func begin(_ index: Int) { state.optimizers[index].stepCount += 1 }

  /// Moves some of a network's parameters and, in the same pass, their average; then cuts off what is beyond its bound.
  /// - Parameter gradient: of all parameters.
  func move(_ elements: Range<Int>, of index: Int, at runStep: Int, gradient: UnsafePointer<Float>) {
    let network = state.model.networks[index]
    let rate = learningRates[index].factor(at: runStep) * (state.game?.watch.rateFactor ?? 1)
    let (start, count) = (elements.lowerBound, elements.count)
    let rule = state.optimizers[index].optimizer
    let steps = state.optimizers[index].stepCount
    let moments = state.optimizers[index].moments.indices.map { moment in
      state.optimizers[index].moments[moment].withUnsafeMutablePointer { $0 + start }
    }
    func step(_ average: MovingAverage?) {
      func move(_ values: UnsafeMutablePointer<Float>) {
        rule.step(
          values: values, gradient: gradient + start, gradientScale: scale, moments: moments,
          average: average.map { MovingAverage($0.values + start, share: $0.share) }, count: count,
          step: steps, rate: rate)
        guard let limit = network.weightLimit else { return }
        for i in 0..<count { values[i] = max(-limit, min(limit, values[i])) }
      }
      // What is derived from all parameters need not be gone through one by one.
      if count == network.store.count { return network.store.withValues(move) }
      network.store.withValues(in: elements, move)
    }
    guard let average = averages[index] else { return step(nil) }
    average.follow(network.store, update: steps) { step($0) }
  }

  /// Does what needs the whole sum, when all parameters have been moved.
  /// - Parameter last: the phase's statistics before: those that are lazy keep their values where the sum has none.
  /// - Returns: the phase's statistics.
  func finish(
    _ phase: Phase, moments: [BatchStatistics], gradientCount: Int, sum: Tensor, last: [Float]
  ) -> [Float] {
    let network = state.model.networks[phase.network]
    return sum.withUnsafePointer { vector in
      TurnResult.updateRunningStatistics(moments, from: vector + gradientCount, scale: scale)
      averages[phase.network]?.store.copyBuffers(from: network.store)
      network.afterUpdate?()
      let reported = vector + (sum.count - phase.statistics.count)
      let statistics = phase.statistics.indices.map {
        phase.statistics[$0].isLazy && reported[$0] == 0 ? last[$0] : reported[$0] * scale
      }
      state.game?.add(
        phase: phase.name, zip(phase.statistics.map(\.key), statistics).map { ($0, $1) },
        norm: Self.length(vector, count: gradientCount) * Double(scale))
      return statistics
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
}
