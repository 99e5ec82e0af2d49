import Platform

/// Which files of an image folder are samples, and of which label.
///
/// Images lie in sub-folders, one for each label, or directly in the folder, unlabelled; not both, and not
/// deeper. Labels are numbered by the sub-folders' names in byte order; samples are ordered by label, then by
/// name in byte order. Names with a leading dot and files that are not `.png`, `.jpg` or `.jpeg` are left
/// out; those of them that are images are counted.
struct ImageFolderListing: Sendable {
  struct Sample: Sendable {
    /// Relative to the folder: `name`, or `label/name`.
    let path: [UInt8]
    /// -1 when unlabelled.
    let label: Int32
  }

  let samples: [Sample]
  /// The sub-folders' names, in the order of the labels.
  let labelNames: [[UInt8]]
  /// Images that are left out.
  let ignored: IgnoredFiles

  init(_ folder: FilePath, listing: FolderListing) throws(DatasetError) {
    let folders = listing.entries.filter { $0.kind == .folder }.map(\.name)
    var samples = try Self.images(listing, folder).map { Sample(path: $0, label: -1) }
    var ignored = Self.ignored(listing)
    guard samples.isEmpty || folders.isEmpty else {
      throw DatasetError(
        .badData,
        "images beside folders of images, such as \(TerminalText.escaped(samples[0].path)) and \(TerminalText.escaped(folders[0]))",
        folder.description, "put every image into a sub-folder that is its label, or none")
    }
    for (label, name) in folders.enumerated() {
      let path = folder.appending(name)
      let listing = try FolderListing(path)
      if let nested = listing.entries.first(where: { $0.kind == .folder }) {
        throw DatasetError(
          .badData, "a folder within the folder of a label", path.appending(nested.name).description,
          "name a folder whose sub-folders are the labels")
      }
      let images = try Self.images(listing, path)
      let others = Self.ignored(listing)
      guard !images.isEmpty else {
        throw DatasetError(
          .badData, "no PNG or JPEG image of this label\(Self.suffix(others))", path.description,
          others.text == nil
            ? "name a folder whose sub-folders hold the images of one label each"
            : "convert its images to PNG or JPEG")
      }
      ignored.add(others)
      samples += images.map { Sample(path: FilePath(bytes: name).appending($0).bytes, label: Int32(label)) }
    }
    guard !samples.isEmpty else { throw Self.nothing(in: listing, ignored, folder) }
    self.samples = samples
    labelNames = folders
    self.ignored = ignored
  }

  /// A folder of files none of which is read: what they are, and what is to be done with them.
  private static func nothing(
    in listing: FolderListing, _ ignored: IgnoredFiles, _ folder: FilePath
  ) -> DatasetError {
    let text = listing.entries.map(\.name).first(where: TextWindows.isText)
    let other = listing.entries.map(\.name).first { !TextWindows.isText($0) }
    var advice =
      ignored.text == nil
      ? "name a folder with images, or use data=pottery" : "convert its images to PNG or JPEG"
    if let text, let other {
      advice =
        (ignored.text == nil ? "" : advice + "; ")
        + "text lies beside other files, such as \(TerminalText.escaped(other)): "
        + "name the .txt file to train on, such as \(TerminalText.escaped(text)), "
        + "or a folder of nothing but .txt files"
    }
    return DatasetError(
      .badData, "0 samples: no IDX file, no PNG or JPEG image\(suffix(ignored))", folder.description, advice)
  }

  private static func ignored(_ listing: FolderListing) -> IgnoredFiles {
    var ignored = IgnoredFiles()
    for entry in listing.entries where entry.kind == .file { ignored.add(entry.name) }
    return ignored
  }

  private static func suffix(_ ignored: IgnoredFiles) -> String { ignored.text.map { ", \($0)" } ?? "" }

  private static func images(_ listing: FolderListing, _ folder: FilePath) throws(DatasetError) -> [[UInt8]] {
    let images = listing.entries.filter { $0.kind != .folder && ImageFormat.isImageName($0.name) }
    if let special = images.first(where: { $0.kind == .special }) {
      throw DatasetError(
        .badData, "not a regular file", folder.appending(special.name).description, "remove it")
    }
    return images.map(\.name)
  }
}
