package import DataParallel
package import Platform

/// A model or a batch that does not fit into this machine.
package struct MemoryError: ReportedError, Equatable, Sendable, CustomStringConvertible {
  /// Bytes that each rank needs at the least.
  package let needed: Double
  /// Bytes that each rank can have.
  package let available: Int

  package var exitStatus: ExitStatus { .configuration }

  /// One line: what, how much; what to do next.
  package var description: String {
    "the model and the batch need at least \(ByteCount.text(Int(min(needed, 1e18)))) a rank, which can have "
      + "\(ByteCount.text(available)) here; lower batch or the keys of model., or use more nodes"
  }

  /// One line for an allocation of `bytes` that the system refuses.
  package static func exhausted(_ bytes: Int) -> String {
    "there is no memory for \(ByteCount.text(bytes)) more; lower batch or the keys of model., use more nodes, or raise the "
      + "limit (ulimit -v)"
  }

  /// Checks that the networks of a model and their averages find room: all that making it takes.
  package static func checkMaking(_ options: Options) throws(MemoryError) {
    guard let available = Memory.available(ranksOnNode: 1) else { return }
    let needed = 8 * options.family.definition.weightCount(options)
    guard needed <= Double(available) else { throw MemoryError(needed: needed, available: available) }
  }

  /// Checks that a node's ranks find room, so that a misspelled size ends with one line and not with the
  /// kernel's out-of-memory killer.
  package static func check(_ options: Options, _ plan: MicroBatchPlan, ranksOnNode: Int) throws(MemoryError)
  {
    guard let available = Memory.available(ranksOnNode: ranksOnNode) else { return }
    let samples = plan.local.count * plan.microBatchSize
    let needed = options.family.bytesPerRank(
      options, samples: samples, acrossNodes: ranksOnNode < plan.worldSize)
    guard needed <= Double(available) else { throw MemoryError(needed: needed, available: available) }
  }
}
