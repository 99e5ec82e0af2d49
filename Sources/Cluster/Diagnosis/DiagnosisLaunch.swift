import MessagePassing
import Training

/// What the facts about MPI mean for a start on several ranks.
extension LaunchFacts {
  /// The verdicts.
  package var checks: [DiagnosisCheck] {
    [mpi, launch] + (mpirun == nil ? [] : [root]) + [temporary?.check("temporary folder")].compactMap(\.self)
  }

  private var mpi: DiagnosisCheck { .ok("MPI library", libraryName) }

  /// The library's own words up to the first comma: the name and the version.
  private var libraryName: String { library.split(separator: ",").first.map(String.init) ?? library }

  private var launch: DiagnosisCheck {
    let name = "mpirun"
    if launcher == .slurmWithoutPMI {
      return .fail(name, "srun without PMI: the tasks cannot find each other", "srun --mpi=pmix")
    }
    guard let mpirun else {
      guard launcher == .none else { return .ok(name, "not on PATH and not needed: \(launcherName)") }
      return .warn(
        name, "not found on PATH; training runs on one rank",
        "apt-get install openmpi-bin, or load the cluster's MPI module")
    }
    guard let mpirunVersion, let found = Release(mpirunVersion) else {
      return .warn(
        name, "\(mpirun) does not tell its version", "run \(mpirun) --version and compare with \(libraryName)"
      )
    }
    let detail = "\(mpirun), \(mpirunVersion)"
    guard let linked = Release(libraryName) else { return .ok(name, detail) }
    let advice = "put the mpirun of \(libraryName) first on PATH"
    if found.isOpenMPI != linked.isOpenMPI || found.major != linked.major {
      // Where the ranks have found each other already, the mpirun on PATH is not the one in use.
      return launcher == .none
        ? .fail(name, "\(detail) does not fit \(libraryName)", advice)
        : .warn(name, "\(detail) does not fit \(libraryName)", advice)
    }
    return found.minor == linked.minor
      ? .ok(name, launcher == .none ? detail : "\(detail), \(launcherName)")
      : .warn(name, "\(detail) is another release than \(libraryName)", advice)
  }

  private var root: DiagnosisCheck {
    guard isRoot, launcher == .none, !allowsRoot else {
      return .ok("user", isRoot ? "root, allowed" : "not root")
    }
    return .warn(
      "user", "root, and Open MPI's mpirun refuses to start as root",
      "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1, or use another user")
  }

  private var launcherName: String {
    switch launcher {
    case .none: "started alone"
    case .openMPI: "started by Open MPI"
    case .slurm: "started by Slurm"
    case .slurmWithoutPMI: "started by Slurm without PMI"
    case .pmi: "started by a PMI launcher"
    }
  }
}

/// A vendor and a version as MPI's own texts name them.
private struct Release {
  let isOpenMPI: Bool
  let major: Int
  let minor: Int

  /// The first word of the form `4.1…` or `v4.1…`; nil if there is none.
  init?(_ text: String) {
    isOpenMPI = text.contains("Open MPI") || text.contains("OpenRTE")
    for word in text.split(whereSeparator: { $0 == " " || $0 == "," }) {
      let numbers = word.drop { $0 == "v" }.split(separator: ".")
      guard numbers.count >= 2, let major = Int(numbers[0]) else { continue }
      guard let minor = Int(numbers[1].prefix { $0.isNumber }) else { continue }
      (self.major, self.minor) = (major, minor)
      return
    }
    return nil
  }
}
