import Glibc

/// The two builds of the kernels: same sources, same bits, different vector width.
public enum KernelSet: String, Sendable, CaseIterable {
  /// x86-64-v3 (AVX2 and FMA).
  case baseline
  /// x86-64-v4 (AVX-512).
  case wide

  /// The set in use: the widest that the processor offers, or the one that the environment variable
  /// `LOCKSTEP_KERNELS` (`baseline` or `wide`) asks for.
  /// - Precondition: ``environmentProblem`` is nil.
  public static let current: KernelSet = {
    if let problem = environmentProblem { preconditionFailure(problem) }
    return asked.flatMap(KernelSet.init(rawValue:)) ?? (CPUFeatures.current.supportsWide ? .wide : .baseline)
  }()

  /// What is wrong with `LOCKSTEP_KERNELS`, in one line; nil if nothing is.
  public static var environmentProblem: String? {
    guard let asked else { return nil }
    guard let set = KernelSet(rawValue: asked) else {
      return "LOCKSTEP_KERNELS is '\(asked)'; use baseline or wide"
    }
    return set.isSupported
      ? nil : "LOCKSTEP_KERNELS=\(asked), but this processor has \(CPUFeatures.current); leave it out"
  }

  private static var asked: String? { getenv("LOCKSTEP_KERNELS").map { String(cString: $0) } }

  /// Whether this processor can run the set.
  public var isSupported: Bool {
    switch self {
    case .baseline: CPUFeatures.current.supportsBaseline
    case .wide: CPUFeatures.current.supportsWide
    }
  }
}
