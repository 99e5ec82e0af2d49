import Networks
import TensorCore
import Testing

@Suite("Step sizes over a run")
struct LearningRateScheduleTests {
  @Test("a constant rate is exactly 1 at every step")
  func constant() {
    for step in [0, 1, 1_000_000] { #expect(LearningRateSchedule.constant.factor(at: step) == 1) }
  }

  @Test("a warm-up rises on a straight line to exactly 1 in its last step")
  func warmup() {
    let schedule = LearningRateSchedule(warmup: 4)
    #expect((0..<6).map { schedule.factor(at: $0) } == [0.25, 0.5, 0.75, 1, 1, 1])
  }

  @Test("linear and cosine decay go from 1 to 0, and stay there")
  func decay() {
    let linear = LearningRateSchedule(decay: .linear, decaySteps: 8)
    #expect([0, 2, 4, 8, 9].map { linear.factor(at: $0) } == [1, 0.75, 0.5, 0, 0])
    let cosine = LearningRateSchedule(decay: .cosine, decaySteps: 8)
    for (step, expected) in [(0, 1), (2, 0.853553), (4, 0.5), (6, 0.146447), (8, 0), (20, 0)] {
      #expect(abs(cosine.factor(at: step) - expected) < 1e-6)
    }
  }

  @Test("warm-up and decay multiply")
  func both() {
    let schedule = LearningRateSchedule(warmup: 4, decay: .linear, decaySteps: 8)
    #expect(schedule.factor(at: 2) == 0.75 * 0.75)
  }

  @Test("an optimizer's step is as long as the rate says", arguments: [0.5, 0])
  func scaled(rate: Double) {
    let optimizers: [any Optimizer] = [
      SGD(learningRate: 0.1), RMSprop(learningRate: 0.1), Adam(learningRate: 0.1),
    ]
    for optimizer in optimizers {
      func moved(_ rate: Double) -> Float {
        var values: [Float] = [1]
        var state = OptimizerState(optimizer, count: 1)
        state.step(values: &values, gradient: [2], gradientScale: 1, rate: rate)
        return 1 - values[0]
      }
      #expect(abs(moved(rate) - Float(rate) * moved(1)) < 1e-6)
      #expect(moved(1) > 0)
    }
  }
}
