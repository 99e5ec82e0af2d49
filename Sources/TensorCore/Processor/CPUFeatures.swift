internal import CProcessor

/// The instruction sets that matter to the kernels, as the processor and the operating system offer them.
public struct CPUFeatures: Hashable, Sendable, CustomStringConvertible {
  /// 256-bit integer and float vectors, and what x86-64-v3 has beside them: BMI1 and 2, LZCNT, MOVBE, F16C.
  let avx2: Bool
  /// Fused multiply-add on 256-bit vectors.
  let fma: Bool
  /// AVX-512 F, BW, CD, DQ and VL, which x86-64-v4 stands for.
  let avx512: Bool

  /// Whether the kernels can run at all: x86-64-v3, or another architecture built with its own default.
  public var supportsBaseline: Bool {
    #if arch(x86_64)
      avx2 && fma
    #else
      true
    #endif
  }

  /// Whether the AVX-512 kernels can run.
  public var supportsWide: Bool { supportsBaseline && avx512 }

  /// What this machine offers.
  public static let current = CPUFeatures.detect()

  /// `AVX2 FMA AVX-512`; of another architecture, what every processor of it has.
  public var description: String {
    #if arch(x86_64)
      let names = [(avx2, "AVX2"), (fma, "FMA"), (avx512, "AVX-512")].filter(\.0).map(\.1)
      return names.isEmpty ? "no AVX2" : names.joined(separator: " ")
    #elseif arch(arm64)
      return "NEON"
    #else
      return "the architecture's default"
    #endif
  }

  private static func detect() -> CPUFeatures {
    #if arch(x86_64)
      let basic = lockstep_cpuid(1, 0).ecx
      let extended = lockstep_cpuid(7, 0).ebx
      let amd = lockstep_cpuid(0x8000_0001, 0).ecx
      func has(_ register: UInt32, _ bits: Int...) -> Bool { bits.allSatisfy { register >> $0 & 1 == 1 } }
      // The operating system must save the registers: XMM and YMM, and for AVX-512 masks and ZMM.
      let saved = has(basic, 27) ? lockstep_xgetbv() : 0
      let savesYMM = saved & 0x6 == 0x6
      let savesZMM = saved & 0xe6 == 0xe6
      return CPUFeatures(
        avx2: savesYMM && has(basic, 22, 28, 29) && has(extended, 3, 5, 8) && has(amd, 5),
        fma: savesYMM && has(basic, 12),
        avx512: savesZMM && has(extended, 16, 17, 28, 30, 31))
    #else
      return CPUFeatures(avx2: false, fma: false, avx512: false)
    #endif
  }
}
