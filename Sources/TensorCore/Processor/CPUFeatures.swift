import CProcessor

/// The instruction sets that matter to the kernels, as the processor and the operating system offer them.
public struct CPUFeatures: Hashable, Sendable, CustomStringConvertible {
  /// What the program needs of x86-64-v3 and does not find, such as `MOVBE`.
  package let missing: [String]
  /// AVX-512 F, BW, CD, DQ and VL, which x86-64-v4 stands for.
  private let avx512: Bool

  /// Whether the program can run at all.
  public var supportsBaseline: Bool { missing.isEmpty }

  /// Whether the AVX-512 kernels can run.
  public var supportsWide: Bool { supportsBaseline && avx512 }

  /// What this machine offers.
  public static let current = CPUFeatures(
    basic: lockstep_cpuid(1, 0).ecx, extended: lockstep_cpuid(7, 0).ebx,
    amd: lockstep_cpuid(0x8000_0001, 0).ecx, saved: lockstep_xgetbv)

  /// `AVX2 FMA AVX-512`, or `no MOVBE, LZCNT` where the program cannot run.
  public var description: String {
    guard supportsBaseline else { return "no " + missing.joined(separator: ", ") }
    return supportsWide ? "AVX2 FMA AVX-512" : "AVX2 FMA"
  }

  /// - Parameters:
  ///   - basic: ECX of CPUID's leaf 1.
  ///   - extended: EBX of leaf 7.
  ///   - amd: ECX of leaf 0x80000001.
  ///   - saved: the register states that the operating system saves; asked for only where that is allowed.
  package init(basic: UInt32, extended: UInt32, amd: UInt32, saved: () -> UInt64) {
    func has(_ register: UInt32, _ bit: Int) -> Bool { register >> bit & 1 == 1 }
    let saved = has(basic, 27) ? saved() : 0
    missing = [
      ("AVX2", has(extended, 5)), ("FMA", has(basic, 12)), ("MOVBE", has(basic, 22)),
      ("AVX", has(basic, 28)), ("F16C", has(basic, 29)), ("BMI1", has(extended, 3)),
      ("BMI2", has(extended, 8)), ("LZCNT", has(amd, 5)),
      // XMM and YMM; for AVX-512 also masks and both parts of ZMM.
      ("vector registers that the system saves", saved & 0x6 == 0x6),
    ].filter { !$0.1 }.map(\.0)
    avx512 = saved & 0xe6 == 0xe6 && [16, 17, 28, 30, 31].allSatisfy { has(extended, $0) }
  }
}
