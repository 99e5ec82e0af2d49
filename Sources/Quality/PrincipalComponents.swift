public import TensorCore

/// The feature space `pca`: values in [0, 1], projected onto the principal components of the training
/// samples, which are images or volumes.
///
/// Samples of more than ``longestInput`` values are first averaged over boxes of pixels or voxels, so that
/// the covariance stays small; the first components are smooth and hardly notice. Where boxes do not divide a
/// side the last ones are smaller.
public struct PrincipalComponents: Sendable {
  /// The values of a sample that components are computed of, at most.
  static let longestInput = 1024

  /// How samples become vectors.
  public struct Input: Hashable, Sendable {
    /// `[H, W, C]` of an image, `[D, H, W, C]` of a volume.
    public let shape: Shape
    /// The side of the box of pixels or voxels that one value averages.
    public let box: Int
    /// What a value in the samples is multiplied by, and what is added: [-1, 1] becomes [0, 1] unless raw.
    let isRaw: Bool

    /// Vectors of samples in [-1, 1], or of raw vectors such as points of the plane, which stay what they
    /// are.
    public init(_ shape: Shape, isRaw: Bool = false) {
      precondition([3, 4].contains(shape.rank), "a sample is [H, W, C] or [D, H, W, C]")
      self.shape = shape
      self.isRaw = isRaw
      let sides = shape.extents.dropLast()
      let longest = max(sides.max() ?? 1, 1)
      let least = (1...longest).first { Self.count(shape, box: $0) <= longestInput } ?? longest
      // A box that divides all sides treats all places alike, if it is not much larger.
      box = (least...2 * least).first { side in sides.allSatisfy { $0.isMultiple(of: side) } } ?? least
    }

    /// Boxes of a sample, the last of which along an axis may be incomplete, times channels.
    private static func count(_ shape: Shape, box: Int) -> Int {
      shape.extents.dropLast().reduce(shape[shape.rank - 1]) { $0 * (($1 + box - 1) / box) }
    }

    /// The length of a vector.
    public var count: Int { Self.count(shape, box: box) }

    /// The places along each axis that the boxes along it have.
    private func parts(_ extent: Int) -> [Range<Int>] {
      stride(from: 0, to: extent, by: box).map { $0..<min($0 + box, extent) }
    }

    /// The vectors of samples, `[N, H, W, C]` or `[N, D, H, W, C]`, as rows.
    public func vectors(of samples: Tensor) -> Matrix {
      let rows = samples.count / max(shape.count, 1)
      precondition(rows * shape.count == samples.count, "samples of \(shape)")
      // An image is a volume of one layer.
      let extents = (shape.rank == 3 ? [1] : []) + shape.extents
      let (height, width, channels) = (extents[1], extents[2], extents[3])
      let boxes = parts(extents[0]).flatMap { layers in
        parts(height).flatMap { lines in parts(width).map { (layers, lines, places: $0) } }
      }
      var values = [Double](repeating: 0, count: rows * count)
      samples.withUnsafePointer { samples in
        values.withUnsafeMutableBufferPointer { result in
          var next = 0
          for row in 0..<rows {
            let sample = samples + row * shape.count
            for (layers, lines, places) in boxes {
              let scale = (isRaw ? 1 : 0.5) / Double(layers.count * lines.count * places.count)
              for channel in 0..<channels {
                var sum = 0.0
                for z in layers {
                  for y in lines {
                    for x in places {
                      sum += Double(sample[((z * height + y) * width + x) * channels + channel])
                    }
                  }
                }
                result[next] = sum * scale + (isRaw ? 0 : 0.5)
                next += 1
              }
            }
          }
        }
      }
      return Matrix(rows: rows, columns: count, values: values)
    }
  }

  /// How samples become vectors.
  let input: Input
  /// The mean of the training vectors.
  public let mean: [Double]
  /// One component a row.
  public let components: Matrix

  /// The first `count` components of vectors with these moments, or as many as the vectors are long; nil if a
  /// value is not finite, or if no components are found.
  public init?(_ input: Input, moments: Moments, count: Int) {
    guard let eigen = moments.covariance.eigen(largest: count) else { return nil }
    self.input = input
    mean = moments.mean
    components = eigen.vectors
  }

  /// The moments of the features of vectors with these moments.
  public func features(of moments: Moments) -> Moments {
    let shift = Matrix(rows: 1, columns: mean.count, values: zip(moments.mean, mean).map { $0 - $1 })
    return Moments(
      count: moments.count, mean: shift.product(components, transposingOther: true).values,
      covariance: components.product(moments.covariance).product(components, transposingOther: true))
  }

  /// The number of features.
  public var count: Int { components.rows }

  /// The features of vectors, `[n, d]` to `[n, count]`.
  public func features(of vectors: Matrix) -> Matrix {
    var centred = vectors
    centred.values.withUnsafeMutableBufferPointer { values in
      for row in 0..<vectors.rows {
        for column in 0..<vectors.columns { values[row * vectors.columns + column] -= mean[column] }
      }
    }
    return centred.product(components, transposingOther: true)
  }

  /// The features of samples, `[N, H, W, C]` or `[N, D, H, W, C]`, as rows.
  public func features(of samples: Tensor) -> Matrix { features(of: input.vectors(of: samples)) }
}
