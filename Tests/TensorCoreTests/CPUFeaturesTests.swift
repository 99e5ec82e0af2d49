import TensorCore
import Testing

@Suite("CPU features")
struct CPUFeaturesTests {
  private static func bits(_ places: Int...) -> UInt32 { places.reduce(0) { $0 | 1 << $1 } }

  private let basic = bits(12, 22, 27, 28, 29)
  private let extended = bits(3, 5, 8, 16, 17, 28, 30, 31)
  private let amd = bits(5)

  /// A processor with AVX-512, of whose bits some are flipped.
  private func without(
    basic: UInt32 = 0, extended: UInt32 = 0, amd: UInt32 = 0, saved: UInt64 = 0
  ) -> CPUFeatures {
    CPUFeatures(basic: self.basic ^ basic, extended: self.extended ^ extended, amd: self.amd ^ amd) {
      0xe6 ^ saved
    }
  }

  @Test("every bit that the program needs is looked at, and named where it is missing")
  func needed() {
    #expect("\(without())" == "AVX2 FMA AVX-512")
    for (bit, name) in [(12, "FMA"), (22, "MOVBE"), (28, "AVX"), (29, "F16C")] {
      #expect("\(without(basic: 1 << bit))" == "no \(name)")
    }
    for (bit, name) in [(3, "BMI1"), (5, "AVX2"), (8, "BMI2")] {
      #expect("\(without(extended: 1 << bit))" == "no \(name)")
    }
    #expect("\(without(extended: 1 << 5, amd: 1 << 5))" == "no AVX2, LZCNT")
    for bit in [1, 2] { #expect(!without(saved: 1 << bit).supportsBaseline) }
  }

  @Test("without a bit of AVX-512, or registers of it that are saved, the wide kernels alone do not run")
  func wide() {
    #expect(without().supportsWide)
    let narrow =
      [16, 17, 28, 30, 31].map { without(extended: 1 << $0) } + [5, 6, 7].map { without(saved: 1 << $0) }
    #expect(narrow.allSatisfy { "\($0)" == "AVX2 FMA" && $0.supportsBaseline && !$0.supportsWide })
    #expect(!without(amd: 1 << 5).supportsWide)
  }

  @Test("a system that saves no vector registers is not asked which")
  func notAsked() {
    let features = CPUFeatures(basic: basic ^ 1 << 27, extended: extended, amd: amd) {
      Issue.record("XGETBV is not allowed here")
      return 0xe6
    }
    #expect(!features.supportsBaseline)
  }
}
