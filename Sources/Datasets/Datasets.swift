/// Where data sets are opened.
public enum Datasets {
  /// Opens what `request.source` names.
  ///
  /// | source | data set |
  /// |---|---|
  /// | `pottery` | the built-in ``Pottery`` |
  /// | `ring`, `grid` | the built-in ``GaussianMixture`` |
  /// | a file | IDX images, plain or gzip; labels from the file beside it that is named after MNIST's |
  /// | a folder with IDX files | the file that begins with `train-`, or the only one |
  /// | any other folder | PNG and JPEG images of one size |
  ///
  /// In an image folder the images lie in sub-folders, one for each label, or directly in the folder, unlabelled; not
  /// both, and not deeper. Labels are numbered by the sub-folders' names in byte order. Names with a leading dot and
  /// other files are left out; a link must not lead out of the folder.
  ///
  /// An image of another size than asked for is centred on black, after being enlarged by the largest whole factor or
  /// averaged over whole boxes of pixels; when neither fits, opening fails.
  ///
  /// - Throws: ``DatasetError`` for data that are missing, unreadable, damaged, or do not fit the size asked for.
  public static func open(_ request: DatasetRequest) throws(DatasetError) -> any ImageDataset {
    if let kind = GaussianMixture.Kind(rawValue: request.source) {
      return try GaussianMixture(kind, request)
    }
    guard request.channels == 1 || request.channels == 3 else {
      throw DatasetError(.unsuitable, "no images of \(request.channels) channels", "channels", "use 1 or 3")
    }
    guard (1...4096).contains(request.size) else {
      throw DatasetError(.unsuitable, "no images of size \(request.size)", "size", "use 1 to 4096")
    }
    if request.source == "pottery" {
      return try Pottery(request)
    }
    let path = FilePath(request.source)
    guard try FolderListing.isFolder(path) else {
      return try IDXDataset(images: path, labels: labels(of: path), request: request)
    }
    let root = try FolderListing.resolved(path)
    let listing = try FolderListing(path, root: root)
    let files = listing.entries.filter { $0.kind == .file }.map(\.name)
    if let images = try IDXNames.images(among: files, folder: path) {
      let labels = IDXNames.labels(of: images).first { files.contains($0) }
      return try IDXDataset(
        images: path.appending(images), labels: labels.map(path.appending), request: request)
    }
    return try ImageFolder(path, root: root, listing: listing, request: request)
  }

  /// The labels beside a file of images.
  private static func labels(of images: FilePath) throws(DatasetError) -> FilePath? {
    guard IDXNames.isImages(images.name) else { return nil }
    let folder = images.folder
    let files = try FolderListing(folder, root: FolderListing.resolved(folder)).entries.map(\.name)
    return IDXNames.labels(of: images.name).first { files.contains($0) }.map(folder.appending)
  }
}
