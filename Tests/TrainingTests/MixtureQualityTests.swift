import Datasets
import Foundation
import TensorCore
import Testing
import Training

@Suite("How well samples match a mixture")
struct MixtureQualityTests {
  private let modes = GaussianMixture.Modes(centres: [[0, 0], [10, 0], [0, 10], [10, 10]], deviation: 1)

  private func quality(_ points: [[Float]]) -> MixtureQuality {
    MixtureQuality(of: Tensor(points.flatMap { $0 }, shape: [points.count, 1, 1, 2]), against: modes)
  }

  @Test("a sample within three deviations of its nearest mode is of high quality, and covers it")
  func reach() {
    let result = quality([[0, 3], [0, 3.01], [10, 2], [5, 5]])
    #expect(result.modesCovered == 2 && result.highQuality == 0.5)
  }

  @Test("the reverse KL is that of the modes' shares from uniform, and that of one mode is ln 4")
  func divergence() throws {
    #expect(quality([[0, 0], [10, 0], [0, 10], [10, 10]]).reverseKL == 0)
    #expect(abs(try #require(quality([[0, 0], [0.5, 0]]).reverseKL) - log(4)) < 1e-12)
    // Shares 3/4 and 1/4; the sample between the modes counts for nothing.
    let expected = 0.75 * log(3) + 0.25 * log(1)
    let result = quality([[0, 0], [0, 1], [0, -1], [10, 0], [5, 5]])
    #expect(abs(try #require(result.reverseKL) - expected) < 1e-12)
  }

  @Test("without a sample of high quality there is no divergence; NaN is of no quality")
  func none() {
    let result = quality([[5, 5], [.nan, 0]])
    #expect(result.modesCovered == 0 && result.highQuality == 0 && result.reverseKL == nil)
  }

  @Test("the training points themselves score nearly perfectly", arguments: GaussianMixture.Kind.allCases)
  func trainingPoints(kind: GaussianMixture.Kind) throws {
    let data = GaussianMixture(kind, count: MixtureQuality.sampleCount)
    var values = [Float](repeating: 0, count: 2 * data.count)
    try values.withUnsafeMutableBufferPointer { buffer in
      for index in 0..<data.count { _ = try data.read(index, into: buffer.baseAddress! + 2 * index) }
    }
    let result = MixtureQuality(of: Tensor(values, shape: [data.count, 2]), against: data.modes)
    #expect(result.modesCovered == data.labelCount && result.highQuality > 0.98)
    #expect(try #require(result.reverseKL) < 0.001)
  }
}
