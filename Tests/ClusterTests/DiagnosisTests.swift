import Cluster
import MessagePassing
import Platform
import TestSupport
import Testing
import Training

@Suite("The doctor judges facts")
struct DiagnosisTests {
  private var soundMachine: MachineFacts {
    var facts = MachineFacts()
    facts.instructionSets = "AVX2 FMA"
    facts.cores = 8
    facts.usableCores = 8
    facts.memoryAvailable = 32 << 30
    facts.hugePages = "madvise"
    facts.openFiles = 1024
    facts.openFilesMaximum = 4096
    facts.sharedMemory = 8 << 30
    facts.clockSource = "tsc"
    facts.clockResolution = 1
    facts.blasConfiguration = "OpenBLAS 0.3.21"
    facts.blasCore = "Haswell"
    facts.blasThreads = 8
    return facts
  }

  private var soundLaunch: LaunchFacts {
    var facts = LaunchFacts()
    facts.library = "Open MPI v4.1.4, package: Debian"
    facts.mpirun = "/usr/bin/mpirun"
    facts.mpirunVersion = "mpirun (Open MPI) 4.1.4"
    return facts
  }

  private let folder = FolderFacts(path: "runs", outcome: .writable, free: 1 << 40)

  /// The check called `name` after `change` on a machine that has nothing wrong.
  private func machine(
    _ name: String, ranks: Int = 1, _ change: (inout MachineFacts) -> Void
  ) throws -> DiagnosisCheck {
    var facts = soundMachine
    change(&facts)
    let others = facts.checks(ranks: ranks).filter { $0.name != name }
    #expect(others.allSatisfy { $0.verdict == .ok })
    return try #require(facts.checks(ranks: ranks).first { $0.name == name })
  }

  @Test("on a sound machine all is well, nothing is advised, and the code is 0")
  func sound() {
    let diagnosis = Diagnosis(machine: soundMachine, launch: soundLaunch, folder: folder, world: nil)
    for check in diagnosis.checks { #expect(check.verdict == .ok && check.advice == nil, "\(check)") }
    #expect(diagnosis.exitStatus == .done)
  }

  @Test("an OpenBLAS that takes an AVX-512 processor for an old one is warned of")
  func blasCore() throws {
    let check = try machine("BLAS") {
      $0.supportsWide = true
      $0.blasCore = "Prescott"
    }
    #expect(check.verdict == .warn && check.advice?.contains("OPENBLAS_CORETYPE=SkylakeX") == true)
    #expect(try machine("BLAS") { $0.blasCore = "Prescott" }.verdict == .ok)
  }

  @Test("the processor's instruction sets and the kernels in use are said")
  func processor() throws {
    #expect(try machine("processor") { $0.kernels = "wide" }.detail == "AVX2 FMA, kernels wide")
  }

  @Test("cores that a rank's share has and the process may not use are a warning with the command")
  func cores() throws {
    func bound(_ facts: inout MachineFacts) {
      facts.usableCores = 1
      facts.blasThreads = 1
    }
    let check = try machine("cores", bound)
    #expect(check.verdict == .warn && check.detail == "1 of 8 usable by this process")
    #expect(check.advice?.contains("--bind-to none") == true)
    #expect(try machine("cores", ranks: 8, bound).verdict == .ok)
  }

  @Test("little memory is a warning, hardly any a failure, and the control group's limit counts")
  func memory() throws {
    #expect(try machine("memory") { $0.memoryAvailable = 900 << 20 }.verdict == .warn)
    #expect(try machine("memory") { $0.memoryAvailable = 100 << 20 }.verdict == .fail)
    let limited = try machine("memory") { $0.memoryLimit = 512 << 20 }
    #expect(limited.verdict == .warn && limited.detail.contains("limited to 512.0 MiB"))
    #expect(try machine("memory", ranks: 4) { $0.memoryAvailable = 3 << 30 }.verdict == .warn)
    #expect(try machine("memory") { $0.memoryAvailable = nil }.verdict == .warn)
  }

  @Test("what only slows down is a warning with the command that helps")
  func warnings() throws {
    #expect(try machine("huge pages") { $0.hugePages = "never" }.advice?.hasPrefix("echo madvise >") == true)
    #expect(try machine("/dev/shm") { $0.sharedMemory = 1 << 20 }.advice?.contains("--shm-size") == true)
    #expect(try machine("/dev/shm") { $0.sharedMemory = nil }.verdict == .warn)
    #expect(try machine("open files") { $0.openFiles = 128 }.advice == "ulimit -n 1024")
    #expect(try machine("open files") { $0.openFiles = 20 }.verdict == .fail)
    #expect(try machine("clock") { $0.clockSource = "hpet" }.verdict == .warn)
    #expect(try machine("clock") { $0.clockResolution = 4_000_000 }.verdict == .warn)
    #expect(try machine("clock") { $0.clockResolution = nil }.verdict == .fail)
    #expect(try machine("BLAS") { $0.blasThreads = 64 }.advice == "export OPENBLAS_NUM_THREADS=1")
  }

  /// The check called `name` after `change` to a launch that has nothing wrong.
  private func launch(_ name: String, _ change: (inout LaunchFacts) -> Void) throws -> DiagnosisCheck {
    var facts = soundLaunch
    change(&facts)
    return try #require(facts.checks.first { $0.name == name })
  }

  @Test("an mpirun that is missing, of another vendor or of another release is found out")
  func mpirun() throws {
    #expect(try launch("mpirun") { $0.mpirun = nil }.advice?.contains("openmpi-bin") == true)
    let other = try launch("mpirun") { $0.mpirunVersion = "HYDRA build details: Version: 4.1.2" }
    #expect(other.verdict == .fail && other.failureStatus == .configuration)
    #expect(other.advice == "put the mpirun of Open MPI v4.1.4 first on PATH")
    #expect(try launch("mpirun") { $0.mpirunVersion = "mpirun (Open MPI) 5.0.2" }.verdict == .fail)
    #expect(try launch("mpirun") { $0.mpirunVersion = "mpirun (Open MPI) 4.0.7rc1" }.verdict == .warn)
    #expect(try launch("mpirun") { $0.mpirunVersion = nil }.verdict == .warn)
    // The ranks have found each other by another way.
    let started = try launch("mpirun") {
      $0.mpirunVersion = "mpirun (Open MPI) 5.0.2"
      $0.launcher = .slurm
    }
    #expect(started.verdict == .warn)
    #expect(try launch("mpirun") { $0.launcher = .slurmWithoutPMI }.advice == "srun --mpi=pmix")
  }

  @Test("root is warned before mpirun refuses, and not where it is allowed or already started")
  func root() throws {
    let check = try launch("user") { $0.isRoot = true }
    #expect(check.verdict == .warn && check.advice?.contains("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1") == true)
    #expect(
      try launch("user") {
        $0.isRoot = true
        $0.allowsRoot = true
      }.verdict == .ok)
    #expect(
      try launch("user") {
        $0.isRoot = true
        $0.launcher = .openMPI
      }.verdict == .ok)
  }

  @Test("a folder for temporary files that is missing, read-only or full fails, each with what to do")
  func temporaryFolder() throws {
    func check(_ refusal: String?, free: Int?) throws -> DiagnosisCheck {
      try launch("temporary folder") { $0.temporary = .init(path: "/t", refusal: refusal, free: free) }
    }
    #expect(try check(nil, free: 4 << 20).verdict == .ok && check(nil, free: .max).detail == "/t")
    #expect(try check(nil, free: 4 << 20 - 1).advice?.hasPrefix("free some space there") == true)
    let readOnly = try check("Read-only file system", free: nil)
    #expect(readOnly.verdict == .fail && readOnly.detail == "/t cannot be written: Read-only file system")
    let missing = try check("No such file or directory", free: nil)
    #expect(missing.verdict == .fail && missing.detail == "/t is not there")
    #expect(missing.advice?.hasPrefix("make it: mkdir -p /t;") == true)
    #expect(TemporaryFolderFacts.probe().refusal == nil, "tests have one")
  }

  @Test("a folder that cannot be written, or is full, ends with code 73")
  func runFolder() {
    let refused = FolderFacts(
      path: "/ro", outcome: .failed(call: "create a file", reason: "Read-only file system"), free: 1 << 40)
    #expect(refused.check.detail == "cannot create a file in /ro: Read-only file system")
    for facts in [refused, FolderFacts(path: "full", outcome: .writable, free: 4096)] {
      #expect(facts.check.verdict == .fail)
      let diagnosis = Diagnosis(machine: soundMachine, launch: soundLaunch, folder: facts, world: nil)
      #expect(diagnosis.exitStatus == .cannotCreate)
    }
    #expect(FolderFacts(path: "a", outcome: .writable, free: 100 << 20).check.verdict == .warn)
    #expect(
      FolderFacts(path: "a", outcome: .writable, free: 1 << 40, isInMemory: true).check.verdict == .warn)
  }

  @Test("a probe leaves nothing behind, and looks above a folder that is still to be made")
  func probe() {
    let folder = TemporaryFolder()
    let facts = FolderFacts.probe(folder.path + "/runs/new")
    #expect(facts.path == folder.path && facts.outcome == .writable && (facts.free ?? 0) > 0)
    #expect(folder.names.isEmpty)
    // A file in the way is no folder to look above of.
    folder.write("", to: "file")
    guard case .failed = FolderFacts.probe(folder.path + "/file").outcome else {
      Issue.record("a file was taken for a folder")
      return
    }
  }
}
