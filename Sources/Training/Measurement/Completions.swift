package import Models
package import Quality
package import TensorCore

/// How near completed samples come to the originals that their contexts were cut from.
package struct Completions: Equatable, Sendable {
  /// Of each sample the sum of absolute differences, of how many values it is, and the intersection over union
  /// of what is full.
  package let numbers: Matrix

  static let columns = 3

  /// Compares samples with their originals, each `[N, size…, C]`.
  /// - Parameters:
  ///   - latents: the contexts, `[N, latentCount]`.
  ///   - rule: how these were cut. Where it keeps what is known, only what was hidden is compared.
  package init(of samples: Tensor, with originals: Tensor, latents: Tensor, cutBy rule: ContextRule) {
    precondition(samples.shape == originals.shape, "\(samples.shape) of \(originals.shape)")
    let (count, channels) = (samples.shape[0], samples.shape.channels)
    let places = samples.shape.rows / max(count, 1)
    var numbers: [Double] = []
    samples.withUnsafePointer { samples in
      originals.withUnsafePointer { originals in
        latents.withUnsafePointer { contexts in
          for sample in 0..<count {
            var (sum, compared, common, either) = (0.0, 0, 0, 0)
            for place in sample * places..<(sample + 1) * places {
              let isKnown = contexts[place * (channels + 1) + channels] != 0
              for value in place * channels..<(place + 1) * channels {
                let (made, original) = (samples[value], originals[value])
                common += made > 0 && original > 0 ? 1 : 0
                either += made > 0 || original > 0 ? 1 : 0
                guard !(rule.keepsKnown && isKnown) else { continue }
                sum += Double(abs(made - original))
                compared += 1
              }
            }
            numbers += [sum, Double(compared), either == 0 ? 1 : Double(common) / Double(either)]
          }
        }
      }
    }
    self.numbers = Matrix(rows: count, columns: Self.columns, values: numbers)
  }

  /// Of numbers that were computed elsewhere.
  init(numbers: Matrix) { self.numbers = numbers }

  /// The mean absolute difference of all that is compared in the first `count` samples; NaN if nothing is.
  package func error(ofFirst count: Int) -> Double {
    let samples = 0..<min(count, numbers.rows)
    return samples.reduce(0) { $0 + numbers[$1, 0] } / samples.reduce(0) { $0 + numbers[$1, 1] }
  }

  /// The mean over the first `count` samples of the intersection over union of values above 0, which are full
  /// voxels; 1 where there are none in either.
  package func overlap(ofFirst count: Int) -> Double {
    let samples = 0..<min(count, numbers.rows)
    return samples.reduce(0) { $0 + numbers[$1, 2] } / Double(samples.count)
  }
}

extension Matrix {
  /// Columns `range`.
  func columns(_ range: Range<Int>) -> Matrix {
    Matrix(
      rows: rows, columns: range.count, values: (0..<rows).flatMap { row in range.map { self[row, $0] } })
  }

  /// The rows, each with the one of `other` behind it.
  func beside(_ other: Matrix) -> Matrix {
    Matrix(
      rows: rows, columns: columns + other.columns,
      values: (0..<rows).flatMap { row in
        (0..<columns).map { self[row, $0] } + (0..<other.columns).map { other[row, $0] }
      })
  }
}
