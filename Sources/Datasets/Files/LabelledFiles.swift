import Platform

/// Which files of a folder of images or of volumes are samples, and of which label.
///
/// They lie in sub-folders, one for each label, or directly in the folder, unlabelled; not both, and not
/// deeper, but that a label's volumes may have a folder each, as ShapeNet's do. Labels are numbered by the
/// sub-folders' names in byte order; samples are ordered by label, then by name in byte order, those in
/// folders of their own last. Names with a leading dot and files of other kinds are left out; those of them
/// that are images or volumes are counted.
struct LabelledFiles: Sendable {
  struct Sample: Sendable {
    /// Relative to the folder: `name`, `label/name` or `label/folder/name`.
    let path: [UInt8]
    /// -1 when unlabelled.
    let label: Int32
  }

  let samples: [Sample]
  /// The sub-folders' names, in the order of the labels.
  let labelNames: [[UInt8]]
  /// Images and volumes that are left out.
  let ignored: IgnoredFiles

  /// - Parameter wanted: the most labels that there may be; nil for any number.
  init(
    _ kind: SampleFileKind, in folder: FilePath, listing: FolderListing, labelCount wanted: Int?
  ) throws(DatasetError) {
    let folders = listing.folders
    var samples = try Self.files(kind, listing, folder).map { Sample(path: $0, label: -1) }
    var ignored = Self.ignored(kind, listing)
    guard samples.isEmpty || folders.isEmpty else {
      throw DatasetError(
        .badData,
        "\(kind.noun)s beside folders of \(kind.noun)s, such as "
          + "\(TerminalText.escaped(samples[0].path)) and \(TerminalText.escaped(folders[0]))",
        folder.description, "put every \(kind.noun) into a sub-folder that is its label, or none")
    }
    for (label, name) in folders.enumerated() {
      let path = folder.appending(name)
      let listing = try FolderListing(path)
      var files = try Self.files(kind, listing, path)
      var others = Self.ignored(kind, listing)
      for nested in listing.folders {
        let inner = path.appending(nested)
        let listing = kind == .volume ? try FolderListing(inner) : nil
        guard let listing, listing.folders.isEmpty else {
          throw DatasetError(
            .badData, "a folder within the folder of a label", inner.description,
            "name a folder whose sub-folders are the labels")
        }
        files += try Self.files(kind, listing, inner).map { FilePath(bytes: nested).appending($0).bytes }
        others.add(Self.ignored(kind, listing))
      }
      guard !files.isEmpty else {
        throw DatasetError(
          .badData, "no \(kind.file) of this label\(Self.suffix(others))", path.description,
          others.text == nil || kind == .volume
            ? "name a folder whose sub-folders hold the \(kind.noun)s of one label each"
            : "convert its images to PNG or JPEG")
      }
      ignored.add(others)
      samples += files.map { Sample(path: FilePath(bytes: name).appending($0).bytes, label: Int32(label)) }
    }
    // Who asks for volumes has found one; see ``kind(in:listing:preferring:)``.
    guard !samples.isEmpty else { throw Self.nothing(in: listing, ignored, folder) }
    if let wanted, folders.count > wanted {
      throw DatasetError(
        .badData, "\(folders.count) sub-folders, so labels are out of range 0..<\(wanted)",
        folder.description, "correct the folder or the number of labels")
    }
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

  /// The kind of the samples in a folder and its sub-folders, nil if there are none.
  /// - Parameter preferred: looked for first.
  static func kind(
    in folder: FilePath, listing: FolderListing, preferring preferred: SampleFileKind
  ) throws(DatasetError) -> SampleFileKind? {
    for kind in [preferred, preferred == .image ? .volume : .image]
    where try holds(kind, folder, listing, depth: 3) {
      return kind
    }
    return nil
  }

  /// Whether such files lie in a folder or, down to a depth, in one of its sub-folders. Those that lie too
  /// deep are found, too, so that it can be told.
  private static func holds(
    _ kind: SampleFileKind, _ folder: FilePath, _ listing: FolderListing, depth: Int
  ) throws(DatasetError) -> Bool {
    if listing.entries.contains(where: { $0.kind != .folder && kind.isSample($0.name) }) { return true }
    for name in depth > 0 ? listing.folders : [] {
      let path = folder.appending(name)
      if try holds(kind, path, FolderListing(path), depth: depth - 1) { return true }
    }
    return false
  }

  private static func ignored(_ kind: SampleFileKind, _ listing: FolderListing) -> IgnoredFiles {
    var ignored = IgnoredFiles()
    for entry in listing.entries where entry.kind == .file { ignored.add(entry.name, or: kind.others) }
    return ignored
  }

  private static func suffix(_ ignored: IgnoredFiles) -> String { ignored.text.map { ", \($0)" } ?? "" }

  private static func files(
    _ kind: SampleFileKind, _ listing: FolderListing, _ folder: FilePath
  ) throws(DatasetError) -> [[UInt8]] {
    let files = listing.entries.filter { $0.kind != .folder && kind.isSample($0.name) }
    if let special = files.first(where: { $0.kind == .special }) {
      throw DatasetError(
        .badData, "not a regular file", folder.appending(special.name).description, "remove it")
    }
    return files.map(\.name)
  }
}

/// The kinds of files that are a sample each.
enum SampleFileKind {
  case image, volume

  /// Whether a file of that name is taken for one.
  func isSample(_ name: [UInt8]) -> Bool {
    switch self {
    case .image: ImageFormat.isImageName(name)
    case .volume: BinvoxFile.isName(name)
    }
  }

  /// What the sample is called.
  var noun: String { self == .image ? "image" : "volume" }

  /// What the file is called.
  var file: String { self == .image ? "PNG or JPEG image" : ".binvox file" }

  /// What the names of data end in, besides those of images that are not read, which are left out beside such
  /// files.
  var others: [String] { self == .image ? ["binvox"] : ImageFormat.extensions + ["npy", "npz"] }
}
