import Datasets
import Platform
import Reporting
import TensorCore

/// What a file of points of the plane holds.
struct PointInspection: DataInspection {
  private let points: PointArray
  private let labels: LabelCounts

  /// The points of a file; nil if it holds something else.
  /// - Throws: `DatasetError`.
  init?(_ request: DatasetRequest) throws {
    guard let points = try Datasets.pointsIfAny(request) else { return nil }
    self.points = points
    labels = LabelCounts(labels: points.labelCount, samples: points.count, label: points.label)
  }

  var text: String {
    NamedValues.text([
      ("data", points.name), ("format", "points of the plane, for the recipes ring and grid"),
      ("samples", "\(points.count)"), ("largest", "\(points.extent), which suits model.scale"),
      ("labels", labels.text), ("fingerprint", points.fingerprint.description),
    ])
  }

  var json: String {
    JSONValue.object([
      .init("name", .string(points.name)), .init("format", .string("points")),
      .init("samples", .integer(points.count)), .init("largest", .float(points.extent)),
      .init("labels", .integer(labels.counts.count)),
      .init("samples_of_label", .array(labels.counts.map(JSONValue.integer))),
      .init("fingerprint", .string(points.fingerprint.description)),
    ]).text
  }

  /// Up to 10,000 points.
  func writePicture(to path: String) throws {
    let count = min(points.count, 10_000)
    let drawn = try Tensor([count, 2]) { values in
      for number in 0..<count {
        _ = try points.read(number * points.count / count, into: values + 2 * number)
      }
    }
    let plot = ScatterPlot(circles: [], extent: points.extent > 0 ? 1.2 * Double(points.extent) : 1)
    try OutputError.writing(path) { try PNGFile.write(plot.pixels(of: drawn), to: path) }
  }
}
