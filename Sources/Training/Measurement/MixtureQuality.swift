package import Datasets
import Quality
package import TensorCore

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
    let reach = 3 * mixture.deviation
    // The modes of the samples of high quality.
    var modes: [Int] = []
    for sample in 0..<count {
      let point = SIMD2(scalars[2 * sample], scalars[2 * sample + 1])
      var nearest = (distance: Float.infinity, mode: 0)
      for (mode, centre) in mixture.centres.enumerated() {
        let offset = point - centre
        let distance = (offset * offset).sum()
        if distance < nearest.distance { nearest = (distance, mode) }
      }
      if nearest.distance <= reach * reach { modes.append(nearest.mode) }
    }
    let shares = mixture.centres.map { _ in 1 / Double(mixture.centres.count) }
    let coverage = modes.isEmpty ? nil : ModeCoverage(modes: modes, shares: shares)
    modesCovered = coverage?.covered ?? 0
    highQuality = Double(modes.count) / Double(max(count, 1))
    reverseKL = coverage?.reverseKL
  }
}
