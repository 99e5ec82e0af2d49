import Models
import TensorCore

/// The options of experience replay (Shrivastava et al. 2017).
enum ReplayOptions {
  /// Fakes that are kept.
  static let size = ModelOption(
    path: "replay.size", .integer(0...10_000_000), default: 0, unit: "samples",
    synonyms: ["buffer_size", "pool_size", "history"],
    help:
      "past fakes that are kept and shown again, a multiple of microBatches, within packs mixed; 0 for none")
  /// The share of fakes that are past ones.
  static let share = ModelOption(
    path: "replay.share", .number(.closed(0.001, 0.999)), default: 0.5,
    synonyms: ["replay_prob", "pool_prob"],
    help: "share of the fakes of a discriminator's turn that are past ones")

  static let keys = [size.key, share.key]
}

extension ReplayBuffer {
  /// The buffer that the options ask for; nil for none.
  convenience init?(_ options: Options) {
    let size = options.model[ReplayOptions.size]
    guard size > 0 else { return nil }
    self.init(
      size: size, microBatches: options.microBatches, share: Float(options.model[ReplayOptions.share]),
      sampleShape: options.sampleShape)
  }
}

extension Options {
  /// The least memory, in bytes, of past fakes on each rank: while a generation is saved it has those of all
  /// ranks, and a copy of them that is being written.
  var replayBytes: Double {
    guard let slots = model.value(of: ReplayOptions.size) else { return 0 }
    return 2 * 4 * Double(slots) * Double(sampleShape.count)
  }
}

extension OptionsResolution {
  /// Every micro-batch owns equally many slots, and replaces at least one fake.
  mutating func checkReplay() {
    guard let size = settings[ReplayOptions.size.key.path], Int(size.value) > 0,
      let share = settings[ReplayOptions.share.key.path], let batch = settings["batch"],
      let parts = settings["microBatches"]
    else { return }
    let count = Int(parts.value)
    if Int(size.value) % count != 0 {
      report(
        "\(Int(size.value)) past fakes cannot be shared by \(count) micro-batches", size.origin,
        "give a multiple, such as replay.size=\((Int(size.value) / count + 1) * count)")
    }
    let samples = Int(batch.value) / count
    let replaced = (Double(share.value) * Double(samples)).rounded()
    if replaced < 1 || replaced >= Double(samples) {
      report(
        "replay.share \(Double(share.value)) of a micro-batch of \(samples) samples is all or nothing",
        share.layer > size.layer ? share.origin : size.origin, "give a share between, or raise batch")
    }
  }
}
