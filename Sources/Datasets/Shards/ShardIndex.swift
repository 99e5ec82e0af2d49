import Platform

/// `index.txt` beside packed shards: what each must be, and how much is in it. Plain text, one shard a line.
///
///     lockstep shards 1
///     labels 2
///     class cat                                 what a label is called
///     class dog
///     shard-000000.tar 1048576 5000 0123…ef     name, bytes, samples, SHA-256
package struct ShardIndex: Equatable {
  /// One line.
  package struct Shard: Equatable {
    package let name: String
    package let bytes: Int
    package let samples: Int
    /// 64 hexadecimal digits, as sha256sum prints them.
    package let sha256: String

    package init(name: String, bytes: Int, samples: Int, sha256: String) {
      self.name = name
      self.bytes = bytes
      self.samples = samples
      self.sha256 = sha256
    }
  }

  package static let fileName = "index.txt"
  private static let firstLine = "lockstep shards 1"
  private static let className = "class "
  private static let largest = 16 << 20

  /// Labels lie in `0..<labelCount`; 0 for unlabelled samples.
  package let labelCount: Int
  /// Those of the first labels, in their order; empty where they have no names.
  package let classNames: [String]
  package let shards: [Shard]

  /// - Precondition: names are of one line, for no more labels than there are.
  package init(labelCount: Int, classNames: [String] = [], shards: [Shard]) {
    precondition(classNames.count <= labelCount, "names are those of labels")
    self.labelCount = labelCount
    self.classNames = classNames
    self.shards = shards
  }

  /// The file's text.
  package var text: String {
    ([Self.firstLine, "labels \(labelCount)"] + classNames.map { Self.className + $0 }
      + shards.map { "\($0.name) \($0.bytes) \($0.samples) \($0.sha256)" }).joined(separator: "\n") + "\n"
  }

  /// Whether the file at `path` begins as an index does.
  static func isIndex(_ path: FilePath) throws(DatasetError) -> Bool {
    let file = try OpenFile(path)
    return try file.bytes(0..<min(file.size, firstLine.utf8.count)).elementsEqual(firstLine.utf8)
  }

  /// Reads the file at `path`.
  init(_ path: FilePath) throws(DatasetError) {
    let file = try OpenFile(path)
    func damaged(_ what: String, line: Int) -> DatasetError {
      DatasetError(.badData, what, "\(path), line \(line)", "pack the data again, or remove the index")
    }
    guard file.size <= Self.largest else { throw damaged("an index of \(file.size) bytes", line: 1) }
    guard let text = String(validating: try file.bytes(0..<file.size), as: UTF8.self), text.hasSuffix("\n")
    else {
      throw damaged("not a whole text", line: 1)
    }
    // By bytes: characters of names may join with what stands before them.
    let lines = text.utf8.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map(Substring.init)
    guard lines.count > 2, lines[0] == Self.firstLine, let labels = Self.field(lines[1], "labels "),
      labels <= DatasetLimits.labels
    else {
      throw damaged("not an index of shards of version 1", line: 1)
    }
    var shards: [Shard] = []
    var names: Set<Substring> = []
    let classNames = lines.dropFirst(2).prefix { $0.utf8.starts(with: Self.className.utf8) }
      .map { TerminalText.escaped(Array($0.utf8.dropFirst(Self.className.utf8.count))) }
    guard classNames.count <= labels else {
      throw damaged("\(classNames.count) names of \(labels) labels", line: 3)
    }
    for (number, line) in lines.enumerated().dropFirst(2 + classNames.count) {
      let parts = line.split(separator: " ", omittingEmptySubsequences: false)
      guard parts.count == 4, Self.isName(parts[0]), let bytes = Self.field(parts[1], ""),
        let samples = Self.field(parts[2], ""), DataFingerprint(String(parts[3])) != nil,
        names.insert(parts[0]).inserted
      else { throw damaged("not NAME BYTES SAMPLES SHA256", line: number + 1) }
      shards.append(Shard(name: String(parts[0]), bytes: bytes, samples: samples, sha256: String(parts[3])))
    }
    guard !shards.isEmpty else { throw damaged("no shards", line: lines.count) }
    labelCount = labels
    self.classNames = classNames
    self.shards = shards
  }

  private static func field(_ text: Substring, _ name: String) -> Int? {
    let digits = text.dropFirst(name.count)
    guard text.hasPrefix(name), !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    return Int(digits)
  }

  /// A single harmless part of a path.
  private static func isName(_ name: Substring) -> Bool {
    !name.isEmpty && !name.hasPrefix(".")
      && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
  }
}
