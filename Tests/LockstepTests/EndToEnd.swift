import Testing

/// Tests of the program as people use it: the built executable, alone and under mpirun, in folders of its
/// own.
///
/// They run one after the other, because each may use all cores, and every process has a deadline. Where the
/// executable is not there they skip: `swift build -c release --product lockstep` makes it. What needs mpirun
/// skips without it.
@Suite("End to end", .serialized, .enabled(if: Lockstep.isBuilt, "lockstep is not built"))
enum EndToEnd {
  /// Narrow networks and a small batch: what the weights depend on.
  static let narrow = ["batch=16", "model.generatorFeatures=8", "model.discriminatorFeatures=8"]
  /// What they do not depend on: all steps logged, a checkpoint every third, two threads even on one rank.
  static func course(steps: Int = 12, threads: Int = 2) -> [String] {
    ["steps=\(steps)", "threads=\(threads)", "checkpoint.every=3", "log.every=1", "samples.count=4"]
  }
}
