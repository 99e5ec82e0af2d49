import TensorCore
import Testing

@Suite("Rectifiers")
struct RectifierTests {
  /// Channels that fill vectors and leave some.
  private static let shape: Shape = [5, 39]
  /// In front of a rectifier: every kind of number, in an order that meets each upstream gradient.
  private static let inputs = tensor([-.infinity, -2, -0.0, 0, 3, .infinity, .nan])
  private static let upstream = tensor([-.infinity, -1.5, 2, .infinity, .nan])

  private static func tensor(_ values: [Float]) -> Tensor {
    Tensor((0..<shape.count).map { values[$0 % values.count] }, shape: shape)
  }

  /// What adds nothing, not even to the sign of a zero.
  private static func vector(_ value: Float) -> Tensor {
    Tensor(repeating: value, shape: [shape.channels])
  }

  private func normalization(_ slope: Float) -> ChannelNormalization {
    ChannelNormalization(
      mean: Self.vector(0), inverseDeviation: Self.vector(1), scale: Self.vector(1),
      shift: Self.vector(-0.0), activation: .leakyReLU(slope: slope))
  }

  private func bits(_ tensor: Tensor) -> [UInt32] { tensor.scalars.map(\.bitPattern) }

  @Test("what is not positive becomes 0 behind a rectifier, also what is infinite; a NaN stays one")
  func rule() {
    let values = Tensor([-.infinity, -2, -0.0, 0, 3, .infinity, .nan], shape: [7])
    #expect(bits(values.rectified()) == [0, 0, 0, 0, 3, .infinity, .nan].map { (x: Float) in x.bitPattern })
    #expect(
      bits(values.leakyRectified(slope: 0.5))
        == [-.infinity, -1, -0.0, 0, 3, .infinity, .nan].map { (x: Float) in x.bitPattern })
    #expect(values.positiveMask(otherwise: 0.5).scalars == [0.5, 0.5, 0.5, 0.5, 1, 1, 1])
  }

  @Test(
    "a fused rectifier has the bits of one by itself, also of infinities and NaN",
    arguments: [0, 0.2] as [Float])
  func fusedIsUnfused(slope: Float) {
    let expected = bits(Self.inputs.leakyRectified(slope: slope))
    if slope == 0 { #expect(bits(Self.inputs.rectified()) == expected) }
    for bias in [Self.vector(-0.0), nil] {
      var rows = Self.inputs
      rows.addToRows(bias, .leakyReLU(slope: slope))
      #expect(bits(rows) == expected)
    }
    #expect(bits(Self.inputs.normalized(by: [normalization(slope)])) == expected)
  }

  @Test(
    "a gradient passes a fused rectifier with the bits of one by itself, also by infinities and NaN",
    arguments: [0, 0.2] as [Float])
  func fusedGradientIsUnfused(slope: Float) {
    let expected = Self.upstream.leakyRectifierGradient(at: Self.inputs, slope: slope)
    let output = Self.inputs.leakyRectified(slope: slope)
    #expect(
      bits(Self.upstream.leakyRectifierGradient(at: output, slope: slope, parts: 1).gradient)
        == bits(expected))
    for row in 0..<Self.shape[0] {
      // The sum over one row is the row.
      let sums = Tensor.normalizationGradientSums(
        Self.upstream.rows(row..<row + 1), input: Self.inputs.rows(row..<row + 1), normalization(slope))
      #expect(bits(sums.shift) == bits(expected.rows(row..<row + 1)))
    }
  }
}
