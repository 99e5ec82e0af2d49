import Autograd
import Networks
import TensorCore

/// The two turns of a generator and a discriminator, whatever they are built from.
///
/// The discriminator's turn scores real samples and detached fakes in two passes, so that batch norm sees each alone;
/// the first needs no fakes, so it need not wait for the generator.
/// If the generator's turn goes on with the same draw, it scores the same fakes with the updated discriminator;
/// otherwise it makes its own, and the discriminator's are not recorded.
struct AdversarialGame {
  /// What both play for.
  let objective: AdversarialObjective
  /// The discriminator's turn, then the generator's.
  let phases: [Phase]
  private let generator: ParameterStore
  private let discriminator: ParameterStore
  private let fakes: (MicroBatch, Tape) -> Variable
  private let scores: (Variable) -> Variable

  /// A game.
  /// - Parameters:
  ///   - networks: the generator, then the discriminator.
  ///   - fakes: the generator's samples for a micro-batch, recorded if the tape watches the generator.
  ///   - scores: the discriminator.
  init(
    _ objective: AdversarialObjective, networks: [Network],
    fakes: @escaping (MicroBatch, Tape) -> Variable, scores: @escaping (Variable) -> Variable
  ) {
    self.objective = objective
    generator = networks[0].store
    discriminator = networks[1].store
    self.fakes = fakes
    self.scores = scores
    let accuracy =
      objective.loss.decisionThreshold == nil ? [] : [Statistic("d_accuracy", plot: "discriminator")]
    let penalty = objective.r1Weight > 0 ? [Statistic("r1", label: "R1", plot: "gradient penalty")] : []
    phases = [
      Phase(
        index: 0, name: "discriminator", network: 1, objective: objective.discriminatorText,
        statistics: [
          Statistic("loss_d", label: "loss D", plot: "loss"), Statistic("loss_d_real"),
          Statistic("loss_d_fake"),
          Statistic("d_x", label: "D(x)", plot: "discriminator"),
          Statistic("d_gz", label: "D(G(z))", plot: "discriminator"),
        ] + accuracy + penalty),
      Phase(
        index: 1, name: "generator", network: 0, objective: objective.generatorText, readsSamples: false,
        statistics: [Statistic("loss_g", label: "loss G", plot: "loss")]),
    ]
  }

  /// The loss of a phase.
  func evaluate(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation {
    phase == phases[0] ? discriminatorLoss(microBatch) : generatorLoss(microBatch)
  }

  /// The discriminator's pass over real samples.
  func open(_ phase: Phase, on microBatch: MicroBatch) -> Variable? {
    guard phase == phases[0] else { return nil }
    let (loss, statistics) = realPass(microBatch)
    microBatch.opening = statistics
    return loss
  }

  /// The loss on real samples and its penalty; loss, level, share that is right, penalty.
  private func realPass(_ microBatch: MicroBatch) -> (loss: Variable, statistics: [Float]) {
    let tape = microBatch.tape(watching: discriminator)
    let factor = objective.r1Factor(turn: microBatch.draw.batch)
    let seen = noisy(microBatch.images, .noiseOnReals, microBatch)
    let samples = factor == nil ? tape.constant(seen) : tape.watch(seen)
    let real = scores(samples)
    let loss = objective.loss.real(real, smoothing: objective.labelSmoothing)
    let right = objective.loss.decisionThreshold.map { threshold in share(of: real) { $0 > threshold } } ?? 0
    let statistics = [loss.value.scalar, level(real), right]
    guard let factor else { return (loss, statistics + [0]) }
    let penalty = zeroCentredPenalty(scores: real, at: samples)
    return (loss + penalty * factor, statistics + [penalty.value.scalar])
  }

  private func discriminatorLoss(_ microBatch: MicroBatch) -> Evaluation {
    let pass = microBatch.opening == nil ? realPass(microBatch) : nil
    let real = microBatch.opening ?? pass!.statistics
    microBatch.opening = nil
    let made = microBatch.draw.isShared ? recordedFakes(microBatch) : fakes(microBatch, Tape())
    microBatch.carried = microBatch.draw.isShared ? made : nil
    let tape = microBatch.tape(watching: discriminator)
    let fake = scores(tape.constant(noisy(made.value, .noiseOnFakes, microBatch)))
    let loss = objective.loss.fake(fake)
    let fakeLoss = loss.value.scalar
    var statistics = [real[0] + fakeLoss, real[0], fakeLoss, real[1], level(fake)]
    if let threshold = objective.loss.decisionThreshold {
      statistics.append((real[2] + share(of: fake) { $0 < threshold }) / 2)
    }
    if objective.r1Weight > 0 { statistics.append(real[3]) }
    return Evaluation(loss: pass.map { $0.loss + loss } ?? loss, statistics: statistics)
  }

  private func generatorLoss(_ microBatch: MicroBatch) -> Evaluation {
    var made = microBatch.carried ?? recordedFakes(microBatch)
    microBatch.carried = nil
    let deviation = noiseDeviation(microBatch)
    if deviation > 0 {
      made = made + made.constant(noise(of: deviation, .noiseOnGenerated, microBatch, made.shape))
    }
    let loss = objective.loss.generator(scores(made))
    return Evaluation(loss: loss, statistics: [loss.value.scalar])
  }

  private func recordedFakes(_ microBatch: MicroBatch) -> Variable {
    fakes(microBatch, microBatch.tape(watching: generator))
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
