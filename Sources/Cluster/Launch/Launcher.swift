import Checkpoints
import DataParallel
import Glibc
import Platform
import Reporting
import Training

/// Starts the ranks with `mpirun`, watches it, and starts again what lost a rank or a host.
package struct Launcher {
  /// What a person asks for with `lockstep launch`.
  package struct Request: Sendable {
    package var ranks: Int
    package var hostfile: String?
    package var maxRestarts = 0
    package var oversubscribes = false
    package var binding = "none"
    /// Whether nothing is to be started, so that hosts need not be there.
    package var isDryRun = false
    package var words: TrainWords

    package init(ranks: Int, words: TrainWords) {
      self.ranks = ranks
      self.words = words
    }
  }

  private let request: Request
  /// The hostfile as it is, and without hosts that have no address.
  private let listed, hosts: Hostfile?
  private let report: (String) -> Void
  /// What ranks and launcher write on standard error.
  private let errors: BackgroundOutput
  /// The options of a run that begins, where they can be read here.
  private let options: Options?
  /// This program, by the path at which every host has it: as it is called now. When another one is deployed
  /// over it, this one's file has no name any more.
  private let program = Files.real("/proc/self/exe") ?? "lockstep"

  /// Checks the request.
  /// - Parameter report: prints one line for people.
  /// - Throws: ``ClusterError``, ``LaunchError``; of a run that begins `OptionsError`, and `PlanError` if
  ///   the batch cannot be cut for so many ranks.
  package init(_ request: Request, report: @escaping @Sendable (String) -> Void) throws {
    self.request = request
    let errors = BackgroundOutput {
      report("\(ByteCount.text($0)) of output is left out here: for too long nobody took it")
    }
    self.errors = errors
    self.report = { text in errors.add(text.utf8.count, isKept: true) { report(text) } }
    let listed = try request.hostfile.map { try Hostfile.read($0) }
    self.listed = listed
    let slots = listed?.slots ?? (Self.isAllocated ? SlurmAllocation.slots : Cores.onNode)
    if let slots, request.ranks > slots, !request.oversubscribes {
      let place = request.hostfile ?? (Self.isAllocated ? "the Slurm job" : "this host")
      throw LaunchError(
        .configuration,
        "\(request.ranks) ranks on \(slots) slots of \(place); ask for -n \(slots), or add --oversubscribe")
    }
    HostProbe.resolve(listed?.hosts.map(\.name) ?? [])
    let own = listed?.hosts.map(\.name).filter(HostProbe.isLocal) ?? []
    guard own.count < 2 else {
      throw LaunchError(
        .configuration,
        "\(Prose.list(own)) of \(request.hostfile ?? "") are one host, this one; name it once, with all of its slots"
      )
    }
    let unknown = listed?.hosts.filter { !HostProbe.isLocal($0.name) && !HostProbe.resolves($0.name) } ?? []
    let missing =
      "\(Prose.list(unknown.map(\.address))) of \(request.hostfile ?? "") \(unknown.count == 1 ? "has" : "have") no address"
    let isLeft = request.maxRestarts > 0 && unknown.count < listed?.hosts.count ?? 0
    guard unknown.isEmpty || request.isDryRun || isLeft else {
      throw LaunchError(.configuration, "\(missing); check the name, or add it to /etc/hosts")
    }
    // Whoever goes on without hosts that are lost also begins without them.
    hosts = request.isDryRun ? listed : listed?.filter { name in !unknown.contains { $0.name == name } }
    if !unknown.isEmpty, !request.isDryRun { report("\(missing); left out") }
    var options: Options?
    // A recipe's file may lie on the other hosts alone: they say what is wrong with it.
    if request.words.isTraining, !request.words.isResuming, let recipe = request.words.recipe,
      request.words.folder == nil || !RecipeSource.isFile(recipe) || Files.text(recipe) != nil
    {
      let resolved = try Options.resolve(recipe: recipe, overrides: request.words.overrides)
      _ = try MicroBatchPlan(
        batch: resolved.batch, microBatches: resolved.microBatches, worldSize: request.ranks, rank: 0)
      options = resolved
    }
    self.options = options
  }

  /// The command, as it would be typed.
  package var text: String { command(request.words, ranks: request.ranks, hostfile: request.hostfile).text }

  private func command(
    _ words: TrainWords, ranks: Int, hostfile: String?, start: String? = nil
  ) -> LaunchCommand {
    var command = LaunchCommand(ranks: ranks, program: [program] + words.words)
    command.hostfile = hostfile
    command.oversubscribes = request.oversubscribes
    command.isRoot = geteuid() == 0
    command.binding = request.binding
    command.countsHardwareThreads = hostfile == nil && !Self.isAllocated
    command.variables = Self.variables
    command.start = start
    command.sshArguments = HostProbe.agentArguments
    command.hasLaunchAgent = Files.environment("OMPI_MCA_orte_launch_agent") != nil
    return command
  }

  /// Whether mpirun takes hosts and slots from the batch system.
  private static var isAllocated: Bool { Files.environment("SLURM_JOB_ID") != nil }

  /// What the other hosts must have too: an ssh session does not bring it along.
  private static var variables: [String] {
    var names: [String] = []
    var next = environ
    while let entry = next.pointee {
      let name = String(cString: entry).prefix { $0 != "=" }
      if name.hasPrefix("OPENBLAS_") || name.hasPrefix("LOCKSTEP_") { names.append(String(name)) }
      next += 1
    }
    names.sort()
    // OpenBLAS computes the measures of quality, on one thread; more would only take memory.
    if !names.contains("OPENBLAS_NUM_THREADS") { names.append("OPENBLAS_NUM_THREADS=1") }
    if !Terminal.wantsColours() { names.append("NO_COLOR") }
    return names
  }

  /// One start of the ranks.
  private struct Attempt {
    var words: TrainWords
    var ranks: Int
    /// What mpirun reads, and what it holds; nil for this host, or those of the batch system.
    var hostfile: String?
    var hosts: Hostfile?
  }

  /// Runs to the end.
  /// - Returns: the exit code.
  /// - Throws: ``LaunchError``, ``RunFolderError``, `OptionsError`.
  package func run() throws -> Int32 {
    guard let mpirun = Files.onPath("mpirun") else {
      throw LaunchError(
        .peerLost, "mpirun is not on PATH; apt-get install openmpi-bin, or load the MPI module")
    }
    defer { waitForErrors() }
    announceTerminal()
    let (words, claimed) = try placed(request.words)
    // Takes away the folder only if nothing came into it.
    defer { if let claimed { rmdir(claimed) } }
    let survivors = TemporaryFile("hosts")
    defer { survivors.remove() }
    var attempt = try attempt(words, on: hosts, listedIn: survivors)
    let limit = startLimit(words)
    var record = LaunchRecord(words)
    var vain = 0
    if LaunchSignals.wishes > 0 { return stopped("before the ranks had begun", words, record) }
    while true {
      let (end, status, outcome) = start(attempt, as: record.start, by: mpirun, limit: limit)
      if outcome.isFromOutside { record.forgive() }
      if let code = wished(end, status, attempt, record) { return code }
      record.write(outcome, over: status, ranks: attempt.ranks, hasBegun: end.hasBegun)
      vain = end.hasBegun ? 0 : vain + 1
      guard outcome.isRestartable, words.isTraining, LaunchSignals.wishes == 0,
        record.restarts < request.maxRestarts, vain < LaunchAdvice.mostInVain
      else {
        let text = lastWords(end, outcome, attempt, restarts: record.restarts, vain: vain)
        if let text { report(text) }
        return outcome.code
      }
      record.restarts += 1
      if vain > 0 { sleep(milliseconds: 500 << min(vain, 5)) }
      let following: Attempt?
      do { following = try next(after: attempt, end, listedIn: survivors) } catch {
        record.write(error, ranks: attempt.ranks, hasBegun: end.hasBegun)
        report("\(error), and run again\(LaunchAdvice.with(words.folder))")
        return ExitStatus(of: error).rawValue
      }
      guard let next = following else {
        report("no host of the hostfile answers; run again\(LaunchAdvice.with(words.folder)) when one does")
        return outcome.code
      }
      attempt = next
      if LaunchSignals.wishes > 0 { return stopped("between two starts", words, record) }
      let place = next.hosts.map(place) ?? ""
      report(
        "\(outcome.isTold ? "" : "\(outcome.cause ?? "a rank was lost"); ")restart \(record.restarts) of \(request.maxRestarts) with "
          + "\(Count.text(next.ranks, "rank"))\(place)\(Self.point(next.words))")
    }
  }

  /// For people: where a start begins.
  private static func point(_ words: TrainWords) -> String {
    let folder = words.folder ?? ""
    return words.isResuming && !RunFolder.isRun(folder)
      ? "; this host does not see \(folder)" : ", after step \(RunFolder.newestStep(in: folder) ?? 0)"
  }

  /// For people: on which of the listed hosts a start is.
  private func place(_ hosts: Hostfile) -> String {
    let missing = (listed?.hosts ?? []).map(\.name).filter { name in !hosts.hosts.contains { $0.name == name }
    }
    return missing.isEmpty ? " on all hosts" : " on the hosts that are left, without \(Prose.list(missing))"
  }

  /// Starts the ranks and waits for their end.
  /// - Parameters:
  ///   - mark: what all processes of the start are marked with.
  ///   - limit: seconds that the ranks have to be all there.
  /// - Returns: how mpirun ended, what the run folder says of the start, and what that comes to.
  private func start(
    _ attempt: Attempt, as mark: String, by mpirun: String, limit: Double
  ) -> (Supervision.End, RunStatus?, LaunchOutcome) {
    let (words, ranks) = (attempt.words, attempt.ranks)
    setenv(RunStatus.startVariable, mark, 1)
    @Sendable func status() -> RunStatus? {
      words.folder.flatMap { RunStatus.read(in: $0) }.flatMap { $0.start == mark ? $0 : nil }
    }
    let end =
      Supervision(
        mpirun, command(words, ranks: ranks, hostfile: attempt.hostfile, start: mark).words,
        isTraining: words.isTraining, limit: Int64(limit * 1000), errors: errors, status: status
      ) {
        let hosts = attempt.hosts ?? Hostfile(hosts: [.init(name: RunOwner.current.host, slots: ranks)])
        return StartSweep(
          mark, program: program, on: hosts.hosts, ranked: hosts.taken(by: ranks).map(\.name))
      }?.run() ?? .notStarted
    let stuck = end.sweep.map {
      LaunchNotice.stuck("the ranks were not all there after \(Int(limit)) s: \($0.text)")
    }
    let last = status()
    let outcome = LaunchOutcome(
      code: end.code, status: last, noticed: stuck ?? end.noticed, judged: end.judged, said: end.said,
      isStopWished: LaunchSignals.wishes > 0)
    return (end, last, outcome)
  }

  /// A start on these hosts; nil for this one, or those of the batch system.
  /// - Parameter file: takes the hosts if they are not all of the hostfile.
  private func attempt(
    _ words: TrainWords, on hosts: Hostfile?, listedIn file: TemporaryFile
  ) throws -> Attempt {
    var attempt = Attempt(words: words, ranks: request.ranks, hostfile: request.hostfile, hosts: hosts)
    guard let hosts else { return attempt }
    if !request.oversubscribes { attempt.ranks = min(request.ranks, hosts.slots) }
    guard hosts != listed else { return attempt }
    let path = try file.make()
    try AtomicFile.write(Array(hosts.text.utf8), to: path, durable: false)
    attempt.hostfile = path
    return attempt
  }

  /// The start after one that was lost, on hosts that answer and were not at fault; nil if there is none.
  /// What has begun goes on, also in a folder that this host does not see: a host that does not see it either
  /// is not to begin anew.
  private func next(
    after attempt: Attempt, _ end: Supervision.End, listedIn file: TemporaryFile
  ) throws -> Attempt? {
    var words = attempt.words
    let faulty = end.sweep?.faulty ?? []
    if let folder = words.folder, end.hasBegun || RunFolder.isRun(folder) {
      waitForLock(of: folder)
      words = words.resuming
    }
    let left = listed.map {
      $0.filter(Set(asked($0).filter { $0.code == 0 }.map(\.host)).subtracting(faulty).contains)
    }
    guard left?.hosts.isEmpty != true else { return nil }
    return try self.attempt(words, on: left, listedIn: file)
  }

  /// Seconds that the ranks have to be all there: the run's `stallTimeout`, but not less than mpirun may take
  /// on many hosts.
  /// - Parameter words: with the run folder, which has the options of a run that goes on.
  private func startLimit(_ words: TrainWords) -> Double {
    let limit = options?.stallTimeout ?? words.stallTimeout ?? Self.usualStart
    return max(Self.leastStart, min(limit, Self.longestStart))
  }

  private static let (leastStart, usualStart, longestStart) = (10.0, 300.0, 604_800.0)

  /// The words with a run folder, and the folder if it was made for them.
  private func placed(_ words: TrainWords) throws -> (words: TrainWords, claimed: String?) {
    guard words.isTraining, words.folder == nil else { return (words, nil) }
    let recipe =
      try options?.recipe
      ?? words.recipe.map { try RecipeSource.find($0).recipeName(under: words.overrides) }
      ?? words.source.map { try FoundCheckpoint(at: $0).info.recipe }
    if words.isResuming { return (words.running(in: try RunFolder.onlyDefault(recipe: recipe)), nil) }
    let folder = try RunFolder.claimDefault(recipe: recipe ?? "dcgan")
    return (words.running(in: folder), folder)
  }

  /// The exit code where a wish to stop decides on it; nil where it does not.
  private func wished(
    _ end: Supervision.End, _ status: RunStatus?, _ attempt: Attempt, _ record: LaunchRecord
  ) -> Int32? {
    guard LaunchSignals.wishes > 0 else { return nil }
    let words = attempt.words
    guard words.isTraining else { return 128 + LaunchSignals.signal }
    switch status?.state {
    case .stopped, .done: return Int32(truncatingIfNeeded: status?.exitCode ?? 0)
    default: break
    }
    if !end.hasBegun { return stopped("before the ranks had begun", words, record) }
    guard LaunchSignals.wishes > 1 else { return nil }
    record.forgive()
    let signal = LaunchSignals.signal
    report("stopped at once by signal \(signal); run again\(LaunchAdvice.with(words.folder))")
    return record.writeStop(by: signal, over: status, ranks: attempt.ranks)
  }

  /// Where there was nothing to save.
  private func stopped(_ moment: String, _ words: TrainWords, _ record: LaunchRecord) -> Int32 {
    record.forgive()
    record.writeStop()
    report("stopped \(moment); run again\(LaunchAdvice.with(words.folder))")
    return ExitStatus.stopped.rawValue
  }

  /// What no rank has said; see ``LaunchAdvice``.
  private func lastWords(
    _ end: Supervision.End, _ outcome: LaunchOutcome, _ attempt: Attempt, restarts: Int, vain: Int
  ) -> String? {
    // Ranks that do not train do not tell that they have begun.
    let isKnown = outcome.isExplained || attempt.words.isTraining && end.hasBegun
    return LaunchAdvice(
      hostfile: request.hostfile, maxRestarts: request.maxRestarts, attempt.words
    ).lastWords(outcome, restarts: restarts, vain: vain) {
      isKnown ? nil : attempt.hosts.map(asked) ?? []
    }
  }

  /// Waits while another process holds the run folder. A file server may keep the lock of a host that is lost
  /// until its lease ends, a minute and a half with NFS.
  private func waitForLock(of folder: String) {
    let limit = MonotonicClock.milliseconds + 120_000
    var isTold = false
    while MonotonicClock.milliseconds < limit, LaunchSignals.wishes == 0 {
      do {
        return try RunFolderLock.refuseHeld(folder)
      } catch {
        guard error.kind == .locked else { return }
        if !isTold { report("\(error.what), \(folder); waiting for up to two minutes") }
        isTold = true
      }
      sleep(milliseconds: 500)
    }
  }

  /// Sleeps, but not after a wish to stop.
  private func sleep(milliseconds: Int) {
    let end = MonotonicClock.milliseconds + Int64(milliseconds)
    while MonotonicClock.milliseconds < end, LaunchSignals.wishes == 0 { usleep(50_000) }
  }

  /// Waits until everything is on standard error; after a wish to stop five seconds at most.
  private func waitForErrors() {
    var left = 5000
    while left > 0, !errors.isWritten {
      usleep(2000)
      if LaunchSignals.wishes > 0 { left -= 2 }
    }
  }

  /// Whether hosts answer now.
  private func asked(_ hosts: Hostfile) -> [HostProbe.Answer] {
    HostProbe.run(on: hosts.hosts, seconds: HostProbe.seconds) { _ in "true" }
  }

  /// Tells the ranks the width of this terminal, if it is one.
  private func announceTerminal() {
    if let columns = Terminal.columns(of: STDERR_FILENO) {
      setenv(LaunchedTerminal.variable, "\(columns)", 1)
    } else {
      unsetenv(LaunchedTerminal.variable)
    }
  }
}

/// Why nothing was started.
struct LaunchError: ReportedError, CustomStringConvertible {
  let exitStatus: ExitStatus
  let description: String

  init(_ status: ExitStatus, _ description: String) {
    exitStatus = status
    self.description = description
  }
}
