import Platform

/// Where data sets are opened.
public enum Datasets {
  /// Opens what `request.source` names.
  ///
  /// | source | data set |
  /// |---|---|
  /// | `pottery` | the built-in ``Pottery`` |
  /// | `ring`, `grid` | the built-in ``GaussianMixture`` |
  /// | an IDX file | grey images, plain or gzip; labels from the file beside it that is named after MNIST's |
  /// | a `.bin` file | records of CIFAR-10 or CIFAR-100 |
  /// | an `.npy` or `.npz` file | images `[N, H, W]`, `[N, H, W, C]` or `[N, C, H, W]`, bool, uint8 or float; points `[N, 2]` |
  /// | the same, where volumes are asked for | volumes `[N, D, H, W]`, `[N, D, H, W, 1]` or `[N, 1, D, H, W]` |
  /// | a `.tar` file, or names with ranges such as `shard-{000..009}.tar` | WebDataset shards |
  /// | a `.txt` file | text in UTF-8, in one-hot windows of `size` characters |
  /// | a folder with IDX files | the file that begins with `train-`, or the only one |
  /// | a folder with `data_batch_N.bin` or `train.bin` | CIFAR's training images |
  /// | a folder with `.tar` files | WebDataset shards, those of `index.txt` if there is one |
  /// | a folder of nothing but `.txt` files | text, file after file in byte order of their names |
  /// | any other folder | PNG and JPEG images |
  /// | a folder of `.binvox` files, where volumes are asked for | volumes, full or empty |
  ///
  /// In a folder of images or volumes these lie in sub-folders, one for each label, or directly in it,
  /// unlabelled; not both, and not deeper, but that a label's volumes may have a folder each. Labels are
  /// numbered by the sub-folders' names in byte order. Names with a leading dot and other files are left out;
  /// a link counts as what it leads to. What names end in may be in capitals.
  ///
  /// An image of another size than asked for is centred on black, after being enlarged by the largest whole
  /// factor or averaged over whole boxes of pixels; when neither fits, opening fails, unless `request.resize`
  /// allows interpolation. A window of text is an image of `size` rows, one for each character, and of a
  /// column for each different character of the text; it is never resized.
  ///
  /// A volume is fitted like an image, never interpolated; `pottery` is made of volumes where these are asked
  /// for. Volumes with fewer than five layers or columns are saved with five axes, lest they look like images
  /// and their channels.
  ///
  /// With `request.isPaired` each image is two square ones side by side, as of an image and what it is to be
  /// translated to: twice as wide as high, each half fitted by itself, and put beside the other again.
  ///
  /// With `request.stack` such samples are drawn from it, grey, as ``StackedImages`` says.
  ///
  /// - Throws: ``DatasetError`` for data that are missing, unreadable, damaged, or do not fit the size asked
  ///   for.
  public static func open(_ request: DatasetRequest) throws(DatasetError) -> any ImageDataset {
    try request.checkPairing()
    guard request.stack > 1 else { return try openSingle(request) }
    guard !request.isVolume else {
      throw DatasetError(
        .unsuitable, "volumes are not put on top of one another", "dataset.stack", "leave it out")
    }
    guard request.channels == request.stack else {
      throw DatasetError(
        .unsuitable, "\(request.stack) grey images do not make up \(request.channels) channels",
        "dataset.stack",
        "use as many channels as images")
    }
    var single = request
    (single.channels, single.count, single.labelCount) = (1, nil, nil)
    return try StackedImages(openSingle(single), request)
  }

  private static func openSingle(_ request: DatasetRequest) throws(DatasetError) -> any ImageDataset {
    if request.isVolume { return try volumes(request) }
    if let kind = GaussianMixture.Kind(rawValue: request.source) {
      return try GaussianMixture(kind, request)
    }
    if request.size == 1, request.channels == 2 { return try points(request) }
    guard request.channels == 1 || request.channels == 3 else {
      throw DatasetError(.unsuitable, "no images of \(request.channels) channels", "channels", "use 1 or 3")
    }
    guard (1...4096).contains(request.size) else {
      throw DatasetError(.unsuitable, "no images of size \(request.size)", "size", "use 1 to 4096")
    }
    if request.source == "pottery" {
      return try Pottery(request)
    }
    return try fitted(source(request), request)
  }

  /// Volumes that are built in or in a file.
  private static func volumes(_ request: DatasetRequest) throws(DatasetError) -> any ImageDataset {
    guard request.channels == 1 else {
      throw DatasetError(.unsuitable, "no volumes of \(request.channels) channels", "channels", "use 1")
    }
    guard (1...512).contains(request.size) else {
      throw DatasetError(.unsuitable, "no volumes of size \(request.size)", "size", "use 1 to 512")
    }
    guard request.resize == .none else {
      throw DatasetError(
        .unsuitable, "volumes are not interpolated", "dataset.resize",
        "leave it out: they are enlarged or averaged by whole factors")
    }
    if request.source == "pottery" { return try Pottery(request) }
    var what = "no volumes"
    if GaussianMixture.Kind(rawValue: request.source) == nil {
      if let arrays = try arrays(of: request) { return try VolumeArray(arrays, request) }
      let path = FilePath(request.source)
      if try FolderListing.isFolder(path) {
        let listing = try FolderListing(path)
        switch try LabelledFiles.kind(in: path, listing: listing, preferring: .volume) {
        case .volume: return try BinvoxFolder(path, listing: listing, request)
        case .image: what = "a folder of images, which are no volumes"
        case nil: break
        }
      }
    }
    throw DatasetError(
      .unsuitable, what, request.source,
      "name a folder of .binvox files, or save a NumPy array of shape [N, D, H, W] with numpy.save, or "
        + "numpy.savez(FILE, x=volumes, y=labels)")
  }

  /// The points of the plane in a file.
  private static func points(_ request: DatasetRequest) throws(DatasetError) -> PointArray {
    guard request.source != "pottery", let arrays = try arrays(of: request) else {
      throw DatasetError(
        .unsuitable, "no points of the plane", request.source,
        "save a NumPy array of shape [N, 2] with numpy.save, or numpy.savez(FILE, x=points, y=labels)")
    }
    return try PointArray(arrays, request)
  }

  /// The points in a file if it is one of NumPy whose array has the shape of points, else nil.
  /// - Throws: ``DatasetError`` for a damaged one.
  package static func pointsIfAny(_ request: DatasetRequest) throws(DatasetError) -> PointArray? {
    guard let arrays = try arraysIfAny(of: request), arrays.samples.header.extents.count == 2
    else { return nil }
    return try PointArray(arrays, request)
  }

  /// The volumes to look at in a file of NumPy whose array has their shape, or in a folder of binvox's, else
  /// nil: as they are there, but averaged over whole boxes where a side is longer than 64 voxels.
  /// - Parameter problems: takes what is wrong with single samples.
  /// - Throws: ``DatasetError`` for damaged ones.
  package static func volumesIfAny(
    _ request: DatasetRequest, problems: SampleProblems = SampleProblems()
  ) throws(DatasetError) -> (any VolumeDataset)? {
    let path = FilePath(request.source)
    if !isBuiltIn(request.source), (try? FolderListing.isFolder(path)) == true {
      let listing = try FolderListing(path)
      guard try LabelledFiles.kind(in: path, listing: listing, preferring: .image) == .volume else {
        return nil
      }
      return try BinvoxFolder(path, listing: listing, request, longest: 64, problems: problems)
    }
    guard let arrays = try arraysIfAny(of: request),
      VolumeExtent(shape: arrays.samples.header.extents) != nil
    else { return nil }
    return try VolumeArray(arrays, request, longest: 64, problems: problems)
  }

  /// The arrays of a source that may be anything.
  private static func arraysIfAny(of request: DatasetRequest) throws(DatasetError) -> NumPyFiles.Arrays? {
    guard !isBuiltIn(request.source),
      (try? FolderListing.isFolder(FilePath(request.source))) == false
    else { return nil }
    return try arrays(of: request)
  }

  static func isBuiltIn(_ source: String) -> Bool {
    source == "pottery" || GaussianMixture.Kind(rawValue: source) != nil
  }

  private static func arrays(of request: DatasetRequest) throws(DatasetError) -> NumPyFiles.Arrays? {
    let path = FilePath(request.source)
    guard try !FolderListing.isFolder(path) else { return nil }
    return try NumPyFiles.arrays(path, start: head(path).start, limits: request.limits)
  }

  /// The first bytes of a file, by which its format is known, and its size.
  static func head(_ path: FilePath) throws(DatasetError) -> (start: [UInt8], size: Int) {
    let file = try OpenFile(path)
    return (try file.bytes(0..<min(file.size, TarReader.block)), file.size)
  }

  /// The images of a source in the size and with the channels that `request` asks for.
  /// - Throws: ``DatasetError`` for images that do not fit.
  package static func fitted(
    _ source: any ImageSource, _ request: DatasetRequest
  ) throws(DatasetError) -> any ImageDataset {
    try source.check(request)
    return try FittedDataset(source, request)
  }

  /// Opens files as they are; see ``open(_:)``.
  /// - Parameter problems: takes what is wrong with single samples.
  /// - Throws: ``DatasetError`` for what is wrong with all of them.
  package static func source(
    _ request: DatasetRequest, problems: SampleProblems = SampleProblems()
  ) throws(DatasetError) -> any ImageSource {
    try request.checkPairing()
    problems.arePairs = request.isPaired
    let source = try images(request, problems)
    try request.checkPairs(of: source)
    return source
  }

  private static func images(
    _ request: DatasetRequest, _ problems: SampleProblems
  ) throws(DatasetError) -> any ImageSource {
    if request.source == "pottery" { return try PotteryImages(request) }
    if GaussianMixture.Kind(rawValue: request.source) != nil {
      throw DatasetError(.unsuitable, "points of the plane are no images", request.source, "name images")
    }
    let path = FilePath(request.source)
    if ShardNames.hasRange(request.source), (try? FolderListing.isFolder(path)) == nil {
      let names = try ShardNames.expanded(request.source)
      return try TarShards(names.map { FilePath($0) }, index: nil, request: request, problems: problems)
    }
    return try FolderListing.isFolder(path)
      ? folder(path, request, problems) : file(path, request, problems)
  }

  private static func file(
    _ path: FilePath, _ request: DatasetRequest, _ problems: SampleProblems
  ) throws(DatasetError) -> any ImageSource {
    let (start, size) = try head(path)
    if let arrays = try NumPyFiles.arrays(path, start: start, limits: request.limits) {
      return try NPYImages(arrays, request: request, problems: problems)
    }
    if TarReader.isTar(start) || path.name.isName(endingIn: ".tar") {
      return try TarShards([path], index: nil, request: request, problems: problems)
    }
    if path.name.isName(endingIn: ".tar.gz", ".tgz", ".tar.zst", ".tar.xz") {
      throw DatasetError(
        .unsuitable, "a compressed tar, whose samples cannot be found in any order", path.description,
        "decompress it")
    }
    if CIFARFormat.isName(path.name) {
      guard let format = CIFARFormat(name: path.name, size: size) else {
        throw DatasetError(
          .badData, "\(size) bytes are no whole number of CIFAR's records of 3073 or 3074 bytes",
          path.description,
          "fetch the file again")
      }
      return try CIFARImages([path], format, request: request, problems: problems)
    }
    if TextWindows.isText(path.name) {
      return try TextWindows([path], request: request, problems: problems)
    }
    if let what = foreign(path, start) {
      throw DatasetError(.unsuitable, what.problem, path.description, what.advice)
    }
    return try IDXImages(images: path, labels: labels(of: path), request: request, problems: problems)
  }

  /// What people take for data, and is none that is read.
  private static func foreign(_ path: FilePath, _ start: [UInt8]) -> (problem: String, advice: String)? {
    if BinvoxFile.isName(path.name) { return ("a single volume", "name the folder that holds the volumes") }
    if start.withUnsafeBytes({ ImageFormat($0) != nil }) {
      return ("a single image", "name the folder that holds the images")
    }
    if path.name.isName(endingIn: ".csv", ".tsv") {
      return ("a table of text, which is not read", "save its images as a NumPy array of shape [N, H, W]")
    }
    return nil
  }

  private static func folder(
    _ path: FilePath, _ request: DatasetRequest, _ problems: SampleProblems
  ) throws(DatasetError) -> any ImageSource {
    let listing = try FolderListing(path)
    let files = listing.entries.filter { $0.kind == .file }.map(\.name)
    if let images = try IDXNames.images(among: files, folder: path) {
      let labels = IDXNames.labels(of: images).first { files.contains($0) }
      return try IDXImages(
        images: path.appending(images), labels: labels.map(path.appending), request: request,
        problems: problems)
    }
    if let (format, names) = CIFARFormat.files(among: files) {
      return try CIFARImages(names.map(path.appending), format, request: request, problems: problems)
    }
    let shards = files.filter { $0.isName(endingIn: ".tar") }
    let indexPath = path.appending(Array(ShardIndex.fileName.utf8))
    let hasIndex = files.contains(indexPath.name)
    // An index whose shards are gone is no text.
    let isIndexed = hasIndex ? try ShardIndex.isIndex(indexPath) : false
    if !shards.isEmpty || isIndexed {
      // An index says what the data are. A folder that cannot be looked into is nobody's images.
      if !isIndexed, (try? LabelledFiles.kind(in: path, listing: listing, preferring: .image)) == .image {
        throw DatasetError(
          .unsuitable, "images beside shards, such as \(TerminalText.escaped(shards[0]))", path.description,
          "name the shards themselves, or move them out of the folder")
      }
      let index = hasIndex ? try ShardIndex(indexPath) : nil
      let names = index?.shards.map { Array($0.name.utf8) } ?? shards
      return try TarShards(names.map(path.appending), index: index, request: request, problems: problems)
    }
    if isText(listing) {
      return try TextWindows(
        listing.entries.map { path.appending($0.name) }, request: request, problems: problems)
    }
    if try LabelledFiles.kind(in: path, listing: listing, preferring: .image) == .volume {
      throw DatasetError(
        .unsuitable, "a folder of volumes, which are no images", path.description,
        "train on volumes with model.family=voxel-gan or voxel-pix2pix, or name a folder of images")
    }
    return try ImageFolder(path, listing: listing, request: request, problems: problems)
  }

  /// The labels beside a file of images.
  private static func labels(of images: FilePath) throws(DatasetError) -> FilePath? {
    guard IDXNames.isImages(images.name) else { return nil }
    let folder = images.folder
    let files = try FolderListing(folder).entries.map(\.name)
    return IDXNames.labels(of: images.name).first { files.contains($0) }.map(folder.appending)
  }
}
