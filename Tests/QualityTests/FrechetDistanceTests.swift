import Datasets
import Foundation
import Quality
import TensorCore
import TestSupport
import Testing

@Suite("Fréchet distance, from moments")
struct FrechetDistanceTests {
  private func moments(mean: [Double], deviations: [Double]) -> Moments {
    let d = mean.count
    var values = [Double](repeating: 0, count: d * d)
    for i in 0..<d { values[i * d + i] = deviations[i] * deviations[i] }
    return Moments(count: 100, mean: mean, covariance: Matrix(rows: d, columns: d, values: values))
  }

  @Test("between normals with parallel axes it is the squared distance of means and of deviations")
  func parallelAxes() {
    let a = moments(mean: [1, 2, 3], deviations: [1, 2, 0])
    let b = moments(mean: [0, 2, 5], deviations: [3, 1, 0.5])
    #expect(abs(a.frechetDistance(to: b) - (1 + 4 + 4 + 1 + 0.25)) < 1e-9)
    #expect(abs(a.frechetDistance(to: a)) < 1e-9)
  }

  @Test("it does not depend on the axes, and is symmetric")
  func rotation() throws {
    let values = KeyedNoise(seed: 1, purpose: .synthetic, turn: 0).normal([600, 5]).scalars.map(Double.init)
    let a = Matrix(rows: 300, columns: 5, values: Array(values[..<1500]))
    let b = Matrix(rows: 300, columns: 5, values: values[1500...].map { 2 * $0 + 0.3 })
    let axes = try #require(Moments(of: a).covariance.eigen()).vectors
    func distance(_ x: Matrix, _ y: Matrix) -> Double { Moments(of: x).frechetDistance(to: Moments(of: y)) }
    let turned = distance(a.product(axes), b.product(axes))
    #expect(abs(distance(a, b) - turned) < 1e-9 && distance(a, b) > 1)
    #expect(abs(distance(a, b) - distance(b, a)) < 1e-9)
  }

  @Test("eigenvectors are orthonormal and give the matrix back; so does the square of its root")
  func eigen() throws {
    let values = KeyedNoise(seed: 2, purpose: .synthetic, turn: 0).normal([40, 6]).scalars.map(Double.init)
    let covariance = Moments(of: Matrix(rows: 40, columns: 6, values: values)).covariance
    let eigen = try #require(covariance.eigen())
    #expect(eigen.values == eigen.values.sorted(by: >))
    let identity = eigen.vectors.product(eigen.vectors, transposingOther: true)
    let root = try #require(covariance.symmetricRoot)
    let square = root.product(root)
    for i in 0..<6 {
      for j in 0..<6 {
        #expect(abs(identity[i, j] - (i == j ? 1 : 0)) < 1e-12)
        #expect(abs(square[i, j] - covariance[i, j]) < 1e-12)
      }
    }
    let largest = try #require(covariance.eigen(largest: 2))
    #expect(largest.values.count == 2 && largest.vectors.rows == 2)
    #expect(zip(largest.values, eigen.values).allSatisfy { abs($0 - $1) < 1e-12 })
    let alone = try #require(covariance.eigen(wantsVectors: false))
    #expect(zip(alone.values, eigen.values).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test(
    "a value that is not finite is reported by every measure, and stops none",
    arguments: [Double.nan, .infinity])
  func notFinite(value: Double) {
    let damaged = Matrix(rows: 2, columns: 2, values: [1, value, value, 1])
    #expect(damaged.eigen() == nil && damaged.eigen(wantsVectors: false) == nil)
    #expect(damaged.symmetricRoot == nil)
    let sound = moments(mean: [0, 0], deviations: [1, 1])
    let other = Moments(count: 100, mean: [0, 0], covariance: damaged)
    #expect(sound.frechetDistance(to: other).isNaN && other.frechetDistance(to: sound).isNaN)
    #expect(PrincipalComponents(PrincipalComponents.Input([1, 2, 1]), moments: other, count: 2) == nil)
    let diversity = Diversity(of: damaged)
    #expect(diversity.spread == .infinity && diversity.effectiveRank == 0)
    #expect(!diversity.shift(from: Diversity(of: Matrix(rows: 2, columns: 2))).isFinite)
  }

  @Test("moments of parts add up to those of the whole, travel as numbers, and are those of the definition")
  func moments() {
    let values = KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).normal([700, 3]).scalars.map(Double.init)
    let all = Matrix(rows: 700, columns: 3, values: values)
    let whole = Moments(of: all)
    let parts = Moments(of: all.rows(0..<300)) + Moments(of: all.rows(300..<700))
    #expect(parts.count == 700 && zip(parts.mean, whole.mean).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(Moments(packed: whole.packed[...], dimensions: 3) == whole)
    var expected = 0.0
    for row in 0..<700 { expected += (all[row, 0] - whole.mean[0]) * (all[row, 2] - whole.mean[2]) }
    #expect(abs(whole.covariance[0, 2] - expected / 699) < 1e-12)
  }
}

/// Real digits. Where they are not, these tests skip: set LOCKSTEP_SHARED_DATA to a folder with `mnist`.
@Suite(.enabled(if: SharedData.isPresent, "real data are absent: set LOCKSTEP_SHARED_DATA"))
struct DigitQualityTests {
  /// The features of the first 20,000 training images in the principal components of all 60,000.
  private static let features = Result { () throws -> Matrix in
    let data = try Datasets.open(
      DatasetRequest(source: SharedData.folder + "/mnist", size: 28, channels: 1))
    let input = PrincipalComponents.Input([28, 28, 1])
    func vectors(_ range: Range<Int>) throws -> Matrix {
      let storage = TensorStorage(count: range.count * data.valuesPerImage)
      for index in range {
        _ = try data.read(index, into: storage.pointer + (index - range.lowerBound) * data.valuesPerImage)
      }
      return input.vectors(of: Tensor(viewOf: storage, offset: 0, shape: [range.count, 28, 28, 1]))
    }
    var moments = Moments(dimensions: input.count)
    for start in stride(from: 0, to: 60_000, by: 1000) { moments.add(try vectors(start..<start + 1000)) }
    let space = try #require(PrincipalComponents(input, moments: moments, count: 64))
    return space.features(of: try vectors(0..<20_000))
  }

  @Test("the first 10,000 images of MNIST lie 0.21198 from the next 10,000, as NumPy computes it")
  func frechet() throws {
    let features = try Self.features.get()
    let distance = Moments(of: features.rows(0..<10_000)).frechetDistance(
      to: Moments(of: features.rows(10_000..<20_000)))
    #expect(abs(distance / 0.2119758 - 1) < 1e-5, "\(distance)")
  }

  @Test("kernel distance, precision, recall, density and coverage of 2,000 against 2,000 are NumPy's")
  func others() throws {
    let features = try Self.features.get()
    let (real, fake) = (features.rows(0..<2000), features.rows(10_000..<12_000))
    #expect(abs(KernelDistance.between(real, fake) / 0.0061510366 - 1) < 1e-3)
    let scores = NeighbourhoodScores(real: real, fake: fake)
    #expect(abs(scores.precision - 0.9395) < 0.0011 && abs(scores.recall - 0.932) < 0.0011)
    #expect(abs(scores.density - 0.8891) < 0.0011 && abs(scores.coverage - 0.914) < 0.0011)
  }
}
