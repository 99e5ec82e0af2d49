import Platform
import Training

/// What the facts about a machine mean for training.
extension MachineFacts {
  /// Bytes that a rank of an ordinary recipe needs, roughly.
  static let memoryPerRank = 1 << 30

  /// The verdicts.
  /// - Parameter ranks: how many ranks run on this machine.
  package func checks(ranks: Int) -> [DiagnosisCheck] {
    [
      processor, cpus(ranks: ranks), blas, memory(ranks: ranks), pages, sharedMemory(ranks: ranks),
      files(ranks: ranks),
      clock,
    ]
  }

  /// Always OK: no command begins where the kernels cannot run, or where the set asked for is not there.
  private var processor: DiagnosisCheck { .ok("processor", "\(instructionSets), kernels \(kernels)") }

  private func cpus(ranks: Int) -> DiagnosisCheck {
    let detail = "\(usableCores) of \(cores) usable by this process"
    guard usableCores < max(1, cores / ranks) else { return .ok("cores", detail) }
    return .warn(
      "cores", detail,
      "ask the launcher or the batch system for more: mpirun --bind-to none, srun --cpus-per-task=\(cores / ranks)"
    )
  }

  /// Processors without AVX2, whose kernels OpenBLAS takes where it does not know the processor.
  private static let oldCores: Set<String> = [
    "prescott", "core2", "nehalem", "penryn", "dunnington", "sandybridge",
  ]

  private var blas: DiagnosisCheck {
    let asked = blasThreadsAsked.map { "OPENBLAS_NUM_THREADS=\($0)" } ?? "OPENBLAS_NUM_THREADS unset"
    let detail = "\(blasConfiguration), kernels for \(blasCore), \(asked); matrix products use one thread"
    if supportsWide && Self.oldCores.contains(blasCore.lowercased()) {
      return .warn(
        "BLAS", "\(detail): OpenBLAS does not know this processor, which has AVX-512",
        "export OPENBLAS_CORETYPE=SkylakeX; only measures of quality and bench gemm use it")
    }
    // Threads that OpenBLAS starts as it is loaded never compute here, but each takes a buffer and a place in
    // the process table.
    guard blasThreads > 4 * usableCores else { return .ok("BLAS", detail) }
    return .warn(
      "BLAS", "\(detail), but it starts \(blasThreads) on \(usableCores) cores",
      "export OPENBLAS_NUM_THREADS=1")
  }

  private func memory(ranks: Int) -> DiagnosisCheck {
    guard let memoryAvailable else {
      return .warn("memory", "the kernel does not say how much is free", "mount /proc")
    }
    let free = min(memoryAvailable, memoryLimit ?? memoryAvailable)
    let limit = memoryLimit.map { ", limited to \(ByteCount.text($0)) by the control group" } ?? ""
    let detail =
      "\(ByteCount.text(memoryAvailable)) available\(limit), \(Count.text(ranks, "rank")) here"
    if free < ranks * Self.memoryPerRank / 8 {
      return .fail("memory", detail, "free some memory or start fewer ranks; a rank takes about 1 GiB")
    }
    return free < ranks * Self.memoryPerRank
      ? .warn("memory", detail, "start fewer ranks or set batch lower; a rank takes about 1 GiB")
      : .ok("memory", detail)
  }

  private var pages: DiagnosisCheck {
    switch hugePages {
    case nil: .ok("huge pages", "the kernel has none")
    case "never":
      .warn(
        "huge pages", "transparent huge pages are off; large tensors miss the TLB",
        "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled (as root)")
    case let setting?: .ok("huge pages", setting)
    }
  }

  private func sharedMemory(ranks: Int) -> DiagnosisCheck {
    let advice = "mount a tmpfs on /dev/shm (docker run --shm-size=1g); ranks of one node talk through it"
    guard let sharedMemory else { return .warn("/dev/shm", "not there", advice) }
    let detail = "\(ByteCount.text(sharedMemory)) free"
    return sharedMemory < max(ranks, 2) * 16 << 20
      ? .warn("/dev/shm", detail, advice) : .ok("/dev/shm", detail)
  }

  private func files(ranks: Int) -> DiagnosisCheck {
    let detail = "\(openFiles) (at most \(openFilesMaximum))"
    let needed = 256 + 8 * ranks
    guard openFiles < needed else { return .ok("open files", detail) }
    let advice = "ulimit -n \(max(needed, 1024))"
    return openFiles < 64 ? .fail("open files", detail, advice) : .warn("open files", detail, advice)
  }

  private var clock: DiagnosisCheck {
    guard let clockResolution else {
      return .fail("clock", "no monotonic clock", "run on a kernel with CLOCK_MONOTONIC", .unexpected)
    }
    let detail = "monotonic, \(clockResolution) ns, source \(clockSource ?? "unknown")"
    guard clockResolution <= 1_000_000 else {
      return .warn("clock", detail, "boot with high-resolution timers; waits for other ranks take longer")
    }
    switch clockSource {
    case "hpet", "acpi_pm", "jiffies":
      return .warn(
        "clock", detail, "boot with clocksource=tsc if the machine allows; reading this one is slow")
    default: return .ok("clock", detail)
    }
  }
}
