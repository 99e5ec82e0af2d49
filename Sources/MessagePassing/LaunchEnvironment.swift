package import Glibc
import Platform

/// What the launcher told this process through its environment, before MPI is asked.
public struct LaunchEnvironment: Sendable, Equatable {
  /// Who started the process, as far as its environment tells.
  public enum Launcher: Sendable, Equatable {
    /// Nobody: the process runs alone.
    case none
    /// `mpirun` of Open MPI.
    case openMPI
    /// `srun` with a PMI or PMIx plugin.
    case slurm
    /// `srun --mpi=none`: the tasks cannot find each other.
    case slurmWithoutPMI
    /// Another launcher that speaks PMI, such as the one of MPICH.
    case pmi
  }

  /// Who started the process.
  public let launcher: Launcher
  /// The number of processes started together, where the launcher says so.
  public let size: Int?
  /// This process's number, where the launcher says so.
  public let rank: Int?
  /// The variable that ``size`` was read from, for messages.
  let sizeVariable: String

  /// Reads the variables of Open MPI, PMIx, PMI and Slurm through `value`.
  public init(_ value: (String) -> String?) {
    func integer(_ name: String) -> Int? { value(name).flatMap { Int($0) } }
    let slurmTasks = integer("SLURM_STEP_NUM_TASKS")
    let hasPMI = value("PMIX_RANK") != nil || value("PMI_SIZE") != nil || value("PMI_RANK") != nil
    if value("OMPI_COMM_WORLD_SIZE") != nil {
      (launcher, sizeVariable) = (.openMPI, "OMPI_COMM_WORLD_SIZE")
      rank = integer("OMPI_COMM_WORLD_RANK")
    } else if let slurmTasks, value("SLURM_PROCID") != nil, hasPMI || slurmTasks > 1 {
      (launcher, sizeVariable) = (hasPMI ? .slurm : .slurmWithoutPMI, "SLURM_STEP_NUM_TASKS")
      rank = integer("SLURM_PROCID")
    } else if hasPMI {
      (launcher, sizeVariable) = (.pmi, "PMI_SIZE")
      rank = integer("PMI_RANK") ?? integer("PMIX_RANK")
    } else {
      (launcher, sizeVariable) = (.none, "")
      rank = nil
    }
    size = sizeVariable.isEmpty ? nil : integer(sizeVariable)
  }

  /// Whether a process is a daemon by which Open MPI's `mpirun` starts ranks on another host.
  package static func isDaemon(_ process: pid_t) -> Bool {
    Files.head("/proc/\(process)/comm") == "orted\n"
  }

  /// That of this process.
  public static var current: LaunchEnvironment {
    LaunchEnvironment(Files.environment)
  }
}
