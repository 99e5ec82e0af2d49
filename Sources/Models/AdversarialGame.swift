import Autograd
import Networks
import TensorCore

/// The two turns of a generator and a discriminator, whatever they are built from.
///
/// The discriminator's turn scores real samples and detached fakes in two passes, so that batch norm sees each alone.
/// If the generator's turn goes on with the same draw, it scores the same fakes with the updated discriminator;
/// otherwise it makes its own, and the discriminator's are not recorded.
struct AdversarialGame {
  /// What both play for.
  let objective: AdversarialObjective
  /// The discriminator's turn, then the generator's.
  let phases: [Phase]
  private let generator: ParameterStore
  private let discriminator: ParameterStore
  private let condition: ClassCondition?
  private let replay: ReplayBuffer?
  private let fakes: (MicroBatch, Tape) -> Variable
  private let judge: (Variable, [Int]) -> Judgement

  /// A game.
  /// - Parameters:
  ///   - networks: the generator, then the discriminator.
  ///   - condition: how both are told classes; nil if they are not.
  ///   - replay: past fakes that the discriminator sees among the new ones; nil for none.
  ///   - fakes: the generator's samples for a micro-batch, recorded if the tape watches the generator.
  ///   - judge: the discriminator, of samples and their classes.
  init(
    _ objective: AdversarialObjective, networks: [Network], condition: ClassCondition? = nil,
    replay: ReplayBuffer? = nil, fakes: @escaping (MicroBatch, Tape) -> Variable,
    judge: @escaping (Variable, [Int]) -> Judgement
  ) {
    self.objective = objective
    generator = networks[0].store
    discriminator = networks[1].store
    self.condition = condition
    self.replay = replay
    self.fakes = fakes
    self.judge = judge
    let accuracy =
      objective.loss.decisionThreshold == nil ? [] : [Statistic("d_accuracy", plot: "discriminator")]
    let penalty = objective.r1Weight > 0 ? [Statistic("r1", label: "R1", plot: "gradient penalty")] : []
    phases = [
      Phase(
        index: 0, name: "discriminator", network: 1,
        objective: ([objective.discriminatorText] + Self.texts(condition) + (replay.map { [$0.text] } ?? []))
          .joined(separator: ", "),
        statistics: [
          Statistic("loss_d", label: "loss D", plot: "loss"), Statistic("loss_d_real"),
          Statistic("loss_d_fake"),
          Statistic("d_x", label: "D(x)", plot: "discriminator"),
          Statistic("d_gz", label: "D(G(z))", plot: "discriminator"),
        ] + accuracy + (condition.map { ClassReward.statistics(of: $0) } ?? []) + penalty),
      Phase(
        index: 1, name: "generator", network: 0,
        objective: ([objective.generatorText] + Self.texts(condition)).joined(separator: ", "),
        readsSamples: false,
        statistics: [Statistic("loss_g", label: "loss G", plot: "loss")]),
    ]
  }

  /// The loss of a phase.
  func evaluate(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation {
    phase == phases[0] ? discriminatorLoss(microBatch) : generatorLoss(microBatch)
  }

  private func discriminatorLoss(_ microBatch: MicroBatch) -> Evaluation {
    let tape = microBatch.tape(watching: discriminator)
    let factor = objective.r1Factor(turn: microBatch.draw.batch)
    let seen = noisy(microBatch.images, .noiseOnReals, microBatch)
    let samples = factor == nil ? tape.constant(seen) : tape.watch(seen)
    let realClasses = condition == nil ? [] : microBatch.labels.map(Int.init)
    let judgedReal = judge(samples, realClasses)
    let real = judgedReal.scores
    let penalty = factor.map { _ in zeroCentredPenalty(scores: real, at: samples) }
    let made = microBatch.draw.isShared ? recordedFakes(microBatch) : fakes(microBatch, Tape())
    microBatch.carried = microBatch.draw.isShared ? made : nil
    let asked = microBatch.fakeClasses(of: condition?.classes ?? 0)
    let (shown, fakeClasses) = replay?.mixing(made.value, classes: asked, microBatch) ?? (made.value, asked)
    let judgedFake = judge(tape.constant(noisy(shown, .noiseOnFakes, microBatch)), fakeClasses)
    let fake = judgedFake.scores
    let realLoss = objective.loss.real(real, smoothing: objective.labelSmoothing)
    let fakeLoss = objective.loss.fake(fake)
    var loss = realLoss + fakeLoss
    var statistics = [
      loss.value.scalar, realLoss.value.scalar, fakeLoss.value.scalar, level(real), level(fake),
    ]
    if let threshold = objective.loss.decisionThreshold {
      statistics.append((share(of: real) { $0 > threshold } + share(of: fake) { $0 < threshold }) / 2)
    }
    if let real = judgedReal.classes, let fake = judgedFake.classes {
      let reward = ClassReward(real: (real, realClasses), fake: (fake, fakeClasses))
      statistics += reward.statistics
      loss = loss + reward.loss
    }
    if objective.r1Weight > 0 { statistics.append(penalty?.value.scalar ?? 0) }
    if let penalty, let factor { loss = loss + penalty * factor }
    return Evaluation(loss: loss, statistics: statistics)
  }

  private func generatorLoss(_ microBatch: MicroBatch) -> Evaluation {
    var made = microBatch.carried ?? recordedFakes(microBatch)
    microBatch.carried = nil
    let deviation = noiseDeviation(microBatch)
    if deviation > 0 {
      made = made + made.constant(noise(of: deviation, .noiseOnGenerated, microBatch, made.shape))
    }
    let asked = microBatch.fakeClasses(of: condition?.classes ?? 0)
    let judged = judge(made, asked)
    let loss = objective.loss.generator(judged.scores)
    let reward = judged.classes.map { crossEntropy(logits: $0, classes: asked) }
    return Evaluation(loss: reward.map { loss + $0 } ?? loss, statistics: [loss.value.scalar])
  }

  private func recordedFakes(_ microBatch: MicroBatch) -> Variable {
    fakes(microBatch, microBatch.tape(watching: generator))
  }

  /// How classes are told, for people.
  private static func texts(_ condition: ClassCondition?) -> [String] {
    condition.map { ["\($0.classes) classes by \($0.form.rawValue)"] } ?? []
  }

  /// The mean score: as a probability, if it is one.
  private func level(_ scores: Variable) -> Float {
    (objective.loss.usesLogits ? scores.value.sigmoid() : scores.value).mean().scalar
  }

  /// The share of scores that `isRight` holds for.
  private func share(of scores: Variable, _ isRight: (Float) -> Bool) -> Float {
    scores.value.withUnsafeBufferPointer { Float($0.count { isRight($0) }) / Float($0.count) }
  }

  private func noisy(_ samples: Tensor, _ purpose: KeyedNoise.Purpose, _ microBatch: MicroBatch) -> Tensor {
    let deviation = noiseDeviation(microBatch)
    guard deviation > 0 else { return samples }
    return samples + noise(of: deviation, purpose, microBatch, samples.shape)
  }

  private func noiseDeviation(_ microBatch: MicroBatch) -> Float {
    objective.noiseDeviation(at: microBatch.draw.step) + microBatch.addedNoise
  }

  private func noise(
    of deviation: Float, _ purpose: KeyedNoise.Purpose, _ microBatch: MicroBatch, _ shape: Shape
  ) -> Tensor {
    microBatch.noise(for: purpose, length: shape.count / shape[0]).reshaped(shape).multiplied(by: deviation)
  }
}
