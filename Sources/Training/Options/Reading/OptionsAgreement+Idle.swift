import DataParallel
import Models
import Platform

/// Keys that change nothing beside others: a word of the command line that asks for what will not happen is
/// refused. A recipe, and the options of a run, may hold them.
extension OptionsResolution {
  /// Takes its value from a key that changes nothing beside others, where a value would not lie idle but
  /// contradict them: what an earlier source than the command line gives waits in that source.
  /// - Parameters:
  ///   - value: the value that asks for nothing; nil for a key that has none then.
  ///   - what: why it changes nothing.
  mutating func lapse(_ path: String, to value: OptionValue?, as what: String, _ advice: String) {
    guard let setting = settings[path], setting.value != value else { return }
    guard setting.layer < .commandLine else {
      report("\(path) is given, but \(what)", setting.origin, advice)
      return
    }
    if let value { derive(path, value) } else { drop(path) }
  }

  fileprivate struct Switch {
    /// The key that is off.
    let key: String
    /// The values at which it is.
    let off: [OptionValue]
    /// The keys that are idle then; of groups, which end in a dot, all but `others`.
    let idle: [String]
    var others: [String] = []
    let what: String
    let advice: String

    func turnsOff(_ path: String) -> Bool {
      idle.contains { $0.hasSuffix(".") ? path.hasPrefix($0) : path == $0 } && path != key
        && !others.contains(path)
    }
  }

  fileprivate static let switches: [Switch] = {
    let (loss, augment) = (AdversarialOptions.self, AugmentOptions.self)
    let kind = augment.kind.key.path
    let context = Pix2PixOptions.self
    let (condition, kernels) = (ConditionOptions.form.key.path, MinibatchOptions.kernels.key.path)
    let steering = [augment.target.key, augment.speed.key, augment.every.key, augment.limit.key].map(\.path)
    return [
      Switch(
        key: "watch.every", off: [.integer(0)], idle: ["watch."], others: ["watch.nonFinite", "watch.skips"],
        what: "nothing is watched", advice: "give watch.every too, such as watch.every=100"),
      Switch(
        key: "watch.policy", off: [WatchPolicy.warn, .stop].map(\.optionValue),
        idle: ["watch.attempts", "watch.rateFactor", "watch.noise"], what: "the run does not go back",
        advice: "give watch.policy=rewind too"),
      Switch(
        key: "watch.nonFinite", off: [NonFinitePolicy.stop.optionValue], idle: ["watch.skips"],
        what: "no update is left out", advice: "give watch.nonFinite=skip too"),
      Switch(
        key: "stop.patience", off: [.integer(0)], idle: ["stop.margin"],
        what: "the run does not end by what is measured",
        advice: "give stop.patience too, such as stop.patience=5"),
      Switch(
        key: "quality.every", off: [.integer(0)],
        idle: ["quality.metric", "stop.patience", "checkpoint.keepBest"],
        what: "quality is not measured", advice: "give quality.every too, such as quality.every=500"),
      Switch(
        key: "wire", off: [GradientWire.float32, .bfloat16].map(\.optionValue), idle: ["powersgd."],
        what: "gradients are not compressed", advice: "give wire=powersgd too"),
      Switch(
        key: "balance.every", off: [.integer(0)], idle: ["balance."], what: "no ratio of turns is decided on",
        advice: "give balance.every too, such as balance.every=100"),
      Switch(
        key: kind, off: [Augmentation.Kind.none.optionValue], idle: ["augment."],
        what: "nothing is augmented",
        advice: "give \(kind) too, such as \(kind)=ada"),
      Switch(
        key: kind, off: [Augmentation.Kind.diffaugment.optionValue], idle: steering,
        what: "the probability is steered by ada alone", advice: "remove it, or use \(kind)=ada"),
      Switch(
        key: DiffusionOptions.condition.key.path, off: [ConditionOptions.Form.none.optionValue],
        idle: [DiffusionOptions.guidance.key.path], what: "samples are not asked for by class",
        advice: "give \(DiffusionOptions.condition.key.path)=embedding too"),
      Switch(
        key: condition, off: [ConditionOptions.Form.none.optionValue],
        idle: [ConditionOptions.depth.key.path], what: "samples are not asked for by class",
        advice: "give \(condition) too, such as \(condition)=projection"),
      Switch(
        key: context.kind.key.path, off: [ContextRule.Kind.coarse, .grey, .pair].map(\.optionValue),
        idle: [context.hidden.key.path], what: "no places are hidden",
        advice: "remove it, or use \(context.kind.key.path)=box"),
      Switch(
        key: context.kind.key.path, off: [ContextRule.Kind.box, .piece, .grey, .pair].map(\.optionValue),
        idle: [context.factor.key.path], what: "there are no blocks",
        advice: "give \(context.kind.key.path)=coarse too"),
      Switch(
        key: context.kind.key.path, off: ContextRule.Kind.allCases.filter { $0 != .pair }.map(\.optionValue),
        idle: [context.shown.key.path], what: "there are no pairs",
        advice: "give \(context.kind.key.path)=pair too"),
      Switch(
        key: kernels, off: [.integer(0)], idle: [MinibatchOptions.kernelSize.key.path],
        what: "there are no kernels", advice: "give \(kernels) too, such as \(kernels)=16"),
      Switch(
        key: ReplayOptions.size.key.path, off: [.integer(0)], idle: [ReplayOptions.share.key.path],
        what: "no past fakes are kept", advice: "give \(ReplayOptions.size.key.path) too"),
      Switch(
        key: loss.r1Weight.key.path, off: [.number(0)], idle: ["r1."], what: "there is no such penalty",
        advice: "give \(loss.r1Weight.key.path) too"),
      Switch(
        key: loss.draganWeight.key.path, off: [.number(0)], idle: ["dragan."],
        what: "there is no such penalty",
        advice: "give \(loss.draganWeight.key.path) too"),
      Switch(
        key: loss.instanceNoise.key.path, off: [.number(0)], idle: [loss.instanceNoiseEnd.key.path],
        what: "there is no such noise", advice: "give \(loss.instanceNoise.key.path) too"),
    ]
  }()

  /// Refuses words for another update rule than a network's.
  private mutating func checkIdleRules() {
    for network in schema.family?.options.networks ?? [] {
      let group = "optimizer.\(network.network)"
      guard let kind = settings["\(group).kind"].map({ OptimizerKind($0.value) }) else { continue }
      var told = Set(kind.keys)
      for other in OptimizerKind.allCases {
        for key in other.keys where told.insert(key).inserted {
          let path = "\(group).\(key)"
          guard let setting = settings[path], setting.layer == .commandLine,
            let declared = schema.key(at: path), declared.fallback != .value(setting.value)
          else { continue }
          let readers = OptimizerKind.allCases.filter { $0.keys.contains(key) }.map(\.rawValue)
          report(
            "\(path) is given, but \(kind.name) has none", setting.origin,
            "remove it, or use \(group).kind=\(Prose.alternatives(readers))")
        }
      }
    }
  }

  /// Refuses words for what is switched off.
  mutating func checkIdle() {
    let noise = "watch.noise"
    if let setting = settings[noise], setting.layer == .commandLine, Double(setting.value) > 0,
      schema.family != nil, schema.key(at: AdversarialOptions.instanceNoise.key.path) == nil
    {
      report("\(noise) is given, but this model's samples get no noise", setting.origin, "remove it")
    }
    checkIdleRules()
    let networks = schema.family?.options.networks ?? []
    if let setting = settings["init.partial"], setting.layer == .commandLine, Bool(setting.value),
      let first = networks.first, networks.allSatisfy({ settings["init.\($0.network)"] == nil })
    {
      report(
        "init.partial is given, but no weights to begin with", setting.origin,
        "give init.\(first.network)=FILE too")
    }
    if settings["init.run"] != nil {
      for network in networks {
        guard let setting = settings["init.\(network.network)"] else { continue }
        report(
          "init.\(network.network) is given, but init.run has the whole state", setting.origin,
          "remove one of them")
      }
    }
    for key in schema.keys {
      guard let setting = settings[key.path], setting.layer == .commandLine, setting.value != key.neutral,
        key.fallback != .value(setting.value)
      else { continue }
      for gate in Self.switches where gate.turnsOff(key.path) {
        guard let switched = settings[gate.key], gate.off.contains(switched.value) else { continue }
        // Who switches it off in the same breath compares runs, and knows.
        if switched.layer == .commandLine, switched.value == schema.key(at: gate.key)?.neutral { continue }
        report("\(key.path) is given, but \(gate.what)", setting.origin, gate.advice)
        break
      }
    }
  }
}

extension Options {
  /// Whether the key changes nothing beside the others.
  func isIdle(_ path: String) -> Bool {
    let schema = OptionSchema(family: family)
    return OptionsResolution.switches.contains {
      guard $0.turnsOff(path), let value = schema.key(at: $0.key)?.read(self) else { return false }
      return $0.off.contains(value)
    }
  }
}
