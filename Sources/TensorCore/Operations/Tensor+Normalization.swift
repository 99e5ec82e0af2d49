import CProcessor

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
  func withCoefficients(_ body: (Coefficients) -> Void) {
    withUnsafePointers(mean, inverseDeviation) { mean, inverse in
      withUnsafePointers(scale, shift) { scale, shift in
        body(Coefficients(mean: mean, inverse: inverse, scale: scale, shift: shift, slope: activation.slope))
      }
    }
  }
}

/// The coefficients of all channels.
struct Coefficients {
  let mean: UnsafePointer<Float>
  let inverse: UnsafePointer<Float>
  let scale: UnsafePointer<Float>
  let shift: UnsafePointer<Float>
  let slope: Float
}

/// The coefficients of a group of channels, in registers.
struct GroupCoefficients {
  typealias Vector = ChannelGroup.Vector

  let mean: Vector
  let inverse: Vector
  let scale: Vector
  let shift: Vector
  /// The inverse deviation times the scale.
  let factor: Vector
  let slope: Float

  @inline(__always)
  init(_ all: Coefficients, _ group: ChannelGroup) {
    mean = group.load(all.mean)
    inverse = group.load(all.inverse)
    scale = group.load(all.scale)
    shift = group.load(all.shift)
    factor = inverse * scale
    slope = all.slope
  }

  /// x̂.
  @inline(__always)
  func normalized(_ x: Vector) -> Vector { (x - mean) * inverse }

  /// z, with as few roundings as there can be: an activation behind it jumps at 0.
  @inline(__always)
  func scaled(_ x: Vector) -> Vector { lockstep_fma16(x - mean, factor, shift) }

  /// `value` times the slope of the activation at z, by the ``Rectifier``.
  @inline(__always)
  func activated(_ value: Vector, at z: Vector) -> Vector {
    Rectifier.pass(value, at: z, slope: slope)
  }
}

extension Tensor {
  /// The normalised and activated channels, in one pass: `[…, C] → […, C]`.
  /// - Parameter parts: what normalises each of as many equal parts of the rows.
  public func normalized(by parts: [ChannelNormalization]) -> Tensor {
    let (channels, rows) = (shape.channels, rows(of: parts))
    return Tensor(shape) { result in
      withUnsafePointer { values in
        for (part, normalization) in parts.enumerated() {
          let (values, result) = (values + part * rows * channels, result + part * rows * channels)
          normalization.withCoefficients { coefficients in
            RowBlocks(rows: rows).forEach { _, rows in
              ChannelGroup.forEach(channels) { group in
                let coefficients = GroupCoefficients(coefficients, group)
                var offset = rows.lowerBound * channels
                while offset < rows.upperBound &* channels {
                  let z = coefficients.scaled(group.load(values + offset))
                  group.store(coefficients.activated(z, at: z), to: result + offset)
                  offset &+= channels
                }
              }
            }
          }
        }
      }
    }
  }

  /// The rows of each of as many equal parts as there are normalisations.
  private func rows(of parts: [ChannelNormalization]) -> Int {
    precondition(
      parts.allSatisfy { $0.mean.count == shape.channels },
      "\(shape) is normalised by \(shape.channels) channels")
    precondition(shape.rows.isMultiple(of: parts.count), "\(parts.count) parts divide the rows of \(shape)")
    return shape.rows / parts.count
  }

  /// The sums over all rows that the gradient of ``normalized(by:)`` needs, which are also those of its shift
  /// and scale: with g = upstream · activation'(z), `shift` = Σ g and `scale` = Σ g · x̂, each `[C]`.
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
        blocks.forEach { block, rows in
          let target = sums.pointer + block * 2 * channels
          ChannelGroup.forEach(channels) { group in
            let coefficients = GroupCoefficients(coefficients, group)
            var shift = ChannelGroup.Vector.zero
            var scale = ChannelGroup.Vector.zero
            var offset = rows.lowerBound * channels
            while offset < rows.upperBound &* channels {
              let x = group.load(input + offset)
              let normalized = coefficients.normalized(x)
              let gradient = coefficients.activated(
                group.load(upstream + offset), at: coefficients.scaled(x))
              shift += gradient
              scale += gradient * normalized
              offset &+= channels
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

  /// The gradient of ``normalized(by:)`` with respect to its input where mean and deviation are those of each
  /// part's own rows: γ · inverseDeviation · (g − Σg / rows − x̂ · Σ(g·x̂) / rows).
  /// - Parameters:
  ///   - upstream: the gradient with respect to the result, `[…, C]`.
  ///   - sums: of each part, from ``normalizationGradientSums(_:input:_:)``.
  public static func normalizationInputGradient(
    _ upstream: Tensor, input: Tensor, _ parts: [ChannelNormalization],
    sums: [(scale: Tensor, shift: Tensor)]
  ) -> Tensor {
    precondition(upstream.shape == input.shape, "an upstream gradient \(upstream.shape) for \(input.shape)")
    precondition(sums.count == parts.count, "the sums of each part")
    let (channels, rows) = (input.shape.channels, input.rows(of: parts))
    let share = 1 / Float(rows)
    return Tensor(input.shape) { result in
      withUnsafePointers(input, upstream) { input, upstream in
        for (part, normalization) in parts.enumerated() {
          let start = part * rows * channels
          let (input, upstream, result) = (input + start, upstream + start, result + start)
          withUnsafePointers(sums[part].scale, sums[part].shift) { scaleSums, shiftSums in
            normalization.withCoefficients { coefficients in
              RowBlocks(rows: rows).forEach { _, rows in
                ChannelGroup.forEach(channels) { group in
                  let coefficients = GroupCoefficients(coefficients, group)
                  let shiftMean = group.load(shiftSums) * share
                  let scaleMean = group.load(scaleSums) * share
                  let factor = coefficients.scale * coefficients.inverse
                  var offset = rows.lowerBound * channels
                  while offset < rows.upperBound &* channels {
                    let x = group.load(input + offset)
                    let normalized = coefficients.normalized(x)
                    let gradient = coefficients.activated(
                      group.load(upstream + offset), at: coefficients.scaled(x))
                    group.store(
                      (gradient - shiftMean - normalized * scaleMean) * factor, to: result + offset)
                    offset &+= channels
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
