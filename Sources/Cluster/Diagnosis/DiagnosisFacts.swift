package import MessagePassing
import Training

/// What there is to know about one machine, gathered before anything is judged.
package struct MachineFacts: Sendable, Equatable {
  /// Such as `AVX2 FMA AVX-512`.
  package var instructionSets = ""
  /// Whether the AVX-512 kernels can run.
  package var supportsWide = false
  /// The kernels in use, and whether `LOCKSTEP_KERNELS` asks for them.
  package var kernels = ""
  /// Cores of the node.
  package var cores = 1
  /// Cores that this process may use.
  package var usableCores = 1
  /// Bytes that the kernel could give without swapping; nil where it does not say.
  package var memoryAvailable: Int?
  /// The limit of the control group in bytes; nil without one.
  package var memoryLimit: Int?
  /// The setting in use, such as `madvise`; nil where the kernel has none.
  package var hugePages: String?
  /// Files that the process may have open.
  package var openFiles = 0
  /// Files that it could ask for.
  package var openFilesMaximum = 0
  /// Bytes that MPI finds free in `/dev/shm`; nil where there is none.
  package var sharedMemory: Int?
  /// The kernel's clock source, such as `tsc`.
  package var clockSource: String?
  /// Nanoseconds between two ticks of the monotonic clock; nil where there is no such clock.
  package var clockResolution: Int?
  /// What BLAS says of its build.
  package var blasConfiguration = ""
  /// The processor that BLAS chose its kernels for.
  package var blasCore = ""
  /// The value of `OPENBLAS_NUM_THREADS`.
  var blasThreadsAsked: String?
  /// Threads that BLAS would start by itself.
  package var blasThreads = 1

  package init() {}
}

/// What there is to know about MPI from one process.
package struct LaunchFacts: Sendable, Equatable {
  /// What the library that this program is linked to says of itself, such as `Open MPI v4.1.4, package: …`.
  package var library = ""
  /// Who started the process.
  package var launcher = LaunchEnvironment.Launcher.none
  /// The `mpirun` that a shell would find; nil if it finds none.
  package var mpirun: String?
  /// The first line of `mpirun --version`, such as `mpirun (Open MPI) 4.1.4`.
  package var mpirunVersion: String?
  /// Whether the user is root.
  package var isRoot = false
  /// Whether `OMPI_ALLOW_RUN_AS_ROOT` and `OMPI_ALLOW_RUN_AS_ROOT_CONFIRM` are set.
  package var allowsRoot = false
  /// Where Open MPI keeps its session; nil where nobody has looked.
  package var temporary: TemporaryFolderFacts?

  package init() {}
}

/// What happened to a probe file where runs would be written.
package struct FolderFacts: Sendable, Equatable {
  /// How far the probe came.
  package enum Outcome: Sendable, Equatable {
    /// Created, written, synchronised, renamed and removed.
    case writable
    /// A call failed, with the system's reason.
    case failed(call: String, reason: String)
  }

  /// The folder that was probed.
  package var path: String
  /// How far the probe came.
  package var outcome: Outcome
  /// Bytes that are free there, `Int.max` for no limit; nil where the system does not say.
  package var free: Int?
  /// Whether it lies in memory and is gone with the next boot.
  package var isInMemory: Bool

  package init(path: String, outcome: Outcome, free: Int?, isInMemory: Bool = false) {
    self.path = path
    self.outcome = outcome
    self.free = free
    self.isInMemory = isInMemory
  }
}
