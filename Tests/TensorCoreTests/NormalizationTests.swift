import TensorCore
import Testing

@Suite("Channel normalisation", .serialized)
struct NormalizationTests {
  /// Rows below, at and beyond a block, channels that fill no group.
  static let shapes: [Shape] = [
    [1, 3], [7, 1], [64, 16], [65, 20], [3, 11, 13, 64], [2, 16, 16, 100], [130, 17],
  ]

  private func doubles(_ tensor: Tensor) -> [Double] { tensor.scalars.map(Double.init) }

  private func close(_ result: Tensor, _ expected: [Double], _ tolerance: Double) -> Bool {
    let scale = expected.reduce(1) { max($0, abs($1)) }
    return zip(result.scalars, expected).allSatisfy { abs(Double($0) - $1) <= tolerance * scale }
  }

  /// The moments of every channel in Double.
  private func moments(_ x: [Double], _ channels: Int) -> (mean: [Double], variance: [Double]) {
    let rows = Double(x.count / channels)
    var mean = [Double](repeating: 0, count: channels)
    var variance = mean
    for (index, value) in x.enumerated() { mean[index % channels] += value / rows }
    for (index, value) in x.enumerated() {
      let deviation = value - mean[index % channels]
      variance[index % channels] += deviation * deviation / rows
    }
    return (mean, variance)
  }

  @Test("moments agree with Double, also far from zero", arguments: shapes, [0, 1000] as [Float])
  func momentsAgree(_ shape: Shape, _ offset: Float) {
    var numbers = TestNumbers(seed: 21)
    let x = Tensor(numbers.tensor(shape).scalars.map { $0 + offset }, shape: shape)
    let expected = moments(doubles(x), shape.channels)
    let result = x.channelMoments()
    #expect(result.mean.shape == [shape.channels])
    #expect(close(result.mean, expected.mean, 1e-6))
    #expect(close(result.variance, expected.variance, 2e-6))
  }

  private func normalization(_ channels: Int, _ x: Tensor, _ activation: FusedActivation)
    -> ChannelNormalization
  {
    var numbers = TestNumbers(seed: 22)
    let (mean, variance) = x.channelMoments()
    return ChannelNormalization(
      mean: mean,
      inverseDeviation: Tensor(variance.scalars.map { 1 / ($0 + 1e-5).squareRoot() }, shape: variance.shape),
      scale: numbers.tensor([channels]), shift: numbers.tensor([channels]), activation: activation)
  }

  @Test(
    "the fused passes agree with the formulas", arguments: shapes,
    [.identity, .relu, .leakyReLU(slope: 0.2)] as [FusedActivation])
  func fusedPassesAgree(_ shape: Shape, _ activation: FusedActivation) {
    var numbers = TestNumbers(seed: 23)
    let channels = shape.channels
    let rows = Double(shape.rows)
    let (x, upstream) = (numbers.tensor(shape), numbers.tensor(shape))
    let normalization = normalization(channels, x, activation)
    let (mean, inverse) = (doubles(normalization.mean), doubles(normalization.inverseDeviation))
    let (scale, shift) = (doubles(normalization.scale), doubles(normalization.shift))
    let slope =
      switch activation {
      case .identity: 1.0
      case .relu: 0.0
      case .leakyReLU(let slope): Double(slope)
      }
    let normalized = doubles(x).enumerated().map { ($1 - mean[$0 % channels]) * inverse[$0 % channels] }
    let z = normalized.enumerated().map { $1 * scale[$0 % channels] + shift[$0 % channels] }
    #expect(close(x.normalized(by: [normalization]), z.map { $0 > 0 ? $0 : slope * $0 }, 1e-6))

    let g = zip(doubles(upstream), z).map { $1 > 0 ? $0 : slope * $0 }
    var sums = (
      scale: [Double](repeating: 0, count: channels), shift: [Double](repeating: 0, count: channels)
    )
    for index in g.indices {
      sums.shift[index % channels] += g[index]
      sums.scale[index % channels] += g[index] * normalized[index]
    }
    let result = Tensor.normalizationGradientSums(upstream, input: x, normalization)
    #expect(close(result.scale, sums.scale, 1e-5))
    #expect(close(result.shift, sums.shift, 1e-5))

    let expected = g.indices.map { index in
      let c = index % channels
      return scale[c] * inverse[c] * (g[index] - (sums.shift[c] + normalized[index] * sums.scale[c]) / rows)
    }
    #expect(
      close(
        Tensor.normalizationInputGradient(upstream, input: x, [normalization], sums: [result]), expected, 1e-4
      ))
  }

  @Test("the number of threads changes no bit", arguments: shapes)
  func threadsChangeNoBit(_ shape: Shape) {
    defer { ComputeThreads.count = 1 }
    var numbers = TestNumbers(seed: 24)
    let (x, upstream) = (numbers.tensor(shape), numbers.tensor(shape))
    func bits() -> [[UInt32]] {
      let normalization = normalization(shape.channels, x, .leakyReLU(slope: 0.2))
      let sums = Tensor.normalizationGradientSums(upstream, input: x, normalization)
      return [
        normalization.mean, normalization.inverseDeviation, x.normalized(by: [normalization]), sums.scale,
        sums.shift, Tensor.normalizationInputGradient(upstream, input: x, [normalization], sums: [sums]),
      ].map { $0.scalars.map(\.bitPattern) }
    }
    ComputeThreads.count = 1
    let alone = bits()
    for threads in [2, 3] {
      ComputeThreads.count = threads
      #expect(bits() == alone)
    }
  }

  @Test(
    "a NaN is not repaired by the activation",
    arguments: [.relu, .leakyReLU(slope: 0.2)] as [FusedActivation])
  func notANumberStaysOne(_ activation: FusedActivation) {
    let one = Tensor(repeating: 1, shape: [1])
    let normalization = ChannelNormalization(
      mean: one, inverseDeviation: one, scale: one, shift: one, activation: activation)
    #expect(Tensor([.nan], shape: [1, 1]).normalized(by: [normalization]).scalar.isNaN)
  }
}
