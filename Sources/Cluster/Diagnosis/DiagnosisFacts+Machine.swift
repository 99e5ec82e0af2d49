import Glibc
package import MessagePassing
import Platform
import TensorCore
import Training

extension MachineFacts {
  /// The facts about this machine, as this process finds them.
  package static func gather() -> MachineFacts {
    var facts = MachineFacts()
    facts.instructionSets = "\(CPUFeatures.current)"
    facts.supportsWide = CPUFeatures.current.supportsWide
    let areAsked = Files.environment("LOCKSTEP_KERNELS") != nil
    facts.kernels = KernelSet.current.rawValue + (areAsked ? " as LOCKSTEP_KERNELS asks" : "")
    facts.cores = Cores.onNode
    facts.usableCores = Cores.usable
    facts.memoryAvailable = Memory.free
    facts.memoryLimit = ControlGroup.own.memory
    facts.hugePages = Files.head("/sys/kernel/mm/transparent_hugepage/enabled").flatMap(chosen)
    (facts.openFiles, facts.openFilesMaximum) = OpenFiles.limit
    facts.sharedMemory = MPILibrary.sharedMemoryRoom
    facts.clockSource =
      Files.head("/sys/devices/system/clocksource/clocksource0/current_clocksource")?.firstLine
    facts.clockResolution = clockResolution()
    facts.blasConfiguration = BLASLibrary.configuration
    facts.blasCore = BLASLibrary.coreName
    facts.blasThreadsAsked = Files.environment("OPENBLAS_NUM_THREADS")
    facts.blasThreads = BLASLibrary.threads
    return facts
  }

  /// The word in brackets of a setting such as `always [madvise] never`.
  private static func chosen(_ setting: String) -> String? {
    guard let start = setting.firstIndex(of: "["), let end = setting.firstIndex(of: "]"), start < end else {
      return nil
    }
    return String(setting[setting.index(after: start)..<end])
  }

  private static func clockResolution() -> Int? {
    var resolution = timespec()
    guard clock_getres(CLOCK_MONOTONIC, &resolution) == 0 else { return nil }
    return Int(resolution.tv_sec) * 1_000_000_000 + Int(resolution.tv_nsec)
  }
}

extension LaunchFacts {
  /// The facts about MPI, as this process finds them. Asks `mpirun` for its version unless a launcher started
  /// this process.
  package static func gather() -> LaunchFacts {
    var facts = LaunchFacts()
    facts.library = MPILibrary.version
    facts.launcher = LaunchEnvironment.current.launcher
    facts.mpirun = Files.onPath("mpirun")
    if facts.mpirun != nil { facts.mpirunVersion = Files.firstLine(ofCommand: "mpirun --version") }
    facts.isRoot = geteuid() == 0
    facts.allowsRoot =
      Files.environment("OMPI_ALLOW_RUN_AS_ROOT") == "1"
      && Files.environment("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM") == "1"
    facts.temporary = .probe()
    return facts
  }
}

extension RankFacts {
  /// What this rank has to say of itself.
  package static func gather(host: String) -> RankFacts {
    RankFacts(
      host: host, program: Handshake.programDigest(), version: Program.version,
      kernels: "\(KernelSet.current.rawValue) \(CPUFeatures.current)", arithmetic: ArithmeticProbe.digest,
      mpi: MPILibrary.version,
      blas: "\(BLASLibrary.configuration), kernels for \(BLASLibrary.coreName)", cores: Cores.onNode,
      usableCores: Cores.usable)
  }
}

extension WorldFacts {
  /// What all ranks have to say: one all-gather of some 300 bytes a rank.
  package static func gather(over communicator: any Communicator) throws -> WorldFacts {
    let own = RankFacts.gather(host: communicator.processorName)
    return WorldFacts(ranks: try communicator.allGather(own.record).map { RankFacts(record: $0) })
  }
}

extension StringProtocol {
  fileprivate var firstLine: String? { split(whereSeparator: \.isNewline).first.map { String($0) } }
}
