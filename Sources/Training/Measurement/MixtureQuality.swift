package import Datasets
package import TensorCore

#if canImport(Glibc)
  import Glibc
#endif

/// How well samples of a generator match a mixture of Gaussians, by the definitions of Srivastava et al. 2017
/// (VEEGAN, section 4.1) and Lin et al. 2018 (PacGAN, section 4.1): a sample is of high quality within three
/// standard deviations of its nearest mode, and a mode is covered by at least one such sample.
package struct MixtureQuality: Hashable, Sendable {
  /// Modes with a sample of high quality.
  package let modesCovered: Int
  /// The share of samples of high quality.
  package let highQuality: Double
  /// The Kullback-Leibler divergence of the modes' shares among the samples of high quality from the uniform
  /// distribution, in nats; nil if there are none.
  package let reverseKL: Double?

  /// Samples that are drawn for a measurement, in PacGAN and here.
  package static let sampleCount = 2500

  /// Measures `samples`, `[N, …, 2]`.
  package init(of samples: Tensor, against mixture: GaussianMixture.Modes) {
    let scalars = samples.scalars
    let count = scalars.count / 2
    var histogram = [Int](repeating: 0, count: mixture.centres.count)
    let reach = 3 * mixture.deviation
    for sample in 0..<count {
      let point = SIMD2(scalars[2 * sample], scalars[2 * sample + 1])
      var nearest = (distance: Float.infinity, mode: 0)
      for (mode, centre) in mixture.centres.enumerated() {
        let offset = point - centre
        let distance = (offset * offset).sum()
        if distance < nearest.distance { nearest = (distance, mode) }
      }
      if nearest.distance <= reach * reach { histogram[nearest.mode] += 1 }
    }
    let good = histogram.reduce(0, +)
    modesCovered = histogram.count { $0 > 0 }
    highQuality = Double(good) / Double(max(count, 1))
    reverseKL = good == 0 ? nil : Self.divergenceFromUniform(histogram, total: good)
  }

  /// Σ p ln(p / u) over the modes that occur.
  private static func divergenceFromUniform(_ histogram: [Int], total: Int) -> Double {
    histogram.filter { $0 > 0 }.reduce(0) { sum, count in
      let share = Double(count) / Double(total)
      return sum + share * log(share * Double(histogram.count))
    }
  }
}
