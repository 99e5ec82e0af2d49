package import DataParallel
package import Platform

/// What does not fit into this machine, such as a model or a batch.
package struct MemoryError: ReportedError, Equatable, Sendable, CustomStringConvertible {
  /// What needs the memory, in the plural.
  private let what: String
  /// The options that need less memory with lower values.
  private let options: String
  /// Bytes that each rank needs at the least.
  package let needed: Double
  /// Bytes that each rank can have.
  package let available: Int

  package var exitStatus: ExitStatus { .configuration }

  /// One line: what, how much; what to do next.
  package var description: String {
    "\(what) need at least \(ByteCount.text(Int(min(needed, 1e18)))) a rank, which can have "
      + "\(ByteCount.text(available)) here; lower \(options), or use more nodes"
  }

  /// One line for an allocation of `bytes` that the system refuses.
  package static func exhausted(_ bytes: Int) -> String {
    "there is no memory for \(ByteCount.text(bytes)) more; \(advice)"
  }

  /// What to do where the system refuses memory.
  static let advice =
    "lower batch, samples.count, --count or the keys of model., use more nodes, or raise the limit (ulimit -v)"

  /// Checks that the networks of a model and their averages find room: all that making it takes.
  package static func checkMaking(_ options: Options) throws(MemoryError) {
    try check(8 * options.weightCount, ranksOnNode: 1)
  }

  /// Checks that a node's ranks find room, so that a misspelled size ends with one line and not with the
  /// kernel's out-of-memory killer.
  package static func check(_ options: Options, _ plan: MicroBatchPlan, ranksOnNode: Int) throws(MemoryError)
  {
    let samples = plan.local.count * plan.microBatchSize
    try check(
      options.bytesPerRank(samples: samples, acrossNodes: ranksOnNode < plan.worldSize),
      ranksOnNode: ranksOnNode)
  }

  /// Checks that each of a node's ranks finds room for `needed` bytes.
  /// - Parameters:
  ///   - what: what needs them, in the plural.
  ///   - options: those that need less with lower values.
  static func check(
    _ needed: Double, ranksOnNode: Int, of what: String = "the model and the batch",
    lower options: String = "batch, samples.count or the keys of model."
  ) throws(MemoryError) {
    guard let available = Memory.available(ranksOnNode: ranksOnNode) else { return }
    guard needed <= Double(available) else {
      throw MemoryError(what: what, options: options, needed: needed, available: available)
    }
  }
}
