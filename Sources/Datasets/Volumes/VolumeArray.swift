import TensorCore

/// Volumes of an NPY or NPZ file: `[N, D, H, W]`, `[N, D, H, W, 1]` or `[N, 1, D, H, W]`, layers from the
/// top. Labels are an array of N integers; see ``NumPyFiles`` for the names.
///
/// Values from empty to full are false and true, 0 and 255 of uint8 or 0 and 1 where no value of the whole
/// file is larger, or floats in 0...1, in -1...1 if any of them is negative. They are read from the file as
/// they are asked for.
struct VolumeArray: VolumeDataset {
  let name: String
  let format: String
  let count: Int
  let labelCount: Int
  let fingerprint: DataFingerprint
  let byteCount: Int
  var extent: VolumeExtent { fit.extent }
  var least: Float { range.least }
  var largest: Float { range.largest }
  private let range: ValueRange
  private let array: NPYArray
  private let labels: [Int]?
  private let fit: VolumeFit

  /// - Parameter longest: the longest side in voxels of volumes to look at, which are averaged over the least
  ///   boxes; nil for those of `request.size`.
  /// - Throws: ``DatasetError`` for another type or shape, for a size that the volumes do not fit, for values
  ///   out of range, and for labels that do not fit.
  init(
    _ arrays: NumPyFiles.Arrays, _ request: DatasetRequest, longest: Int? = nil,
    problems: SampleProblems = SampleProblems()
  ) throws(DatasetError) {
    let (array, place) = (arrays.samples, arrays.samples.path.description)
    let (element, shape) = (array.header.element, array.header.extents)
    guard element == .bool || element == .uint8 || element.isFloat, let extent = VolumeExtent(shape: shape)
    else {
      throw DatasetError(
        .unsuitable, "values of type \(element.rawValue) and shape \(shape) are no volumes", place,
        "save bool, uint8 or floats of shape [N, D, H, W], thin volumes as [N, D, H, W, 1]")
    }
    guard shape[0] > 0, extent.sides.allSatisfy({ $0 > 0 }) else {
      throw DatasetError(.badData, "0 samples: shape \(shape)", place, "use another file")
    }
    try request.limits.check(extent, place: place)
    fit =
      if let longest {
        VolumeFit(extent, longest: longest)
      } else {
        try VolumeFit(extent, size: request.size, place: place)
      }
    let hash = ContentHash(kind: "volumes 1")
    range = try array.range(addingTo: hash, valuesPerSample: extent.count, of: "volumes", problems)
    (labels, labelCount) = try arrays.labels(addingTo: hash, classes: request.labelCount, problems)
    fingerprint = hash.fingerprint()
    count = shape[0]
    name = arrays.name
    format = arrays.format
    byteCount = arrays.byteCount
    self.array = array
  }

  var sampleShape: Shape { Shape(fit.result.sides + [1]) }
  var usedLabelCount: Int { labels.map { $0.max()! + 1 } ?? 0 }

  var type: String {
    switch array.header.element {
    case .bool: "bool"
    case .float32: "float32"
    case .float64: "float64"
    default: "uint8"
    }
  }

  var valuesRemark: String? { array.remark(on: range) }

  var remarks: [String] { [fit.remark, valuesRemark].compactMap { $0 } }

  func read(
    _ index: Int, into values: UnsafeMutablePointer<Float>
  ) throws(DatasetError) -> Int32 {
    precondition(0 <= index && index < count, "sample \(index) of \(count)")
    let bytes = try array.bytes(index * extent.count..<(index + 1) * extent.count)
    if array.header.element.isFloat {
      range.signed(array.floats(bytes)).withUnsafeBufferPointer {
        fit.write($0.baseAddress!, into: values)
      }
    } else {
      bytes.withUnsafeBufferPointer {
        fit.write($0.baseAddress!, full: Int(range.full), into: values)
      }
    }
    return label(index)
  }

  func label(_ index: Int) -> Int32 { labels.map { Int32($0[index]) } ?? -1 }
}
