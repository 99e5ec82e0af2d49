import Autograd
import Networks
import TensorCore

/// The two turns of a generator and a discriminator, whatever they are built from.
///
/// The discriminator's turn scores real samples and detached fakes in two passes, so that batch norm sees
/// each alone; the first needs no fakes, so it need not wait for the generator. Small networks see both in
/// one pass, as parts. If the generator's turn goes on with the same draw, it scores the same fakes with the
/// updated discriminator; otherwise it makes its own, and the discriminator's are made on a tape that is
/// thrown away with what norms saw on it. Either way the generator's running statistics move in its own turns
/// alone; ``WGANGP`` moves them in every turn of its critic too.
struct AdversarialGame {
  /// What the samples of a game complete.
  struct Contexts {
    /// How contexts are cut from real samples; the discriminator sees them in front of the channels of
    /// originals.
    let rule: ContextRule
    /// The weight of the mean absolute difference of fakes from the samples whose contexts they complete.
    let reconstructionWeight: Float

    /// What is added to the generator's loss, for people.
    var text: [String] {
      reconstructionWeight > 0 ? ["mean absolute difference of weight \(reconstructionWeight)"] : []
    }
  }

  /// What both play for.
  let objective: AdversarialObjective
  /// The discriminator's turn, then the generator's.
  let phases: [Phase]
  private let generator: ParameterStore
  private let discriminator: ParameterStore
  private let condition: ClassCondition?
  private let replay: ReplayBuffer?
  private let joinsTerms: Bool
  private let contexts: Contexts?
  private let report: DiscriminatorReport
  private let fakes: (MicroBatch, Tape) -> Variable
  private let judge: (Variable, [Int]) -> DiscriminatorOutput

  /// A game.
  /// - Parameters:
  ///   - networks: the generator, then the discriminator.
  ///   - condition: how both are told classes; nil if they are not.
  ///   - replay: past fakes that the discriminator sees among the new ones; nil for none.
  ///   - joinsTerms: whether the discriminator sees real samples and fakes in one pass where it has not begun
  ///     with the real ones: where there are no classes and no penalties.
  ///   - contexts: what samples complete; nil if they do not.
  ///   - fakes: the generator's samples for a micro-batch, recorded if the tape watches the generator; those
  ///     that complete contexts with these in front of their channels.
  ///   - judge: the discriminator, of samples and their classes.
  init(
    _ objective: AdversarialObjective, networks: [Network], condition: ClassCondition? = nil,
    replay: ReplayBuffer? = nil, joinsTerms: Bool = false, contexts: Contexts? = nil,
    fakes: @escaping (MicroBatch, Tape) -> Variable,
    judge: @escaping (Variable, [Int]) -> DiscriminatorOutput
  ) {
    self.objective = objective
    generator = networks[0].store
    discriminator = networks[1].store
    self.condition = condition
    self.replay = replay
    self.joinsTerms = joinsTerms
    self.contexts = contexts
    self.fakes = fakes
    self.judge = judge
    report = DiscriminatorReport(objective, condition)
    let classes = condition.map { ["\($0.classes) classes by \($0.form.rawValue)"] } ?? []
    phases = [
      Phase(
        index: 0, name: "discriminator", network: 1, role: .discriminator,
        objective: ([objective.discriminatorText] + classes + (replay.map { [$0.text] } ?? []))
          .joined(separator: ", "),
        statistics: report.statistics),
      Phase(
        index: 1, name: "generator", network: 0, role: .generator,
        objective: ([objective.generatorText] + classes + (contexts?.text ?? []))
          .joined(separator: ", "),
        readsSamples: contexts != nil,
        statistics: [.generatorLoss] + (contexts == nil ? [] : [.reconstruction])),
    ]
  }

  /// The loss of a phase.
  func evaluate(_ phase: Phase, on microBatch: MicroBatch, isOpened: Bool) -> Evaluation {
    guard phase.role == .discriminator else { return generatorLoss(microBatch) }
    return isOpened ? fakeTerm(microBatch) : joinedTerms(microBatch)
  }

  /// The discriminator's pass over real samples.
  func open(_ phase: Phase, on microBatch: MicroBatch) -> Evaluation? {
    phase.role == .discriminator ? realTerm(microBatch) : nil
  }

  /// Floating-point operations for one sample in a turn of `phase`. The discriminator's: two of its passes
  /// forward and back, what its penalties cost on average, and the generator's forward. The generator's: a
  /// pass of the discriminator forward and back to its input, and its own back, the fakes being those of the
  /// turn before. Less the input gradients that nobody needs: those of the first layers. A pack is judged once
  /// for all of its samples.
  /// - Parameters:
  ///   - making: of the generator's pass forward over a sample; of all its layers and of the first.
  ///   - judging: of the discriminator's over a pack, without what tells classes.
  ///   - telling: of what tells classes.
  ///   - packing: samples of a pack.
  func flopsPerSample(
    of phase: Phase, making: (all: Double, first: Double), judging: (all: Double, first: Double),
    telling: Double = 0, packing: Int = 1
  ) -> Double {
    let packs = 1 / Double(packing)
    if phase.role == .discriminator {
      let passes = 6 + objective.penaltyPasses
      return packs * (passes * judging.all + 6 * telling - 2 * judging.first) + making.all
    }
    return packs * 2 * (judging.all + telling) + 2 * making.all - making.first
  }

  /// The term of real samples, with the penalties at them.
  private func realTerm(_ microBatch: MicroBatch) -> Evaluation {
    let tape = microBatch.tape(watching: discriminator)
    let factor = objective.r1Factor(turn: microBatch.draw.turn)
    let images = originals(microBatch)
    let samples = factor == nil ? tape.samples(images) : tape.watch(images)
    let classes = realClasses(microBatch)
    let shown =
      contexts.map { tape.samples(microBatch.contexts(by: $0.rule)).appendingChannels(samples) } ?? samples
    let judged = judge(seen(shown, .augmentation, .noiseOnReals, microBatch), classes)
    var (loss, values) = term(realLoss(judged.scores), judged, classes, microBatch)
    if let factor {
      let penalty = zeroCentredPenalty(scores: judged.scores, at: samples)
      values.r1 = microBatch.values(penalty)
      loss = loss + penalty * factor
    }
    if let factor = objective.draganFactor(turn: microBatch.draw.turn) {
      let penalty = perturbedPenalty(microBatch, on: tape)
      values.dragan = microBatch.values(penalty)
      loss = loss + penalty * factor
    }
    return Evaluation(loss: loss, statistics: report.ofReals(values))
  }

  /// The term of fakes.
  private func fakeTerm(_ microBatch: MicroBatch) -> Evaluation {
    let (samples, classes) = shownFakes(microBatch)
    let judged = judge(samples, classes)
    let (loss, values) = term(objective.loss.fake(judged.scores), judged, classes, microBatch)
    return Evaluation(loss: loss, statistics: report.ofFakes(values))
  }

  /// Both terms of one pass, the parts of real samples and of fakes by turns.
  private func joinedTerms(_ microBatch: MicroBatch) -> Evaluation {
    precondition(joinsTerms, "terms that are not computed together begin with the one that is opened")
    let fakes = shownFakes(microBatch).samples
    let tape = microBatch.tape(watching: discriminator)
    let samples = seen(tape.samples(microBatch.images), .augmentation, .noiseOnReals, microBatch)
    let scores = judge(
      tape.samples(samples.value, alternatingWith: fakes.value.reshaped(samples.shape)), []
    ).scores
    let real = DiscriminatorOutput(scores: scores.everyOtherPart(from: 0), classes: nil)
    let fake = DiscriminatorOutput(scores: scores.everyOtherPart(from: 1), classes: nil)
    let realTerm = term(realLoss(real.scores), real, [], microBatch)
    let fakeTerm = term(objective.loss.fake(fake.scores), fake, [], microBatch)
    return Evaluation(loss: realTerm.loss, statistics: report.ofReals(realTerm.values))
      + Evaluation(loss: fakeTerm.loss, statistics: report.ofFakes(fakeTerm.values))
  }

  /// Fakes as the discriminator sees them, past ones among them, and the classes that they were asked for by.
  private func shownFakes(_ microBatch: MicroBatch) -> (samples: Variable, classes: [Int]) {
    let made =
      microBatch.draw.isShared ? recordedFakes(microBatch) : fakes(microBatch, Tape(parts: microBatch.parts))
    microBatch.leave(made)
    let asked = fakeClasses(microBatch)
    let (shown, classes) = replay?.mixing(made.value, classes: asked, microBatch) ?? (made.value, asked)
    let samples = microBatch.tape(watching: discriminator).samples(shown)
    return (seen(samples, .augmentationOfFakes, .noiseOnFakes, microBatch), classes)
  }

  private func realLoss(_ scores: Variable) -> Variable {
    objective.loss.real(scores, smoothing: objective.labelSmoothing)
  }

  /// A term: the loss of the scores, that of the classes where they are told, and what both report.
  private func term(
    _ loss: Variable, _ judged: DiscriminatorOutput, _ classes: [Int], _ microBatch: MicroBatch
  ) -> (loss: Variable, values: TermValues) {
    let scores = judged.scores
    let threshold = objective.loss.decisionThreshold
    var values = TermValues(
      loss: microBatch.values(loss), level: level(scores, microBatch),
      above: threshold.map { threshold in share(of: scores, microBatch) { $0 > threshold } } ?? [],
      below: threshold.map { threshold in share(of: scores, microBatch) { $0 < threshold } } ?? [])
    guard let logits = judged.classes else { return (loss, values) }
    let classLoss = AuxiliaryClassLoss(logits: logits, classes: classes)
    values.classLoss = microBatch.values(classLoss.loss)
    values.classesRight = [classLoss.accuracy]
    return (loss + classLoss.loss, values)
  }

  private func generatorLoss(_ microBatch: MicroBatch) -> Evaluation {
    let made = microBatch.takeLeft() ?? recordedFakes(microBatch)
    let asked = fakeClasses(microBatch)
    let judged = judge(seen(made, .augmentationOfGenerated, .noiseOnGenerated, microBatch), asked)
    let loss = objective.loss.generator(judged.scores)
    let classLoss = judged.classes.map { crossEntropy(logits: $0, classes: asked) }
    let sum = classLoss.map { loss + $0 } ?? loss
    guard let contexts else { return Evaluation(loss: sum, statistics: [microBatch.values(loss)]) }
    let error = reconstructionError(of: made, microBatch)
    return Evaluation(
      loss: contexts.reconstructionWeight > 0 ? sum + error * contexts.reconstructionWeight : sum,
      statistics: [loss, error].map(microBatch.values))
  }

  /// The mean absolute difference of completed samples, which stand behind their contexts, from real ones.
  private func reconstructionError(of made: Variable, _ microBatch: MicroBatch) -> Variable {
    let (channels, images) = (made.shape.channels, originals(microBatch))
    let completed = made.channels(channels - images.shape.channels..<channels)
    return (completed - made.tape.samples(images)).magnitude().mean()
  }

  /// The real samples that fakes are compared with.
  private func originals(_ microBatch: MicroBatch) -> Tensor {
    contexts?.rule.originals(of: microBatch.images) ?? microBatch.images
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
