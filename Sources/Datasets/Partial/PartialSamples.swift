import Platform
public import TensorCore

/// What a person knows of samples: values, and which of them are known.
///
/// | source | samples |
/// |---|---|
/// | an `.npy` or `.npz` file of floats | those that are NaN are unknown |
/// | the same of bool or uint8 | all is known |
/// | a PNG | what is less than half opaque is unknown; the rest has its colour as it is, unless on black |
/// | a JPEG | all is known |
/// | a folder of PNGs and JPEGs | a sample each, in byte order of their names; sub-folders are left out |
///
/// An array holds several samples or one: `[N, H, W]` (grey), `[N, H, W, C]`, `[N, C, H, W]`, `[H, W]` or
/// `[H, W, C]` with 1 or 3 channels; of volumes `[N, D, H, W]` or `[D, H, W]`, with or without an axis of one
/// channel. Its values are those of ``Datasets/open(_:)``: floats lie in 0...1, or in -1...1 if any that is
/// known is negative. Grey becomes RGB and RGB grey where the samples ask for it. Nothing is resized.
public enum PartialSamples {
  /// The samples in a file or a folder, `[N, size…, C + 1]` for a sample of `[size…, C]`: their values in
  /// [-1, 1], 0 where they are unknown, and behind them a mask, 1 where they are known and 0 elsewhere. Of a
  /// place that is unknown in one channel all are unknown.
  ///
  /// - Parameters:
  ///   - shapes: `[H, W, C]` of images, with 1 or 3 channels, or `[D, H, W, 1]` of volumes; samples have the
  ///     first of them that fits.
  ///   - onBlack: whether transparent images are composed on black, as data are: all of them is known.
  ///   - remark: told of an array whose values are hardly read as they were meant.
  /// - Throws: ``DatasetError`` for files that are missing, unreadable or damaged, for samples of another
  ///   size, for values that are out of range or infinite, and for a sample of which nothing is known.
  public static func read(
    _ path: String, sampleShape shapes: Shape..., onBlack: Bool = false,
    remark: (String) -> Void = { _ in }
  ) throws(DatasetError) -> Tensor {
    try read(path, shapes, onBlack: onBlack, fittedTo: nil, remark)
  }

  /// The same of square images or of pairs of them, of which any that are of one kind are brought to the size
  /// and the channels of a request, as those of its data are: `[N, size, size, C + 1]` or `[N, size, 2 size,
  /// C + 1]`. Arrays of NumPy have that size already.
  /// - Throws: the same; ``DatasetError`` for images that are neither, or do not fit.
  package static func read(
    _ path: String, fittedTo request: DatasetRequest, remark: (String) -> Void = { _ in }
  ) throws(DatasetError) -> Tensor {
    let (size, channels) = (request.size, request.channels)
    return try read(
      path, [[size, size, channels], [size, 2 * size, channels]], onBlack: true, fittedTo: request, remark)
  }

  private static func read(
    _ path: String, _ shapes: [Shape], onBlack: Bool, fittedTo request: DatasetRequest?,
    _ remark: (String) -> Void
  ) throws(DatasetError) -> Tensor {
    precondition(shapes.allSatisfy { $0.rank == 3 || $0.rank == 4 }, "\(shapes) are images or volumes")
    let path = FilePath(path)
    let (isFolder, limits) = (try FolderListing.isFolder(path), request?.limits ?? DatasetLimits())
    let start = isFolder ? [] : try Datasets.head(path).start
    if !isFolder, let arrays = try NumPyFiles.arrays(path, start: start, limits: limits) {
      return try PartialArray(arrays.samples, shapes).contexts(remark)
    }
    guard shapes[0].rank == 3 else {
      throw DatasetError(
        .unsuitable, "no volumes of which something is known", path.description,
        "save a NumPy array of shape [N, D, H, W] with NaN where they are unknown")
    }
    let isImage = start.withUnsafeBytes { ImageFormat($0) != nil }
    guard isFolder || isImage else {
      throw DatasetError(
        .unsuitable, "neither a NumPy file nor a PNG or JPEG image", path.description,
        "save floats with NaN where they are unknown, or a PNG that is transparent there")
    }
    var contexts: Contexts?
    for image in isFolder ? try images(in: path) : [path] {
      let wanted = contexts.map { [$0.sampleShape] } ?? shapes
      let (values, shape) =
        if let request { try fitted(image, wanted, request) } else {
          try pixels(image, wanted, limits, onBlack: onBlack)
        }
      if contexts == nil { contexts = Contexts(shape) }
      try contexts?.add(values, place: image.description)
    }
    guard let contexts else { preconditionFailure("a folder without images is refused") }
    return contexts.tensor
  }

  private static func images(in folder: FilePath) throws(DatasetError) -> [FilePath] {
    let files = try FolderListing(folder).entries.filter { $0.kind == .file }.map(\.name)
    var ignored = IgnoredFiles()
    for name in files { ignored.add(name, or: ["npy", "npz"]) }
    let images = files.filter(ImageFormat.isImageName)
    // What is missed is asked for, not a result without it.
    guard !images.isEmpty, ignored.text == nil else {
      throw DatasetError(
        .unsuitable, ignored.text ?? "no PNG or JPEG image directly in the folder", folder.description,
        "name a folder of PNG and JPEG images alone, or a NumPy file")
    }
    return images.map(folder.appending)
  }

  /// The values of an image in the channels of the shape that it has, NaN where it is transparent and not
  /// composed on black.
  private static func pixels(
    _ path: FilePath, _ shapes: [Shape], _ limits: DatasetLimits, onBlack: Bool
  ) throws(DatasetError) -> ([Float], Shape) {
    let (image, alpha) = try decoded(path, limits, onBlack: onBlack) { (extent) throws(DatasetError) in
      guard shapes.contains(where: { extent.height == $0[0] && extent.width == $0[1] }) else {
        let wanted = shapes.map { "\($0[0]) x \($0[1])" }.joined(separator: " or ")
        throw DatasetError(
          .unsuitable, "an image of \(extent.sizes) for samples of \(wanted)", path.description,
          "scale it to \(wanted), or name a model of its size")
      }
    }
    let channels = shapes[0].channels
    var pixels = image.converted(toChannels: channels).pixels.map { Float($0) / 127.5 - 1 }
    for (index, alpha) in alpha.enumerated() where alpha < 128 { pixels[index * channels] = .nan }
    return (pixels, [image.height, image.width, channels])
  }

  /// The values of an image of the proportions of one of the shapes, as a data set would deliver it.
  private static func fitted(
    _ path: FilePath, _ shapes: [Shape], _ request: DatasetRequest
  ) throws(DatasetError) -> ([Float], Shape) {
    func shape(of extent: ImageExtent) -> Shape? {
      shapes.first { extent.height * $0[1] == extent.width * $0[0] }
    }
    let (raster, _) = try decoded(path, request.limits, onBlack: true) { (extent) throws(DatasetError) in
      guard shape(of: extent) == nil else { return }
      throw DatasetError(
        .unsuitable, "an image of \(extent.sizes) (height x width)", path.description,
        "give squares alone, or pairs of squares side by side alone")
    }
    let image = SourceImage.bytes(raster)
    let extent = image.extent
    guard let shape = shape(of: extent) else { preconditionFailure("\(extent) was refused") }
    var request = request
    request.isPaired = extent.isPair
    let fit = try ImageFit(extent, request, path: path.description)
    let pixels = [Float](unsafeUninitializedCapacity: shape.count) { pixels, count in
      fit.write(image, into: pixels.baseAddress!)
      count = shape.count
    }
    return (pixels, shape)
  }

  /// An image whose extent `check` lets pass, and the opacity of its pixels, none of a JPEG and of one that is
  /// composed on black.
  private static func decoded(
    _ path: FilePath, _ limits: DatasetLimits, onBlack: Bool,
    _ check: (ImageExtent) throws(DatasetError) -> Void
  ) throws(DatasetError) -> (image: RasterImage, alpha: [UInt8]) {
    let place = path.description
    let bytes = try OpenFile(path).sample(limits)
    return try bytes.withRawBytes { bytes throws(DatasetError) in
      let (format, extent, _) = try ImageExtent.parse(bytes, place: place, limits: limits)
      try check(extent)
      return switch format {
      case .png where !onBlack: try PNGDecoder.decodeWithAlpha(bytes, extent: extent, place: place)
      default: (try format.decode(bytes, extent: extent, place: place), alpha: [])
      }
    }
  }
}

/// Samples of which something is known, as they are gathered.
struct Contexts {
  let sampleShape: Shape
  private var values: [Float] = []

  init(_ sampleShape: Shape) { self.sampleShape = sampleShape }

  /// Adds a sample.
  /// - Parameter pixels: its values in the order of its shape; NaN where they are unknown.
  /// - Throws: ``DatasetError`` if all are.
  mutating func add(_ pixels: [Float], place: @autoclosure () -> String) throws(DatasetError) {
    let channels = sampleShape.channels
    precondition(pixels.count == sampleShape.count, "\(pixels.count) values of a sample of \(sampleShape)")
    var known = 0
    for start in stride(from: 0, to: pixels.count, by: channels) {
      let pixel = pixels[start..<start + channels]
      let isKnown = !pixel.contains(where: \.isNaN)
      for value in pixel { values.append(isKnown ? value : 0) }
      values.append(isKnown ? 1 : 0)
      known += isKnown ? 1 : 0
    }
    guard known > 0 else {
      throw DatasetError(
        .unsuitable, "nothing of the sample is known", place(),
        "leave it out: a sample of which nothing is known is no part of one")
    }
  }

  /// `[N, size…, C + 1]`.
  var tensor: Tensor {
    let sample = Array(sampleShape.extents.dropLast()) + [sampleShape.channels + 1]
    return Tensor(values, shape: Shape([values.count / sample.reduce(1, *)] + sample))
  }
}
