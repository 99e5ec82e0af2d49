import DataParallel
import Reporting

#if canImport(Glibc)
  import Glibc
#endif

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
  private let hosts: Hostfile?
  private let report: (String) -> Void

  /// Checks the request.
  /// - Parameter report: prints one line for people.
  /// - Throws: ``HostfileError``, ``LaunchError``; of a run that begins `OptionsError`, and `PlanError` if
  ///   the batch cannot be cut for so many ranks.
  package init(_ request: Request, report: @escaping (String) -> Void) throws {
    self.request = request
    self.report = report
    hosts = try request.hostfile.map { try Hostfile.read($0) }
    let isAllocated = Files.environment("SLURM_JOB_ID") != nil
    let slots = hosts?.slots ?? Cores.onNode
    if request.ranks > slots, !request.oversubscribes, !(isAllocated && hosts == nil) {
      throw LaunchError(
        .configuration,
        "\(request.ranks) ranks on \(slots) slots of \(request.hostfile ?? "this host"); "
          + "ask for -n \(slots), or add --oversubscribe")
    }
    let unknown = hosts?.hosts.filter { !HostProbe.isLocal($0.name) && !HostProbe.resolves($0.name) } ?? []
    guard unknown.isEmpty || request.isDryRun else {
      throw LaunchError(
        .configuration,
        "\(Prose.list(unknown.map(\.address))) of \(request.hostfile ?? "") \(unknown.count == 1 ? "has" : "have") no "
          + "address; check the name, or add it to /etc/hosts")
    }
    // A recipe's file may lie on the other hosts alone: they say what is wrong with it.
    if request.words.isTraining, !request.words.isResuming, let recipe = request.words.recipe,
      request.words.folder == nil || !recipe.hasSuffix(".yaml") || Files.text(recipe) != nil
    {
      let options = try Options.resolve(recipe: recipe, overrides: request.words.overrides)
      _ = try MicroBatchPlan(
        batch: options.batch, microBatches: options.microBatches, worldSize: request.ranks, rank: 0)
    }
  }

  /// The command, as it would be typed.
  package var text: String { command(request.words, ranks: request.ranks, hostfile: request.hostfile).text }

  private func command(_ words: TrainWords, ranks: Int, hostfile: String?) -> LaunchCommand {
    var command = LaunchCommand(ranks: ranks, program: [Self.program] + words.words)
    command.hostfile = hostfile
    command.oversubscribes = request.oversubscribes
    command.isRoot = geteuid() == 0
    command.binding = request.binding
    command.variables = Self.variables
    command.hasLaunchAgent = Files.environment("OMPI_MCA_orte_launch_agent") != nil
    return command
  }

  /// This program, by the path at which every host has it.
  private static var program: String { Files.real("/proc/self/exe") ?? "lockstep" }

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
    if Files.environment("COLUMNS") != nil { names.append("COLUMNS") }
    return names
  }

  /// Runs to the end.
  /// - Returns: the exit code.
  /// - Throws: ``LaunchError``, ``RunFolderError``, `OptionsError`.
  package func run() throws -> Int32 {
    guard let mpirun = Files.onPath("mpirun") else {
      throw LaunchError(
        .peerLost, "mpirun is not on PATH; apt-get install openmpi-bin, or load the MPI module")
    }
    LaunchSignals.catchAll()
    setColumns()
    var words = request.words
    var claimed: String?
    if words.isTraining, words.folder == nil {
      let recipe = try words.recipe.map { try RecipeSource.find($0).recipeName() }
      if words.isResuming {
        words = words.running(in: try RunFolder.onlyDefault(recipe: recipe))
      } else {
        let folder = try RunFolder.claimDefault(recipe: recipe ?? "dcgan")
        claimed = folder
        words = words.running(in: folder)
      }
    }
    // Takes away the folder only if nothing came into it.
    defer { if let claimed { rmdir(claimed) } }

    var ranks = request.ranks
    var hostfile = request.hostfile
    let survivors = "\(Files.environment("TMPDIR") ?? "/tmp")/lockstep-hosts-\(getpid())"
    defer { unlink(survivors) }
    var restarts = 0
    while true {
      let folder = words.folder
      let before = folder.flatMap { RunStatus.read(in: $0) }
      let (code, noticed) = supervise(mpirun, command(words, ranks: ranks, hostfile: hostfile).words) {
        folder.flatMap { RunStatus.read(in: $0) }.map { $0 != before && $0.exitCode != nil } ?? false
      }
      let after = folder.flatMap { RunStatus.read(in: $0) }
      let outcome = LaunchOutcome(
        code: code, status: after == before ? nil : after, noticed: noticed,
        isStopWished: LaunchSignals.wishes > 0)
      if LaunchSignals.wishes > 1 { return 128 + LaunchSignals.signal }
      let isTold = after?.exitCode.map { $0 == Int(outcome.code) } ?? false
      if outcome.code != 0, let folder, !isTold, RunFolder.isRun(folder) {
        RunStatus(
          .failed, step: after?.step ?? 0, exitCode: Int(outcome.code), cause: outcome.cause,
          worldSize: ranks, writer: "\(RunOwner.current)"
        ).write(in: folder)
      }
      let mayRestart = outcome.isRestartable && words.isTraining && LaunchSignals.wishes == 0
      guard mayRestart, restarts < request.maxRestarts else {
        if outcome.isRestartable {
          let count = request.maxRestarts > 0 ? " after \(restarts) restarts" : ""
          report(
            "\(outcome.cause ?? "a rank was lost")\(count); run again with \(RunFolder.resumeWords(folder)), or with "
              + "--max-restarts")
        }
        return outcome.code
      }
      restarts += 1
      if let hosts {
        let left = hosts.filter(Set(reachable(hosts)).contains)
        guard !left.hosts.isEmpty else {
          report(
            "no host of the hostfile answers; run again with \(RunFolder.resumeWords(folder)) when one does")
          return outcome.code
        }
        ranks = request.oversubscribes ? request.ranks : min(request.ranks, left.slots)
        hostfile = left == hosts ? request.hostfile : survivors
        if left != hosts { try AtomicFile.write(Array(left.text.utf8), to: survivors, durable: false) }
      }
      if let folder, RunFolder.isRun(folder) { words = words.resuming }
      let step = folder.flatMap { RunFolder.newestStep(in: $0) } ?? 0
      let place = hosts == nil ? "" : " on \(hostfile == survivors ? "the hosts that are left" : "all hosts")"
      report(
        "\(outcome.cause ?? "a rank was lost"); restart \(restarts) of \(request.maxRestarts) with \(ranks) "
          + "\(ranks == 1 ? "rank" : "ranks")\(place), after step \(step)")
    }
  }

  private func reachable(_ hosts: Hostfile) -> [String] {
    HostProbe.run("true", on: hosts.hosts.map(\.name), seconds: 4).filter { $0.code == 0 }.map(\.host)
  }

  /// mpirun's terminals have no width; the ranks take it from here.
  private func setColumns() {
    var size = winsize()
    guard isatty(2) == 1, ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return }
    setenv("COLUMNS", "\(size.ws_col)", 1)
  }

  /// Milliseconds that an mpirun which ends a job may take for it.
  private static let patience: Int64 = 20_000

  /// Runs mpirun to its end, passes on what it says and what it is to be told.
  ///
  /// When a watchdog has ended the job, mpirun may still wait for a host that does not answer: it is killed,
  /// on which its daemons end what is left on the other hosts. The same where mpirun itself has said that it
  /// ends the job, and does not, and where the run has ended: when all ranks are gone mpirun sometimes waits
  /// for ever for a lock of PMIx (4.2).
  /// - Parameter hasEnded: whether the run's status says so.
  private func supervise(
    _ mpirun: String, _ words: [String], hasEnded: () -> Bool
  ) -> (code: Int32, noticed: String?) {
    guard let process = ChildProcess(mpirun, words) else { return (127, "mpirun cannot be started") }
    defer { process.close() }
    var told = 0
    var output = LaunchOutput()
    var noticed: String?
    var verdict: Int64?
    var aborted: Int64?
    var ended: Int64?
    var looked = MonotonicClock.milliseconds
    func pass() {
      var isFirst = true
      while true {
        let bytes = process.read()
        if bytes.isEmpty {
          if isFirst { _ = writeAll(output.release(), to: 2) }
          return
        }
        isFirst = false
        _ = writeAll(output.pass(bytes), to: 2)
        for text in output.lines {
          noticed = noticed ?? LaunchOutcome.notice(in: text)
          if verdict == nil, WatchReport.isVerdict(text) { verdict = MonotonicClock.milliseconds }
          if aborted == nil, noticed != nil || LaunchOutcome.isAbort(text) {
            aborted = MonotonicClock.milliseconds
          }
        }
      }
    }
    while true {
      process.wait(milliseconds: 100)
      pass()
      if let code = process.exitCode() {
        pass()
        _ = writeAll(output.release(), to: 2)
        return (code, noticed)
      }
      let now = MonotonicClock.milliseconds
      if let verdict, now - verdict > 1500 { kill(process.pid, SIGKILL) }
      if ended == nil, now - looked > 1000 {
        looked = now
        if hasEnded() { ended = now }
      }
      for end in [aborted, ended].compactMap({ $0 }) where now - end > Self.patience {
        kill(process.pid, SIGKILL)
      }
      while told < LaunchSignals.wishes {
        told += 1
        // Ranks that get SIGUSR1 save and leave with 75; SIGTERM ends them.
        kill(process.pid, told == 1 ? SIGUSR1 : told == 2 ? SIGTERM : SIGKILL)
      }
    }
  }
}

/// Why nothing was started.
package struct LaunchError: Error, CustomStringConvertible {
  package let status: ExitStatus
  package let description: String

  init(_ status: ExitStatus, _ description: String) {
    self.status = status
    self.description = description
  }
}
