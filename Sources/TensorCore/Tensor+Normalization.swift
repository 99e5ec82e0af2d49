/// What normalises the channels of an activation: four tensors `[C]` and an activation.
///
/// `x̂ = (x − mean) · inverseDeviation`, `z = x̂ · scale + shift`, `y = activation(z)`.
public struct ChannelNormalization: Sendable {
  /// The mean of each channel.
  public let mean: Tensor
  /// 1 / √(variance + ε) of each channel.
  public let inverseDeviation: Tensor
  /// γ.
  public let scale: Tensor
  /// β.
  public let shift: Tensor
  /// Applied to z in the same pass.
  public let activation: FusedActivation

  /// - Precondition: the tensors are vectors of the same length.
  public init(
    mean: Tensor, inverseDeviation: Tensor, scale: Tensor, shift: Tensor,
    activation: FusedActivation = .identity
  ) {
    for tensor in [mean, inverseDeviation, scale, shift] {
      precondition(
        tensor.shape.rank == 1 && tensor.count == mean.count,
        "the moments, scale and shift of a normalisation are vectors of the same length")
    }
    self.mean = mean
    self.inverseDeviation = inverseDeviation
    self.scale = scale
    self.shift = shift
    self.activation = activation
  }

  /// The four vectors, and the slope of the activation.
  fileprivate func withCoefficients(_ body: (Coefficients) -> Void) {
    withUnsafePointers(mean, inverseDeviation) { mean, inverse in
      withUnsafePointers(scale, shift) { scale, shift in
        body(Coefficients(mean: mean, inverse: inverse, scale: scale, shift: shift, slope: activation.slope))
      }
    }
  }
}

private func withUnsafePointers(
  _ first: Tensor, _ second: Tensor, _ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Void
) {
  first.withUnsafePointer { first in second.withUnsafePointer { second in body(first, second) } }
}

/// The coefficients of all channels, and those of a group.
private struct Coefficients {
  typealias Vector = ChannelGroup.Vector

  let mean: UnsafePointer<Float>
  let inverse: UnsafePointer<Float>
  let scale: UnsafePointer<Float>
  let shift: UnsafePointer<Float>
  let slope: Float

  /// x̂ of a group of channels.
  @inline(__always)
  func normalized(_ x: Vector, _ group: ChannelGroup) -> Vector {
    (x - group.load(mean)) * group.load(inverse)
  }

  /// z of a group of channels.
  @inline(__always)
  func scaled(_ normalized: Vector, _ group: ChannelGroup) -> Vector {
    normalized * group.load(scale) + group.load(shift)
  }

  /// `value` times the slope of the activation at z. A NaN stays one.
  @inline(__always)
  func activated(_ value: Vector, at z: Vector) -> Vector {
    value.replacing(with: slope == 0 ? .zero : value * slope, where: z .<= 0)
  }
}

extension Tensor {
  /// The normalised and activated channels, in one pass: `[…, C] → […, C]`.
  public func normalized(by normalization: ChannelNormalization) -> Tensor {
    precondition(
      normalization.mean.count == shape.channels,
      "\(shape) is not normalised by \(normalization.mean.count) channels")
    let channels = shape.channels
    return Tensor(shape) { result in
      withUnsafePointer { values in
        normalization.withCoefficients { coefficients in
          ComputeThreads.split(shape.rows, grain: RowBlocks.size) { rows in
            for row in rows {
              let (x, y) = (values + row &* channels, result + row &* channels)
              ChannelGroup.forEach(channels) { group in
                let z = coefficients.scaled(coefficients.normalized(group.load(x), group), group)
                group.store(coefficients.activated(z, at: z), to: y)
              }
            }
          }
        }
      }
    }
  }

  /// The sums over all rows that the gradient of ``normalized(by:)`` needs, which are also those of its shift and
  /// scale: with g = upstream · activation'(z), `shift` = Σ g and `scale` = Σ g · x̂, each `[C]`.
  ///
  /// Sums run over blocks of 64 rows, then pairwise over the blocks.
  /// - Parameters:
  ///   - upstream: the gradient with respect to the result, `[…, C]`.
  ///   - input: what was normalised.
  public static func normalizationGradientSums(
    _ upstream: Tensor, input: Tensor, _ normalization: ChannelNormalization
  ) -> (scale: Tensor, shift: Tensor) {
    precondition(upstream.shape == input.shape, "an upstream gradient \(upstream.shape) for \(input.shape)")
    let channels = input.shape.channels
    let blocks = RowBlocks(rows: input.shape.rows)
    // Per block Σ g, then Σ g · x̂.
    let sums = TensorStorage(count: max(blocks.count, 1) * 2 * channels)
    clear(sums.pointer, 2 * channels)
    withUnsafePointers(input, upstream) { input, upstream in
      normalization.withCoefficients { coefficients in
        blocks.forEach { block in
          let rows = blocks.range(block)
          let target = sums.pointer + block * 2 * channels
          ChannelGroup.forEach(channels) { group in
            var shift = ChannelGroup.Vector.zero
            var scale = ChannelGroup.Vector.zero
            for row in rows {
              let normalized = coefficients.normalized(group.load(input + row &* channels), group)
              let gradient = coefficients.activated(
                group.load(upstream + row &* channels), at: coefficients.scaled(normalized, group))
              shift += gradient
              scale += gradient * normalized
            }
            group.store(shift, to: target)
            group.store(scale, to: target + channels)
          }
        }
      }
    }
    blocks.merge { left, right in
      let (target, other) = (sums.pointer + left * 2 * channels, sums.pointer + right * 2 * channels)
      for index in 0..<2 * channels { target[index] += other[index] }
    }
    return (
      scale: Tensor(viewOf: sums, offset: channels, shape: [channels]),
      shift: Tensor(viewOf: sums, offset: 0, shape: [channels])
    )
  }

  /// The gradient of ``normalized(by:)`` with respect to its input where mean and deviation are those of the
  /// input's own rows: γ · inverseDeviation · (g − (Σg + x̂ · Σ(g·x̂)) / rows).
  /// - Parameters:
  ///   - upstream: the gradient with respect to the result, `[…, C]`.
  ///   - sums: from ``normalizationGradientSums(_:input:_:)``.
  ///   - rows: the rows that the sums and moments were taken over, if not those of `input`.
  public static func normalizationInputGradient(
    _ upstream: Tensor, input: Tensor, _ normalization: ChannelNormalization,
    sums: (scale: Tensor, shift: Tensor), rows: Int? = nil
  ) -> Tensor {
    precondition(upstream.shape == input.shape, "an upstream gradient \(upstream.shape) for \(input.shape)")
    let channels = input.shape.channels
    let upstreamRows = upstream.shape.rows
    let share = 1 / Float(rows ?? upstreamRows)
    return Tensor(input.shape) { result in
      withUnsafePointers(input, upstream) { input, upstream in
        withUnsafePointers(sums.scale, sums.shift) { scaleSums, shiftSums in
          normalization.withCoefficients { coefficients in
            ComputeThreads.split(upstreamRows, grain: RowBlocks.size) { rows in
              for row in rows {
                let offset = row &* channels
                ChannelGroup.forEach(channels) { group in
                  let normalized = coefficients.normalized(group.load(input + offset), group)
                  let gradient = coefficients.activated(
                    group.load(upstream + offset), at: coefficients.scaled(normalized, group))
                  let mean = (group.load(shiftSums) + normalized * group.load(scaleSums)) * share
                  let factor = group.load(coefficients.scale) * group.load(coefficients.inverse)
                  group.store((gradient - mean) * factor, to: result + offset)
                }
              }
            }
          }
        }
      }
    }
  }
}
