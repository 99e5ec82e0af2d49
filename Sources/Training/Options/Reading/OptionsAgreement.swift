import Datasets
import Platform

extension OptionsResolution {
  /// Checks keys against one another. A key whose own value was refused is left out: its problem is reported
  /// already.
  mutating func checkAgreement() {
    checkLength()
    checkMicroBatches()
    checkSampleCount()
    checkStack()
    checkSpace()
    checkDecay()
    checkLoss()
    checkPacking()
    checkBalance()
    checkAugmentation()
    checkCondition()
    checkGroups()
    checkPoints()
    checkVolumes()
    checkReplay()
    checkContext()
    checkIdle()
  }

  /// Every image of a stack is a channel.
  private mutating func checkStack() {
    guard let stack = settings["dataset.stack"], Int(stack.value) > 1, let channels = settings["channels"],
      channels.value != stack.value, schema.family?.definition.modelsVolumes != true
    else { return }
    report(
      "\(Int(stack.value)) grey images do not make up \(Int(channels.value)) channels", stack.origin,
      "give channels=\(Int(stack.value))")
  }

  private mutating func checkLength() {
    let (first, second) = OptionSchema.alternatives
    let isKnown = [first, second].contains { settings[$0] != nil || refused.contains($0) }
    guard !isKnown else { return }
    report("neither \(first) nor \(second) is given", .recipe(label), "add \(first)=N or \(second)=N")
  }

  private mutating func checkMicroBatches() {
    guard let batch = settings["batch"], let parts = settings["microBatches"] else { return }
    let (samples, count) = (Int(batch.value), Int(parts.value))
    guard samples % count != 0 else { return }
    let below = samples / count * count
    let above = below + count
    let works = [below, above].filter { $0 > 0 && schema.key(at: "batch")?.type.accepts($0) == true }
    let divisors =
      sequence(first: count / 2) { $0 > 1 ? $0 / 2 : nil }.first { $0 > 0 && samples % $0 == 0 } ?? 1
    report(
      "batch \(samples) cannot be divided into \(count) micro-batches",
      batch.layer >= parts.layer ? batch.origin : parts.origin,
      "batch=\(Prose.alternatives(works.map(String.init))) would work, or microBatches=\(divisors)")
  }

  /// The number of samples is free for embedded data alone. A recipe's is passed over when the command line
  /// names other data; given beside them it is a contradiction.
  private mutating func checkSampleCount() {
    guard let data = settings["data"], DataSource(data.value).isPath,
      let count = settings["dataset.count"]
    else {
      return
    }
    if let stack = settings["dataset.stack"], Int(stack.value) > 1 {
      if count.layer == .fallback { derive("dataset.count", .integer(StackedImages.defaultCount)) }
      return
    }
    if count.layer >= data.layer && count.layer > .fallback {
      report(
        "dataset.count is given, but only embedded data have as many samples as one likes", count.origin,
        "remove it, or name embedded data such as data=pottery")
    }
    drop("dataset.count")
  }
}

extension OptionType {
  /// Whether an integer is a value of a key of this type.
  func accepts(_ value: Int) -> Bool {
    if case .success = self.value(of: WrittenValue(text: String(value), isQuoted: false)) { return true }
    return false
  }
}
