import Autograd
import DataParallel
import Glibc
import Models
import Platform
import Training

/// What a person asks for with `lockstep plan`.
package struct PlanRequest: Sendable {
  package var recipe: String
  package var words: [String] = []
  package var cluster: ClusterDescription
  /// The JSON of an earlier plan, whose calibration is taken.
  package var calibration: String?
  /// Processes that do the same while this one is timed; nil for ``defaultBeside``.
  package var beside: Int?

  /// One for each further slot of the node that has the most, or for each further core where slots are to be
  /// chosen, as far as there are so many cores here.
  package var defaultBeside: Int { min(Cores.usable, cluster.cores, cluster.slots?.max() ?? .max) - 1 }

  package init(recipe: String, cluster: ClusterDescription) {
    self.recipe = recipe
    self.cluster = cluster
  }

  /// Calibrates, unless that has been done, and plans.
  /// - Throws: `OptionsError`, `PlanError`, `MemoryError`; ``ClusterError``, also for compressed gradients
  ///   and for processes beside this one that have no room or end.
  package func plan() throws -> ExecutionPlan {
    let options = try resolved()
    let record = try calibration.map { try read($0, options) } ?? measure(options)
    return try ExecutionPlan(
      options, on: cluster, calibrations: record.calibrations, machine: record.machine)
  }

  private func resolved() throws -> Options {
    let options = try Options.resolve(recipe: recipe, overrides: words, readsData: false)
    guard options.wire != .powersgd else {
      throw ClusterError(
        "what wire=powersgd sends and computes is not predicted; plan with wire=float32 or wire=bfloat16")
    }
    try MemoryError.checkMaking(options)
    return options
  }

  private func read(_ path: String, _ options: Options) throws -> CalibrationRecord {
    guard let text = Files.text(path) else {
      throw ClusterError("the calibration \(path) cannot be read; check --calibration", isMissing: true)
    }
    guard let record = CalibrationRecord(planJSON: text) else {
      throw ClusterError("\(path) holds no calibration; write one with: lockstep plan … --json > FILE")
    }
    let model = options.makeModel()
    let isOfModel = record.calibrations.allSatisfy { calibration in
      calibration.phases.map(\.name) == model.phases.map(\.name)
        && zip(calibration.phases, model.phases).allSatisfy { cost, phase in
          // Gradients, and a little of moments and statistics.
          let gradients = Double(4 * model.networks[phase.network].store.count)
          return gradients...2 * gradients + 65_536 ~= cost.bytes
        }
    }
    guard isOfModel,
      record.calibrations[0].microBatches == options.microBatches
    else {
      throw ClusterError(
        "\(path) was measured with another recipe or other microBatches; measure again on the cluster: "
          + "lockstep plan \(recipe) … --json > FILE")
    }
    return record
  }

  private func measure(_ options: Options) throws -> CalibrationRecord {
    let cores = min(Cores.usable, cluster.cores)
    let beside = beside ?? defaultBeside
    if options.threads == .automatic || options.threads == .fixed(1) {
      try checkMemory(options, beside: beside)
    }
    // The cluster's own kind first; the other one for rows of one node beside rows of several.
    let isAcross = cluster.nodes > 1
    let kinds = try Calibration.dependsOnNodes(options) ? [isAcross, !isAcross] : [isAcross]
    func own(threads: Int, beside: Int) throws -> [Calibration] {
      try kinds.map { try Calibration(options, threads: threads, beside: beside, acrossNodes: $0) }
    }
    func single() throws -> [Calibration] {
      try with(beside: beside) {
        try own(threads: 1, beside: beside)
          + otherMicroBatches(options).map {
            try Calibration($0, threads: 1, beside: beside, acrossNodes: isAcross)
          }
      }
    }
    let all =
      switch options.threads {
      case .automatic: try single() + (cores > 1 ? own(threads: cores, beside: 0) : [])
      case .fixed(1): try single()
      case .fixed(let threads): try own(threads: threads, beside: 0)
      }
    return CalibrationRecord(all, .measured())
  }

  /// To try beside the recipe's own: half and twice as many, and enough for every core, as far as the batch
  /// and the other options allow.
  private func otherMicroBatches(_ options: Options) -> [Options] {
    let own = options.microBatches
    var cores = 1
    while cores < cluster.nodes * cluster.cores { cores *= 2 }
    return Set([own / 2, own * 2, cores]).subtracting([0, own]).sorted().compactMap { count in
      guard options.batch % count == 0 else { return nil }
      return try? options.applying(["microBatches=\(count)"])
    }
  }

  /// Checks that the processes which calibrate side by side find room.
  /// - Throws: ``ClusterError`` if not; `PlanError` if the batch cannot be cut.
  private func checkMemory(_ options: Options, beside: Int) throws {
    let plan = try Calibration.plan(options)
    do throws(MemoryError) {
      try MemoryError.check(options, plan, ranksOnNode: beside + 1)
    } catch {
      guard beside > 0 else { throw error }
      let needed = ByteCount.text(Int(min(error.needed, 1e18)))
      throw ClusterError(
        "\(beside + 1) processes that train side by side need at least \(needed) each, which can have "
          + "\(ByteCount.text(error.available)) here; give --beside fewer, or lower batch")
    }
  }

  /// Does `work` while other processes of this program calibrate, again and again.
  private func with<T>(beside count: Int, _ work: () throws -> T) throws -> T {
    let words = ["lockstep", "plan", recipe] + words + ["--keep-busy"]
    let others = BusyProcesses(count, Files.real("/proc/self/exe") ?? "lockstep", words)
    defer { others.end() }
    try others.waitUntilBusy(milliseconds: 60_000)
    let result = try work()
    try others.check()
    return result
  }

  /// Calibrates again and again, for another process that is timed; says so on standard error after the first
  /// time. Ends with the process that has started it.
  package func keepBusy() throws {
    let parent = getppid()
    let options = try resolved()
    var isFirst = true
    while getppid() == parent {
      _ = try Calibration(options, threads: 1, beside: 0)
      // Nobody reads any more what a process says that has ended before this one asked for it.
      if isFirst, writeAll(Array("\(BusyProcesses.word)\n".utf8), to: 2) != nil { return }
      isFirst = false
    }
  }
}
