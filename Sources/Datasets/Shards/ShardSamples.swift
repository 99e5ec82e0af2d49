import Platform

/// The samples of one shard: members in a row whose names are equal up to the first dot of their last part.
/// Names with a leading dot and what macOS packs under `__MACOSX` do not stand between members.
struct ShardSamples {
  struct Sample {
    let offset: Int
    let size: Int
    let label: Int32
    /// Whether it has none because that could not be read, which was reported.
    let hasBadLabel: Bool
    let extent: ImageExtent
    let channels: Int
    let isTurned: Bool
    /// For messages.
    let place: String
  }

  private let file: SharedFile
  private let limits: DatasetLimits

  init(_ file: SharedFile, limits: DatasetLimits) {
    self.file = file
    self.limits = limits
  }

  private struct Group {
    let key: [UInt8]
    var image: TarReader.Member?
    var label: (value: Int32, member: TarReader.Member)?
    var hasBadLabel = false
    /// Whether there is an image that is not read, whose label is no mistake.
    var isIgnored = false
    /// The first image whose name has a further dot before its ending.
    var dotted: TarReader.Member?
  }

  /// What errors call the image of a sample; a byte in them counts from the image's first.
  static func place(_ shard: FilePath, _ offset: Int) -> String { "\(shard), image at byte \(offset)" }

  /// Calls `body` with each sample in order. A sample whose image or label cannot be read is reported.
  /// - Returns: images of kinds that are not read.
  func forEach(
    _ problems: SampleProblems, _ body: (Sample) throws(DatasetError) -> Void
  ) throws(DatasetError) -> IgnoredFiles {
    var reader = TarReader(file)
    var group: Group?
    var ignored = IgnoredFiles()
    while let member = try reader.next() {
      guard !Self.isHidden(member.name) else { continue }
      let (key, ending) = Self.split(member.name)
      if group?.key != key {
        try finish(group, problems, body)
        group = Group(key: key)
      }
      do throws(DatasetError) {
        if ImageFormat.extensions.contains(ending) {
          guard group?.image == nil else { throw bad("a second image of one sample", member) }
          group?.image = member
        } else if ending == "cls" {
          guard group?.label == nil else { throw bad("a second label of one sample", member) }
          group?.hasBadLabel = true
          group?.label = (try label(member), member)
          group?.hasBadLabel = false
        } else if ignored.add(kind: ending) {
          group?.isIgnored = true
        } else if let kind = ending.split(separator: ".").last.map(String.init),
          kind == "cls" || ImageFormat.extensions.contains(kind)
        {
          // Such as the mask beside an image, or an image whose own name has a dot.
          ignored.count("\(kind) with a dot in the name")
          if kind != "cls", group?.dotted == nil { group?.dotted = member }
        }
      } catch {
        try problems.report(error)
      }
    }
    try finish(group, problems, body)
    return ignored
  }

  private func finish(
    _ group: Group?, _ problems: SampleProblems, _ body: (Sample) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    guard let group else { return }
    guard let image = group.image else {
      guard !group.isIgnored else { return }
      if let dotted = group.dotted {
        return try problems.report(
          bad(
            "an image with a further dot in its name: a sample's ends at the first, so this one has no image",
            dotted, "rename the images, or unpack the shard and name the folder"))
      }
      guard let label = group.label else { return }
      return try problems.report(
        bad(
          "a label without an image beside it", label.member,
          "pack the members of a sample together, as tar --sort=name does"))
    }
    let place = Self.place(file.file.path, image.offset)
    let header: (extent: ImageExtent, channels: Int, isTurned: Bool)
    do throws(DatasetError) {
      header = try self.header(image, place)
    } catch {
      return try problems.report(error)
    }
    try body(
      Sample(
        offset: image.offset, size: image.size, label: group.label?.value ?? -1,
        hasBadLabel: group.hasBadLabel, extent: header.extent, channels: header.channels,
        isTurned: header.isTurned, place: place))
  }

  /// The size and the channels of an image that is whole, and whether it is stored turned.
  private func header(
    _ image: TarReader.Member, _ place: String
  ) throws(DatasetError) -> (extent: ImageExtent, channels: Int, isTurned: Bool) {
    guard image.size <= limits.bytes else {
      throw bad("an image file of \(image.size) bytes", image, DatasetLimits.moreBytes)
    }
    let bytes = try file.file.bytes(image.offset..<image.offset + image.size)
    return try bytes.withRawBytes { bytes throws(DatasetError) in
      try ImageFormat.inspect(bytes, place: place, limits: limits)
    }
  }

  private func label(_ member: TarReader.Member) throws(DatasetError) -> Int32 {
    guard member.size <= 32 else { throw bad("a label of \(member.size) bytes", member) }
    let text = String(
      decoding: try file.file.bytes(member.offset..<member.offset + member.size), as: UTF8.self)
    let digits = text.drop { $0.isWhitespace }.prefix { $0.isASCII && $0.isNumber }
    guard let label = Int32(digits), label < DatasetLimits.labels,
      text.drop(while: { $0.isWhitespace }).dropFirst(digits.count).allSatisfy(\.isWhitespace)
    else { throw bad("a label that is no whole number below \(DatasetLimits.labels)", member) }
    return label
  }

  private func bad(
    _ what: String, _ member: TarReader.Member, _ advice: String = "pack the data again"
  ) -> DatasetError {
    DatasetError(.badData, what, "\(file.file.path), \(TerminalText.escaped(member.name))", advice)
  }

  /// Whether a folder would be listed without it; see ``FolderListing``.
  private static func isHidden(_ name: [UInt8]) -> Bool {
    let parts = name.split(separator: UInt8(ascii: "/"))
    return parts.contains {
      $0.first == UInt8(ascii: ".") && !$0.elementsEqual(".".utf8) || FolderListing.isForeign($0)
    }
  }

  /// The name up to the first dot of its last part, and what follows that dot in lower case.
  private static func split(_ name: [UInt8]) -> (key: [UInt8], ending: String) {
    let last = name.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    guard let dot = name[last...].firstIndex(of: UInt8(ascii: ".")) else { return (name, "") }
    return (Array(name[..<dot]), String(decoding: name[(dot + 1)...], as: UTF8.self).lowercased())
  }
}
