import Platform

/// Which arrays of NumPy's files are samples, and which are their labels.
enum NumPyFiles {
  private static let samples = ["images", "x_train", "train_images", "x", "data", "arr_0", "volumes"]
  private static let labels = ["labels", "y_train", "train_labels", "y", "label", "arr_1"]

  /// What such a file holds.
  struct Arrays {
    /// `NPY` or `NPZ`.
    let format: String
    /// The file's name.
    let name: String
    /// The bytes of all files.
    let byteCount: Int
    let samples: NPYArray
    /// As many integers; nil of unlabelled samples.
    let labels: NPYArray?

    /// Reads the labels and adds them to a fingerprint.
    /// - Parameter classes: how many there have to be; nil for one more than the largest label.
    /// - Returns: nil of unlabelled samples, and the number of classes.
    func labels(
      addingTo hash: borrowing ContentHash, classes: Int?, _ problems: SampleProblems
    ) throws(DatasetError) -> ([Int]?, classes: Int) {
      guard let array = labels else { return (nil, 0) }
      let (labels, count) = (try array.labels(), samples.header.extents[0])
      guard labels.count == count else {
        throw DatasetError(
          .badData, "\(labels.count) labels for \(count) samples", array.path.description,
          "use arrays that belong together")
      }
      let classes = try problems.labelCount(labels, wanted: classes) { "\(array.path), sample \($0)" }
      try array.add(to: hash) { _, _ in }
      return (labels, classes)
    }
  }

  /// The arrays of an NPY or NPZ file; nil for a file that begins like neither.
  static func arrays(
    _ path: FilePath, start: [UInt8], limits: DatasetLimits
  ) throws(DatasetError) -> Arrays? {
    if start.starts(with: NPYHeader.magic) { return try npy(path) }
    if start.starts(with: ZIPArchive.magic) { return try npz(path, limits: limits) }
    return nil
  }

  /// An NPY file; labels lie beside it in a file that is named `labels` where its own name says `images`.
  private static func npy(_ path: FilePath) throws(DatasetError) -> Arrays {
    let array = try self.array(path)
    let labels = try labelFile(of: path).map { path throws(DatasetError) in try self.array(path) }
    return Arrays(
      format: "NPY", name: TerminalText.escaped(path.name), byteCount: array.bytes + (labels?.bytes ?? 0),
      samples: array.array, labels: labels?.array)
  }

  /// An NPZ file: the member of samples is called `images`, `x_train`, `train_images`, `x`, `data`, `arr_0`
  /// or `volumes`, or is the only one; that of labels `labels`, `y_train`, `train_labels`, `y`, `label` or
  /// `arr_1`.
  private static func npz(_ path: FilePath, limits: DatasetLimits) throws(DatasetError) -> Arrays {
    let archive = try ZIPArchive(path, limits: limits)
    func member(_ names: [String]) -> ZIPArchive.Member? {
      names.lazy.compactMap { name in archive.members.first { $0.name == name + ".npy" } }.first
    }
    let only = archive.members.count == 1 ? archive.members.first { $0.name.hasSuffix(".npy") } : nil
    guard let samples = member(Self.samples) ?? only else {
      let names = archive.members.prefix(8).map { TerminalText.escaped($0.name) }.joined(separator: ", ")
      guard archive.members.contains(where: { $0.name.hasSuffix(".npy") }) else {
        throw DatasetError(
          .unsuitable, "a zip archive without NumPy arrays: \(names)", path.description,
          "unpack it, and name the folder")
      }
      throw DatasetError(
        .unsuitable, "no array called \(Self.samples.joined(separator: ", ")) among \(names)",
        path.description,
        "save the samples under one of these names")
    }
    func array(_ member: ZIPArchive.Member) throws(DatasetError) -> NPYArray {
      try NPYArray(archive.content(of: member), path: path.appending(Array(member.name.utf8)))
    }
    let found = member(Self.labels)
    let labels = try found.map { member throws(DatasetError) in try array(member) }
    return Arrays(
      format: "NPZ", name: TerminalText.escaped(path.name), byteCount: archive.byteCount,
      samples: try array(samples),
      labels: labels)
  }

  private static func array(_ path: FilePath) throws(DatasetError) -> (array: NPYArray, bytes: Int) {
    let file = try OpenFile(path)
    let bytes = file.size
    let content = FileContent.file(SharedFile(file), start: 0, count: bytes)
    return (try NPYArray(content, path: path), bytes)
  }

  private static func labelFile(of path: FilePath) throws(DatasetError) -> FilePath? {
    let name = String(decoding: path.name, as: UTF8.self)
    guard let range = name.utf8Range(of: "images") else { return nil }
    let other =
      Array(name.utf8)[..<range.lowerBound] + Array("labels".utf8) + Array(name.utf8)[range.upperBound...]
    let folder = path.folder
    let files = try FolderListing(folder).entries.map(\.name)
    return files.contains(Array(other)) ? folder.appending(Array(other)) : nil
  }
}

extension String {
  /// Where `word` last stands, in bytes.
  fileprivate func utf8Range(of word: String) -> Range<Int>? {
    let (bytes, wanted) = (Array(utf8), Array(word.utf8))
    guard bytes.count >= wanted.count else { return nil }
    return (0...bytes.count - wanted.count).reversed()
      .first { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }.map { $0..<$0 + wanted.count }
  }
}
