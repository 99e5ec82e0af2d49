package import Datasets
import Platform
import Reporting

/// What a file or folder of volumes holds.
package struct VolumeInspection: DataInspection {
  private let volumes: any VolumeDataset
  private let labels: LabelCounts

  /// The volumes of a file or folder; nil if it holds something else.
  /// - Throws: `DatasetError`.
  package init?(_ request: DatasetRequest) throws {
    guard let volumes = try Datasets.volumesIfAny(request) else { return nil }
    self.volumes = volumes
    labels = LabelCounts(labels: volumes.labelCount, samples: volumes.count, label: volumes.label)
  }

  package var text: String {
    var lines = [
      ("data", volumes.name),
      ("format", "\(volumes.format), volumes, for model.family=voxel-gan or voxel-pix2pix"),
      ("samples", "\(volumes.count)"), ("shape", volumes.extent.sizes), ("values", volumes.valuesText),
      ("labels", labels.text),
    ]
    if !volumes.classNames.isEmpty { lines.append(("classes", labels.named(volumes.classNames))) }
    lines += [("bytes", "\(volumes.byteCount)"), ("fingerprint", volumes.fingerprint.description)]
    if !volumes.ignored.list.isEmpty { lines.append(("ignored", volumes.ignored.list)) }
    if let remark = volumes.valuesRemark { lines.append(("remark", remark)) }
    return NamedValues.text(lines)
  }

  package var json: String {
    JSONValue.object([
      .init("name", .string(volumes.name)), .init("format", .string("volumes")),
      .init("samples", .integer(volumes.count)), .init("depth", .integer(volumes.extent.depth)),
      .init("height", .integer(volumes.extent.height)), .init("width", .integer(volumes.extent.width)),
      .init("channels", .integer(1)), .init("type", .string(volumes.type)),
      .init("least", .float(volumes.least)), .init("largest", .float(volumes.largest)),
      .init("labels", .integer(volumes.labelCount)),
      .init("samples_of_label", .array(labels.counts.map(JSONValue.integer))),
      .init("class_names", .array(volumes.classNames.map(JSONValue.string))),
      .init("bytes", .integer(volumes.byteCount)),
      .init("fingerprint", .string(volumes.fingerprint.description)),
      .init("ignored", volumes.ignored.json),
      .init("remarks", .array(volumes.valuesRemark.map { [.string($0)] } ?? [])),
    ]).text
  }

  /// Up to 64 volumes, larger ones averaged over whole boxes of voxels.
  package func writePicture(to path: String) throws {
    let count = min(volumes.count, 64)
    let drawn = try volumes.images(at: (0..<count).map { $0 * volumes.count / count })
    try OutputError.writing(path) { try PNGFile.write(VolumeGrid().pixels(of: drawn), to: path) }
  }
}

extension VolumeDataset {
  /// Their type, and their range unless it has no ends.
  var valuesText: String { type + (least.isFinite && largest.isFinite ? ", \(least) to \(largest)" : "") }
}
