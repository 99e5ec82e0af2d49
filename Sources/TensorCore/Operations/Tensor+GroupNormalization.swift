/// Group normalisation (Wu and He 2018): each sample by the moments of its groups of neighbouring channels.
extension Tensor {
  /// What normalises each sample of `[N, …, C]` by the mean and the biased variance of each of `groups` equal
  /// groups of neighbouring channels; the moments are those of ``channelMoments()``, put together in Float64.
  ///
  /// - Parameters:
  ///   - scale: γ, `[C]`, or `[N, C]` if each sample has its own.
  ///   - shift: β, likewise.
  ///   - epsilon: added to the variance.
  ///   - activation: applied last.
  /// - Precondition: `groups` divides C, and samples have places.
  public func groupNormalizations(
    _ groups: Int, scale: Tensor, shift: Tensor, epsilon: Float, activation: FusedActivation
  ) -> [ChannelNormalization] {
    let channels = shape.channels
    precondition(channels.isMultiple(of: groups), "\(groups) groups do not divide \(channels) channels")
    let width = channels / groups
    func row(_ tensor: Tensor, of sample: Int) -> Tensor {
      tensor.shape.rank == 1 ? tensor : tensor.rows(sample..<sample + 1).reshaped([channels])
    }
    return (0..<shape[0]).map { sample in
      let (means, variances) = rows(sample..<sample + 1).channelMoments()
      var mean = [Float](repeating: 0, count: channels)
      var inverse = mean
      let (ownMeans, ownVariances) = (means.scalars, variances.scalars)
      for first in stride(from: 0, to: channels, by: width) {
        let group = first..<first + width
        let centre = group.reduce(0) { $0 + Double(ownMeans[$1]) } / Double(width)
        let variance =
          group.reduce(0) { sum, channel in
            let offset = Double(ownMeans[channel]) - centre
            return sum + Double(ownVariances[channel]) + offset * offset
          } / Double(width)
        for channel in group {
          mean[channel] = Float(centre)
          inverse[channel] = Float(1 / (variance + Double(epsilon)).squareRoot())
        }
      }
      return ChannelNormalization(
        mean: Tensor(mean, shape: [channels]), inverseDeviation: Tensor(inverse, shape: [channels]),
        scale: row(scale, of: sample), shift: row(shift, of: sample), activation: activation)
    }
  }

  /// The gradient of ``normalized(by:)`` with respect to its input where mean and deviation are those of each
  /// sample's groups: with g the upstream behind the activation and means over a group's places and channels,
  /// inverseDeviation · (γ g − mean(γ g) − x̂ · mean(γ g x̂)).
  /// - Parameters:
  ///   - upstream: the gradient with respect to the result, `[N, …, C]`.
  ///   - input: what was normalised.
  ///   - samples: what normalised each sample, from
  ///     ``groupNormalizations(_:scale:shift:epsilon:activation:)``.
  ///   - groups: the groups of channels.
  ///   - sums: of each sample, from ``normalizationGradientSums(_:input:_:)``.
  public static func groupNormalizationInputGradient(
    _ upstream: Tensor, input: Tensor, _ samples: [ChannelNormalization], groups: Int,
    sums: [(scale: Tensor, shift: Tensor)]
  ) -> Tensor {
    precondition(upstream.shape == input.shape, "an upstream gradient \(upstream.shape) for \(input.shape)")
    precondition(sums.count == samples.count && samples.count == input.shape[0], "the sums of each sample")
    let (channels, rows) = (input.shape.channels, input.shape.rows / max(samples.count, 1))
    return Tensor(input.shape) { result in
      withUnsafePointers(input, upstream) { input, upstream in
        for (sample, normalization) in samples.enumerated() {
          let start = sample * rows * channels
          let (input, upstream, result) = (input + start, upstream + start, result + start)
          func means(_ sums: Tensor) -> Tensor { normalization.groupMeans(sums, groups: groups, rows: rows) }
          withUnsafePointers(means(sums[sample].scale), means(sums[sample].shift)) { slopes, offsets in
            normalization.withCoefficients { coefficients in
              RowBlocks(rows: rows).forEach { _, rows in
                ChannelGroup.forEach(channels) { group in
                  let coefficients = GroupCoefficients(coefficients, group)
                  let (slope, offset) = (group.load(slopes), group.load(offsets))
                  var position = rows.lowerBound * channels
                  while position < rows.upperBound &* channels {
                    let x = group.load(input + position)
                    let gradient = coefficients.activated(
                      group.load(upstream + position), at: coefficients.scaled(x))
                    let centred = gradient * coefficients.scale - offset
                    group.store(
                      (centred - coefficients.normalized(x) * slope) * coefficients.inverse,
                      to: result + position)
                    position &+= channels
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}

extension ChannelNormalization {
  /// γ times a sum of each channel over `rows` places, as the mean over each group, at each of its channels.
  fileprivate func groupMeans(_ sums: Tensor, groups: Int, rows: Int) -> Tensor {
    let width = sums.count / groups
    let (sums, scales) = (sums.scalars, scale.scalars)
    return Tensor([sums.count]) { result in
      for first in stride(from: 0, to: sums.count, by: width) {
        let group = first..<first + width
        let sum = group.reduce(0) { $0 + Double(sums[$1]) * Double(scales[$1]) }
        for channel in group { result[channel] = Float(sum / Double(width * rows)) }
      }
    }
  }
}
