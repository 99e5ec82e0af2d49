package import Datasets
import Platform
import Reporting
import TensorCore

/// What data are, as `lockstep data info` tells it: looked at before they are fitted to any run.
package protocol DataInspection {
  /// A table for people.
  var text: String { get }
  /// One JSON object.
  var json: String { get }
  /// Draws samples that are spread evenly over the data, as one PNG.
  /// - Throws: ``OutputError``, `DatasetError`, or `ReportingError` for a picture that is too large.
  func writePicture(to path: String) throws
}

extension DatasetRequest {
  /// Looks at the data: points, volumes or images.
  /// - Throws: `DatasetError`.
  package func inspect() throws -> any DataInspection {
    if let points = try PointInspection(self) { return points }
    if let volumes = try VolumeInspection(self) { return volumes }
    return try ImageInspection(self)
  }
}

/// What a data set of images is.
package struct ImageInspection: DataInspection {
  private let source: any ImageSource
  private let range: ClosedRange<Float>
  private let isFloat: Bool
  private let looked: Int
  private let labels: LabelCounts

  /// Opens the data, every byte of which is read, and looks at 4,096 images at most, spread evenly.
  /// - Throws: `DatasetError`.
  package init(_ request: DatasetRequest) throws {
    source = try Datasets.source(request)
    looked = min(source.count, 4096)
    labels = LabelCounts(labels: source.labelCount, samples: source.count, label: source.label)
    var (least, largest) = (Float.infinity, -Float.infinity)
    var isFloat = false
    for number in 0..<looked {
      let image: SourceImage
      do throws(DatasetError) {
        image = try source.image(number * source.count / looked)
      } catch {
        throw error.advisingCheck(ofPairs: request.isPaired)
      }
      least = min(least, image.range.lowerBound)
      largest = max(largest, image.range.upperBound)
      isFloat = image.isFloat
    }
    range = least...largest
    self.isFloat = isFloat
  }

  private var channels: Int { source.channelRange.upperBound }

  private var shape: String {
    "\(source.extent?.sizes ?? "several sizes") x \(channels)"
  }

  package var text: String {
    let values =
      "\(isFloat ? "float32" : "uint8"), \(range.lowerBound) to \(range.upperBound) in "
      + Count.text(looked, "image")
    var lines = [
      ("data", source.name), ("format", source.format), ("samples", "\(source.count)"), ("shape", shape),
      ("values", values), ("labels", labels.text),
    ]
    if !source.classNames.isEmpty { lines.append(("classes", labels.named(source.classNames))) }
    lines += [("bytes", "\(source.byteCount)"), ("fingerprint", source.fingerprint.description)]
    if let characters = source.characters { lines.append(("characters", characters)) }
    if !source.ignored.list.isEmpty { lines.append(("ignored", source.ignored.list)) }
    if let turned = source.turnedText { lines.append(("turned", turned)) }
    if source.extent?.isPair == true {
      lines.append(("halves", "two squares side by side; of pairs, which context.kind=pair trains on"))
    }
    lines += source.remarks.map { ("remark", $0) }
    return NamedValues.text(lines)
  }

  package var json: String {
    JSONValue.object(
      [
        .init("name", .string(source.name)), .init("format", .string(source.format)),
        .init("samples", .integer(source.count)),
        .init("height", JSONValue(source.extent?.height)),
        .init("width", JSONValue(source.extent?.width)),
        .init("channels", .integer(channels)),
        .init("type", .string(isFloat ? "float32" : "uint8")), .init("least", .float(range.lowerBound)),
        .init("largest", .float(range.upperBound)), .init("labels", .integer(source.labelCount)),
        .init("samples_of_label", .array(labels.counts.map(JSONValue.integer))),
        .init("class_names", .array(source.classNames.map(JSONValue.string))),
        .init("bytes", .integer(source.byteCount)),
        .init("fingerprint", .string(source.fingerprint.description)),
        .init("ignored", source.ignored.json), .init("turned", .integer(source.turnedCount)),
        .init("remarks", .array(source.remarks.map(JSONValue.string))),
      ] + (source.characters.map { [.init("vocabulary", .string($0))] } ?? [])
    ).text
  }

  /// Up to 100 images: as they are if they are small and of one size, else resampled to squares.
  package func writePicture(to path: String) throws {
    let count = min(source.count, 100)
    let side: Int
    if let extent = source.extent, extent.height == extent.width, extent.height <= Self.largestCell {
      side = extent.height
    } else {
      side = Self.largestCell
    }
    let sheet = try Tensor([count, side, side, channels]) { result in
      for number in 0..<count {
        try source.image(number * source.count / count)
          .square(side, channels: channels, into: result + number * side * side * channels)
      }
    }
    try OutputError.writing(path) { try PNGFile.write(ImageGrid().pixels(of: sheet), to: path) }
  }

  /// Pixels of an image in the picture.
  private static let largestCell = 128
}

/// Whether every sample of a data set can be read.
package struct DataCheck {
  /// One for each bad sample.
  package let problems: [DatasetError]
  /// How many of them are whole images of another size than most.
  package let otherSizes: Int
  /// The samples that were listed.
  package let count: Int
  /// Lines about images that are not read, and about those that are read otherwise than they are shown.
  /// For volumes and points, what they are.
  package let remarks: [String]
  private let place: String
  private let name: String
  private let ignored: IgnoredFiles
  private let turned: Int

  /// Opens the data and decodes every image. Of volumes, of points and of their labels every byte is looked at
  /// as they are opened.
  /// - Parameter tell: called before each image.
  /// - Throws: `DatasetError` where there is nothing to list: no such file, or a header that spoils
  ///   everything.
  package init(_ request: DatasetRequest, telling tell: (_ done: Int, _ of: Int) -> Void = { _, _ in }) throws
  {
    let problems = SampleProblems(collects: true)
    place = request.source
    // Pairs are images.
    if !request.isPaired, let volumes = try Datasets.volumesIfAny(request, problems: problems) {
      self.problems = problems.list
      (name, count) = (volumes.name, volumes.count)
      (otherSizes, ignored, turned) = (0, volumes.ignored, 0)
      let labels = "labels: \(volumes.labelCount)"
      remarks =
        ["volumes of \(volumes.extent.sizes), values: \(volumes.valuesText), \(labels)"]
        + [volumes.valuesRemark, volumes.ignored.text].compactMap { $0 }
      return
    }
    if !request.isPaired, let points = try Datasets.pointsIfAny(request) {
      self.problems = []
      (name, count) = (points.name, points.count)
      (otherSizes, ignored, turned) = (0, IgnoredFiles(), 0)
      remarks = ["points of the plane, labels: \(points.labelCount)"]
      return
    }
    let source = try Datasets.source(request, problems: problems)
    var found = problems.list
    var known = Set(found)
    for index in 0..<source.count {
      tell(index, source.count)
      do throws(DatasetError) {
        _ = try source.image(index)
      } catch {
        // What is known from the header already is not told twice.
        if known.insert(error).inserted { found.append(error) }
      }
    }
    self.problems = found
    otherSizes = problems.otherSizes
    (name, count) = (source.name, source.count)
    (ignored, turned) = (source.ignored, source.turnedCount)
    remarks =
      [source.ignored.text, source.turnedText.map { "turned: \($0)" }].compactMap { $0 } + source.remarks
  }

  /// The first `limit` problems, a line each, and how many more there are.
  package func lines(upTo limit: Int) -> [String] {
    let more = problems.count - limit
    return problems.prefix(limit).map(\.description) + (more > 0 ? ["and \(more) more"] : [])
  }

  /// What is to be done about the problems, in one line; nil if there are none.
  package var advice: String? {
    guard !problems.isEmpty else { return nil }
    let resizing = "set dataset.resize=crop or pad to train on them, give --any-size to allow them here"
    if problems.count == otherSizes {
      return "\(Count.text(otherSizes, "image")) of another size than most, \(place); \(resizing)"
    }
    let bad = "\(Count.text(problems.count, "bad sample or label", "bad samples or labels")), \(place)"
    guard otherSizes > 0 else { return "\(bad); remove or replace them" }
    return "\(bad), \(otherSizes) of them whole but of another size than most; remove or replace the others, "
      + "and for sizes \(resizing)"
  }

  /// One JSON object, with all problems.
  package var json: String {
    JSONValue.object([
      .init("name", .string(name)), .init("samples", .integer(count)),
      .init("problems", .array(problems.map(\.json))), .init("other_sizes", .integer(otherSizes)),
      .init("ignored", ignored.json), .init("turned", .integer(turned)),
      .init("remarks", .array(remarks.map(JSONValue.string))),
    ]).text
  }
}

extension DatasetError {
  /// What, where, and what to do.
  fileprivate var json: JSONValue {
    .object([
      .init("problem", .string(problem)), .init("place", .string(place)), .init("advice", .string(advice)),
    ])
  }
}

extension ImageSource {
  /// What is said of images that are to be turned; nil if there are none.
  fileprivate var turnedText: String? {
    guard turnedCount > 0 else { return nil }
    return
      "\(Count.text(turnedCount, "image")) by Exif, which is not applied; `mogrify -auto-orient` turns the files"
  }
}

extension IgnoredFiles {
  /// The number of files of each kind.
  var json: JSONValue { .object(kinds.map { .init($0.name, .integer($0.count)) }) }
}
