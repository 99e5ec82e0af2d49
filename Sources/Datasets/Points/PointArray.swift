package import TensorCore

/// Points of the plane from a NumPy file, `[N, 2]` of float32 or float64 with an array of N integers as
/// labels if there is one; see ``NumPyFiles`` for the names. A sample is `[1, 1, 2]`, unscaled.
///
/// All points are in memory, as they are in the file but for rounding to float32.
package struct PointArray: ImageDataset {
  package let name: String
  package let labelCount: Int
  package let fingerprint: DataFingerprint
  /// The largest absolute value of a coordinate.
  package let extent: Float
  private let points: [SIMD2<Float>]
  private let labels: [Int]?

  /// - Throws: ``DatasetError`` for another type or shape, for coordinates that are not finite, and for
  ///   labels that do not fit.
  init(_ arrays: NumPyFiles.Arrays, _ request: DatasetRequest) throws(DatasetError) {
    let (array, place) = (arrays.samples, arrays.samples.path.description)
    let extents = array.header.extents
    guard array.header.element.isFloat, extents.count == 2, extents[1] == 2, extents[0] > 0 else {
      throw DatasetError(
        .unsuitable, "values of type \(array.header.element.rawValue) and shape \(extents) are no points",
        place, "save float32 or float64 of shape [N, 2]")
    }
    let hash = ContentHash(kind: "points 1")
    var values: [Float] = []
    values.reserveCapacity(2 * extents[0])
    try array.add(to: hash) { (piece, first) throws(DatasetError) in
      let piece = array.floats(piece)
      if let wrong = piece.firstIndex(where: { !$0.isFinite }) {
        throw DatasetError(
          .badData, "a coordinate is \(piece[wrong])", "\(place), sample \((first + wrong) / 2)",
          "leave out points that are not finite")
      }
      values += piece
    }
    points = (0..<extents[0]).map { SIMD2(values[2 * $0], values[2 * $0 + 1]) }
    extent = values.reduce(0) { max($0, abs($1)) }
    (labels, labelCount) = try arrays.labels(addingTo: hash, classes: request.labelCount, SampleProblems())
    fingerprint = hash.fingerprint()
    name = arrays.name
  }

  package var count: Int { points.count }
  /// The coordinates.
  package var sampleShape: Shape { [1, 1, 2] }
  /// Points are no images.
  package var sampleName: String { "samples" }
  package var usedLabelCount: Int { labels.map { $0.max()! + 1 } ?? 0 }

  package func read(
    _ index: Int, into values: UnsafeMutablePointer<Float>
  ) throws(DatasetError) -> Int32 {
    precondition(0 <= index && index < count, "sample \(index) of \(count)")
    (values[0], values[1]) = (points[index].x, points[index].y)
    return label(index)
  }

  /// The label of a point, -1 when unlabelled.
  package func label(_ index: Int) -> Int32 { labels.map { Int32($0[index]) } ?? -1 }
}
