import Autograd
import FiniteDifferences
import Foundation
import TensorCore
import Testing

@Suite("Derivative rules")
struct DerivativeRuleTests {
  static let cases: [DerivativeCase] =
    DerivativeCase.arithmetic + DerivativeCase.reductions + DerivativeCase.elementwise + DerivativeCase.layout
    + DerivativeCase.augmentation + DerivativeCase.channels
    + DerivativeCase.pooling + DerivativeCase.normalization + DerivativeCase.matrixProducts
    + DerivativeCase.linears
    + DerivativeCase.convolutions
    + DerivativeCase.transposedConvolutions

  /// Float32 outputs of size 1 are off by 6e-8, which a step of 1/64 magnifies to about 1e-5.
  static let tolerance = 5e-4

  @Test("a gradient equals the central differences of the function", arguments: cases)
  func firstOrder(_ derivative: DerivativeCase) {
    #expect(derivative.firstOrderError() < Self.tolerance)
  }

  @Test("a gradient of a recorded gradient equals the central differences of gradients", arguments: cases)
  func secondOrder(_ derivative: DerivativeCase) {
    #expect(derivative.secondOrderError() < Self.tolerance)
  }

  @Test("recording a gradient does not change its value", arguments: cases)
  func recording(_ derivative: DerivativeCase) {
    #expect(derivative.recordingError() < 1e-5)
  }

  @Test("every operation on variables has a case")
  func everyOperationIsCovered() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/Autograd")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.hasPrefix("Variable+") && $0.hasSuffix(".swift")
    }
    let operations = try files.sorted().flatMap { file in
      try String(contentsOf: folder.appending(path: file), encoding: .utf8).split(separator: "\n").compactMap
      {
        $0.firstMatch(of: /^ *public (?:static )?(?:prefix )?func ([^ (]+)/).map { String($0.1) }
      }
    }
    #expect(operations.count > 40, "the operations are found")
    // Moves samples of several parts, which cases have not; PartsTests differentiates it twice.
    let elsewhere: Set<Substring> = ["everyOtherPart"]
    let covered = Set(Self.cases.map { $0.description.prefix { $0 != " " } }).union(elsewhere)
    for operation in operations {
      #expect(covered.contains(operation[...]), "no case is named \(operation)")
    }
  }

  @Test("a rule that forgets a factor's dependence is found by the first-order check")
  func wrongFirstOrderIsFound() {
    var n = Numbers(seed: 9)
    let wrong = DerivativeCase("silu", [n.between(-2, 2, [4])]) {
      $0[0] * $0[0].constant($0[0].sigmoid().value)
    }
    #expect(wrong.firstOrderError() > 100 * Self.tolerance)
  }

  @Test("a rule that is right once but not differentiable again is found by the second-order check")
  func wrongSecondOrderIsFound() {
    // Value x² and gradient 2x, but a constant one.
    var n = Numbers(seed: 10)
    let wrong = DerivativeCase("square", [n.between(-2, 2, [4])]) {
      let constant = $0[0].constant($0[0].value)
      return constant * constant + constant * 2 * ($0[0] - constant)
    }
    #expect(wrong.firstOrderError() < Self.tolerance)
    #expect(wrong.secondOrderError() > 100 * Self.tolerance)
  }
}
