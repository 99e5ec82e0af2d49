import Autograd
import Networks
import TensorCore

/// The two turns of a generator and a discriminator, whatever they are built from.
///
/// The discriminator's turn scores real samples and detached fakes in two passes, so that batch norm sees
/// each alone; the first needs no fakes, so it need not wait for the generator. Small networks see both in
/// one pass, as parts. If the generator's turn goes on with the same draw, it scores the same fakes with the
/// updated discriminator; otherwise it makes its own, and the discriminator's are not recorded.
struct AdversarialGame {
  /// What both play for.
  let objective: AdversarialObjective
  /// The discriminator's turn, then the generator's.
  let phases: [Phase]
  private let generator: ParameterStore
  private let discriminator: ParameterStore
  private let condition: ClassCondition?
  private let replay: ReplayBuffer?
  private let joinsTerms: Bool
  private let fakes: (MicroBatch, Tape) -> Variable
  private let judge: (Variable, [Int]) -> Judgement

  /// A game.
  /// - Parameters:
  ///   - networks: the generator, then the discriminator.
  ///   - condition: how both are told classes; nil if they are not.
  ///   - replay: past fakes that the discriminator sees among the new ones; nil for none.
  ///   - joinsTerms: whether the discriminator sees real samples and fakes in one pass where it has not begun
  ///     with the real ones: where there are no classes and no penalties.
  ///   - fakes: the generator's samples for a micro-batch, recorded if the tape watches the generator.
  ///   - judge: the discriminator, of samples and their classes.
  init(
    _ objective: AdversarialObjective, networks: [Network], condition: ClassCondition? = nil,
    replay: ReplayBuffer? = nil, joinsTerms: Bool = false, fakes: @escaping (MicroBatch, Tape) -> Variable,
    judge: @escaping (Variable, [Int]) -> Judgement
  ) {
    self.objective = objective
    generator = networks[0].store
    discriminator = networks[1].store
    self.condition = condition
    self.replay = replay
    self.joinsTerms = joinsTerms
    self.fakes = fakes
    self.judge = judge
    let accuracy =
      objective.loss.decisionThreshold == nil ? [] : [Statistic("d_accuracy", plot: "discriminator")]
    let penalty =
      objective.r1Weight > 0 ? [Statistic("r1", label: "R1", plot: "gradient penalty", isLazy: true)] : []
    let dragan =
      objective.draganWeight > 0
      ? [Statistic("dragan", label: "DRAGAN", plot: "gradient penalty", isLazy: true)] : []
    let sign = Self.reportsSigns(objective) ? [Statistic("sign_real")] : []
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
        ] + accuracy + (condition.map { ClassReward.statistics(of: $0) } ?? []) + penalty + dragan + sign),
      Phase(
        index: 1, name: "generator", network: 0,
        objective: ([objective.generatorText] + Self.texts(condition)).joined(separator: ", "),
        readsSamples: false,
        statistics: [Statistic("loss_g", label: "loss G", plot: "loss")]),
    ]
  }

  /// Whether the signs of real scores are reported, by which ADA steers: of a loss whose scores have a
  /// threshold.
  private static func reportsSigns(_ objective: AdversarialObjective) -> Bool {
    objective.augmentation?.kind == .ada && objective.loss.decisionThreshold != nil
  }

  /// The loss of a phase.
  func evaluate(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation {
    phase == phases[0] ? discriminatorLoss(microBatch) : generatorLoss(microBatch)
  }

  /// The discriminator's pass over real samples.
  func open(_ phase: Phase, on microBatch: MicroBatch) -> Variable? {
    guard phase == phases[0] else { return nil }
    let pass = realPass(microBatch)
    microBatch.opening = pass.values
    return pass.loss
  }

  /// The loss on real samples with the penalties at them, and what of it is reported.
  private func realPass(_ microBatch: MicroBatch) -> (loss: Variable, values: [String: [Float]]) {
    let tape = microBatch.tape(watching: discriminator)
    let factor = objective.r1Factor(turn: microBatch.draw.batch)
    let samples = factor == nil ? tape.samples(microBatch.images) : tape.watch(microBatch.images)
    let classes = realClasses(microBatch)
    let judged = judge(seen(samples, .augmentation, .noiseOnReals, microBatch), classes)
    var (loss, values) = realTerm(judged.scores, microBatch)
    if let logits = judged.classes {
      let reward = ClassReward(logits: logits, classes: classes)
      values["class loss"] = microBatch.values(reward.loss)
      values["class right"] = [reward.accuracy]
      loss = loss + reward.loss
    }
    if let factor {
      let penalty = zeroCentredPenalty(scores: judged.scores, at: samples)
      values["r1"] = microBatch.values(penalty)
      loss = loss + penalty * factor
    }
    if let factor = objective.draganFactor(turn: microBatch.draw.batch) {
      let penalty = perturbedPenalty(microBatch, on: tape)
      values["dragan"] = microBatch.values(penalty)
      loss = loss + penalty * factor
    }
    return (loss, values)
  }

  /// The loss of scores of real samples, and what of it is reported.
  private func realTerm(
    _ scores: Variable, _ microBatch: MicroBatch
  ) -> (loss: Variable, values: [String: [Float]]) {
    let loss = objective.loss.real(scores, smoothing: objective.labelSmoothing)
    var values = ["loss": microBatch.values(loss), "level": level(scores, microBatch)]
    if let threshold = objective.loss.decisionThreshold {
      values["above"] = share(of: scores, microBatch) { $0 > threshold }
      values["below"] = share(of: scores, microBatch) { $0 < threshold }
    }
    return (loss, values)
  }

  private func discriminatorLoss(_ microBatch: MicroBatch) -> Evaluation {
    let opening = microBatch.opening
    microBatch.opening = nil
    var pass = opening == nil && !joinsTerms ? realPass(microBatch) : nil
    let made =
      microBatch.draw.isShared ? recordedFakes(microBatch) : fakes(microBatch, Tape(parts: microBatch.parts))
    microBatch.carried = microBatch.draw.isShared ? made : nil
    let tape = microBatch.tape(watching: discriminator)
    let asked = fakeClasses(microBatch)
    let (shown, classes) = replay?.mixing(made.value, classes: asked, microBatch) ?? (made.value, asked)
    let seenFakes = seen(tape.samples(shown), .augmentationOfFakes, .noiseOnFakes, microBatch)
    let judged: Judgement
    let fake: Variable
    if opening == nil && joinsTerms {
      let seenReals = seen(tape.samples(microBatch.images), .augmentation, .noiseOnReals, microBatch)
      judged = judge(
        tape.samples(seenReals.value, alternatingWith: seenFakes.value.reshaped(seenReals.shape)), [])
      pass = realTerm(judged.scores.everyOtherPart(from: 0), microBatch)
      fake = judged.scores.everyOtherPart(from: 1)
    } else {
      judged = judge(seenFakes, classes)
      fake = judged.scores
    }
    let real = opening ?? pass!.values
    var loss = objective.loss.fake(fake)
    let (realLoss, fakeLoss) = (real["loss"]!, microBatch.values(loss))
    var statistics = [
      zip(realLoss, fakeLoss).map(+), realLoss, fakeLoss, real["level"]!, level(fake, microBatch),
    ]
    if let threshold = objective.loss.decisionThreshold {
      let below = share(of: fake, microBatch) { $0 < threshold }
      statistics.append(zip(real["above"]!, below).map { ($0 + $1) / 2 })
    }
    if let logits = judged.classes {
      let reward = ClassReward(logits: logits, classes: classes)
      statistics += [
        zip(real["class loss"]!, microBatch.values(reward.loss)).map(+), real["class right"]!,
        [reward.accuracy],
      ]
      loss = loss + reward.loss
    }
    let none = [Float](repeating: 0, count: microBatch.parts)
    if objective.r1Weight > 0 { statistics.append(real["r1"] ?? none) }
    if objective.draganWeight > 0 { statistics.append(real["dragan"] ?? none) }
    if Self.reportsSigns(objective) {
      statistics.append(zip(real["above"]!, real["below"]!).map(-))
    }
    return Evaluation(loss: pass.map { $0.loss + loss } ?? loss, statistics: statistics)
  }

  private func generatorLoss(_ microBatch: MicroBatch) -> Evaluation {
    let made = microBatch.carried ?? recordedFakes(microBatch)
    microBatch.carried = nil
    let asked = fakeClasses(microBatch)
    let judged = judge(seen(made, .augmentationOfGenerated, .noiseOnGenerated, microBatch), asked)
    let loss = objective.loss.generator(judged.scores)
    let reward = judged.classes.map { crossEntropy(logits: $0, classes: asked) }
    return Evaluation(loss: reward.map { loss + $0 } ?? loss, statistics: [microBatch.values(loss)])
  }

  /// The classes of real samples, where the networks are told any.
  private func realClasses(_ microBatch: MicroBatch) -> [Int] {
    condition == nil ? [] : microBatch.labels.map(Int.init)
  }

  /// The classes that fakes are asked for by.
  private func fakeClasses(_ microBatch: MicroBatch) -> [Int] {
    microBatch.fakeClasses(of: condition?.classes ?? 0)
  }

  private func recordedFakes(_ microBatch: MicroBatch) -> Variable {
    fakes(microBatch, microBatch.tape(watching: generator))
  }

  /// How classes are told, for people.
  private static func texts(_ condition: ClassCondition?) -> [String] {
    condition.map { ["\($0.classes) classes by \($0.form.rawValue)"] } ?? []
  }

  /// The mean score of each part: as a probability, if it is one.
  private func level(_ scores: Variable, _ microBatch: MicroBatch) -> [Float] {
    let level = objective.loss.usesLogits ? scores.value.sigmoid() : scores.value
    return microBatch.forEachPart(of: level) { $0.mean().scalar }
  }

  /// The share of each part's scores that `isRight` holds for.
  private func share(
    of scores: Variable, _ microBatch: MicroBatch, _ isRight: (Float) -> Bool
  ) -> [Float] {
    microBatch.forEachPart(of: scores.value) { scores in
      scores.withUnsafeBufferPointer { Float($0.count { isRight($0) }) / Float($0.count) }
    }
  }

  /// DRAGAN's penalty at this micro-batch's real samples, on D's own tape.
  private func perturbedPenalty(_ microBatch: MicroBatch, on tape: Tape) -> Variable {
    let images = microBatch.images
    let unit = noise(of: 1, .perturbation, microBatch, images.shape)
    let parts = microBatch.parts
    let perturbation = Tensor(stacking: parts) { part in
      unit.part(part, of: parts).multiplied(
        by: objective.draganDeviation * images.part(part, of: parts).standardDeviation)
    }
    let points = tape.watch(images + perturbation.reshaped(images.shape))
    // Samples that are not part of the data do not move running statistics.
    let observed = tape.takeStatistics()
    let seen = seen(points, .augmentationOfPoints, .noiseOnPoints, microBatch)
    let penalty = gradientPenalty(
      scores: judge(seen, realClasses(microBatch)).scores, at: points)
    _ = tape.takeStatistics()
    observed.forEach(tape.collect)
    return penalty
  }

  /// What the discriminator sees of samples: augmented, then with noise.
  private func seen(
    _ samples: Variable, _ augmentation: KeyedNoise.Purpose, _ noise: KeyedNoise.Purpose,
    _ microBatch: MicroBatch
  ) -> Variable {
    let changed = objective.augmentation?(samples, augmentation, microBatch) ?? samples
    let deviation = objective.noiseDeviation(at: microBatch.draw.step) + microBatch.addedNoise
    guard deviation > 0 else { return changed }
    return changed + changed.constant(self.noise(of: deviation, noise, microBatch, changed.shape))
  }

  private func noise(
    of deviation: Float, _ purpose: KeyedNoise.Purpose, _ microBatch: MicroBatch, _ shape: Shape
  ) -> Tensor {
    microBatch.noise(for: purpose, length: shape.count / shape[0]).reshaped(shape).multiplied(by: deviation)
  }
}
