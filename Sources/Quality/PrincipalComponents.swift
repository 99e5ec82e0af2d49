public import TensorCore

/// The feature space `pca`: pixels in [0, 1], projected onto the principal components of the training images.
///
/// Images of more than ``longestInput`` values are first averaged over boxes of pixels, so that the
/// covariance stays small; the first components are smooth and hardly notice. Where boxes do not divide a
/// side the last ones are smaller.
public struct PrincipalComponents: Sendable {
  /// The values of an image that components are computed of, at most.
  public static let longestInput = 1024

  /// How images become vectors.
  public struct Input: Hashable, Sendable {
    /// `[H, W, C]` of an image.
    public let shape: Shape
    /// The side of the box of pixels that one value averages.
    public let box: Int
    /// What a value in the images is multiplied by, and what is added: [-1, 1] becomes [0, 1] unless raw.
    public let isRaw: Bool

    /// Vectors of images in [-1, 1], or of raw vectors such as points of the plane, which stay what they are.
    public init(_ shape: Shape, isRaw: Bool = false) {
      precondition(shape.rank == 3, "a sample is [H, W, C]")
      self.shape = shape
      self.isRaw = isRaw
      let (height, width, channels) = (shape[0], shape[1], shape[2])
      let longest = max(height, width, 1)
      let least =
        (1...longest).first {
          Self.boxes($0, along: height) * Self.boxes($0, along: width) * channels <= longestInput
        } ?? longest
      // A box that divides both sides treats all pixels alike, if it is not much larger.
      box =
        (least...2 * least).first { height.isMultiple(of: $0) && width.isMultiple(of: $0) } ?? least
    }

    /// Boxes along an axis, the last of which may be incomplete.
    private static func boxes(_ side: Int, along extent: Int) -> Int { (extent + side - 1) / side }

    private var rows: Int { Self.boxes(box, along: shape[0]) }
    private var columns: Int { Self.boxes(box, along: shape[1]) }

    /// The length of a vector.
    public var count: Int { rows * columns * shape[2] }

    /// The vectors of images, `[N, H, W, C]`, as rows.
    public func vectors(of images: Tensor) -> Matrix {
      let samples = images.count / max(shape.count, 1)
      precondition(samples * shape.count == images.count, "images of \(shape)")
      var values = [Double](repeating: 0, count: samples * count)
      let (height, width, channels) = (shape[0], shape[1], shape[2])
      let (rows, columns) = (rows, columns)
      images.withUnsafePointer { pixels in
        values.withUnsafeMutableBufferPointer { result in
          var next = 0
          for sample in 0..<samples {
            let image = pixels + sample * shape.count
            for row in 0..<rows {
              let lines = row * box..<min((row + 1) * box, height)
              for column in 0..<columns {
                let places = column * box..<min((column + 1) * box, width)
                let scale = (isRaw ? 1 : 0.5) / Double(lines.count * places.count)
                for channel in 0..<channels {
                  var sum = 0.0
                  for y in lines {
                    for x in places {
                      sum += Double(image[(y * width + x) * channels + channel])
                    }
                  }
                  result[next] = sum * scale + (isRaw ? 0 : 0.5)
                  next += 1
                }
              }
            }
          }
        }
      }
      return Matrix(rows: samples, columns: count, values: values)
    }
  }

  /// How images become vectors.
  public let input: Input
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

  /// The features of images, `[N, H, W, C]`, as rows.
  public func features(of images: Tensor) -> Matrix { features(of: input.vectors(of: images)) }
}
