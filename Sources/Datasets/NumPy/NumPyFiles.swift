/// Which arrays of NumPy's files are images, and which are their labels.
enum NumPyFiles {
  private static let images = ["images", "x_train", "train_images", "x", "data", "arr_0"]
  private static let labels = ["labels", "y_train", "train_labels", "y", "label", "arr_1"]

  /// An NPY file; labels lie beside it in a file that is named `labels` where its own name says `images`.
  static func npy(
    _ path: FilePath, request: DatasetRequest, problems: SampleProblems
  ) throws(DatasetError) -> NPYImages {
    let array = try self.array(path)
    let labels = try labelFile(of: path).map { path throws(DatasetError) in try self.array(path) }
    return try NPYImages(
      array.array, labels: labels?.array, format: "NPY", name: escaped(path.name),
      byteCount: array.bytes + (labels?.bytes ?? 0), request: request, problems: problems)
  }

  /// An NPZ file: the member of images is called `images`, `x_train`, `train_images`, `x`, `data` or `arr_0`,
  /// or is the only one; that of labels `labels`, `y_train`, `train_labels`, `y`, `label` or `arr_1`.
  static func npz(
    _ path: FilePath, request: DatasetRequest, problems: SampleProblems
  ) throws(DatasetError) -> NPYImages {
    let archive = try ZIPArchive(path, limits: request.limits)
    func member(_ names: [String]) -> ZIPArchive.Member? {
      names.lazy.compactMap { name in archive.members.first { $0.name == name + ".npy" } }.first
    }
    let only = archive.members.count == 1 ? archive.members.first : nil
    guard let images = member(Self.images) ?? only else {
      let names = archive.members.prefix(8).map { escaped(Array($0.name.utf8)) }.joined(separator: ", ")
      throw DatasetError(
        .unsuitable, "no array called \(Self.images.joined(separator: ", ")) among \(names)",
        path.description,
        "save the images under one of these names")
    }
    func array(_ member: ZIPArchive.Member) throws(DatasetError) -> NPYArray {
      try NPYArray(archive.content(of: member), path: FilePath("\(path)/\(member.name)"))
    }
    let found = member(Self.labels)
    let labels = try found.map { member throws(DatasetError) in try array(member) }
    return try NPYImages(
      try array(images), labels: labels, format: "NPZ", name: escaped(path.name),
      byteCount: archive.byteCount,
      request: request, problems: problems)
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
