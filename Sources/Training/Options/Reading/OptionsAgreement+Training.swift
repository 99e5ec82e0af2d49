import Networks
import Platform

extension Options {
  /// Checks the step sizes of a run whose length in steps has followed from its data.
  /// - Throws: ``OptionsError`` for one that has fallen to zero before the end.
  package func checkDecay(over steps: Int) throws(OptionsError) {
    for defaults in family.options.networks {
      let network = defaults.network
      guard let end = optimizer(of: network).decaySteps, end < steps else { continue }
      let path = "optimizer.\(network).decaySteps"
      throw OptionsError(
        .configuration,
        [
          OptionProblem(
            what: "the step size of the \(network) is zero from step \(end) on, the run has \(steps) steps",
            origin: .recipe(path), advice: "give fewer epochs, or \(Self.beginningAnew(path))")
        ])
    }
  }

  /// How to get what a run's own options rule out.
  fileprivate static func beginningAnew(_ path: String) -> String {
    "begin a run with a larger \(path), with the state of this one if need be (train --from)"
  }
}

/// How the keys of optimizers and losses go together.
extension OptionsResolution {
  /// A step size that falls needs an end. It is the length of the run as it begins: written out with the
  /// options, so that a resumed run of another length goes on with the same step sizes.
  mutating func checkDecay() {
    for network in schema.family?.options.networks ?? [] {
      let group = "optimizer.\(network.network)"
      guard let decay = settings["\(group).decay"] else { continue }
      let path = "\(group).decaySteps"
      if decay.value == LearningRateSchedule.Decay.none.optionValue {
        lapse(path, to: nil, as: "the step size does not fall", "give \(group).decay too")
      } else if let end = settings[path] {
        guard let steps = settings["steps"], Int(steps.value) > Int(end.value) else { continue }
        report(
          "the step size of the \(network.network) is zero from step \(Int(end.value)) on, the run has "
            + "\(Int(steps.value)) steps", steps.origin,
          "give steps=\(Int(end.value)), or \(Options.beginningAnew(path))")
      } else if let steps = settings["steps"] {
        derive(path, steps.value)
      } else if !refused.contains(path), !refused.contains("steps") {
        report("\(path) is missing", decay.origin, "give it, or the run's length in steps")
      }
    }
  }

  /// Only cross-entropies have labels, and Wasserstein's critic needs a bound.
  mutating func checkLoss() {
    guard let setting = settings[AdversarialOptions.loss.key.path] else { return }
    let loss = AdversarialLoss(setting.value)
    let smoothing = AdversarialOptions.labelSmoothing.key.path
    if !loss.usesLogits {
      lapse(
        smoothing, to: .number(0), as: "loss=\(loss.rawValue) does not compare probabilities with labels",
        "remove it, or use loss=nonSaturating")
    }
    let clip = AdversarialOptions.clip.key.path
    if loss == .wasserstein, let bound = settings[clip], bound.layer == .fallback {
      derive(clip, .number(0.01))
    }
  }
}
