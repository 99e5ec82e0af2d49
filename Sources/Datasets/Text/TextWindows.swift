import Platform

/// Text in UTF-8 as one-hot windows: a sample is `length` characters that follow each other, an image of as
/// many rows and of a column for each different character of the text, white (255) in the column of the row's
/// character.
///
/// The windows of a file follow each other without overlap; what is left at its end is no sample. Columns
/// stand in the order of code points; characters are Unicode scalars, taken as they are. A byte order mark at
/// the start of a file is left out. Samples are unlabelled.
struct TextWindows: ImageSource {
  let name: String
  let path: String
  let byteCount: Int
  let fingerprint: DataFingerprint
  private let length: Int
  private let alphabet: Vocabulary
  /// The number of every character of every file.
  private let numbers: [UInt16]
  /// Where each window begins.
  private let starts: [Int]
  /// Files that hold no window.
  private let shortFiles: Int

  private static let byteOrderMark: UInt32 = 0xFEFF
  private static let pieceBytes = 1 << 20

  var format: String { "text" }
  var count: Int { starts.count }
  var labelCount: Int { 0 }
  var extent: ImageExtent? { ImageExtent(height: length, width: alphabet.characters.count) }
  var channelRange: ClosedRange<Int> { 1...1 }
  var characters: String? { alphabet.text }

  var remarks: [String] {
    let left = numbers.count - count * length
    guard left > 0 else { return [] }
    let files = shortFiles > 0 ? ", \(Count.text(shortFiles, "file")) shorter than a window" : ""
    return ["\(Count.text(left, "character")) in no window of \(length)\(files)"]
  }

  /// Whether a file of that name is taken for text.
  static func isText(_ name: [UInt8]) -> Bool { name.isName(endingIn: ".txt") }

  /// Reads files.
  /// - Parameter paths: in the order of the samples; at least one.
  /// - Throws: ``DatasetError`` for bytes that are no UTF-8, for more than 4,096 different characters, and
  ///   for files all of which are shorter than a window of `request.size` characters.
  init(_ paths: [FilePath], request: DatasetRequest, problems: SampleProblems) throws(DatasetError) {
    let hash = ContentHash(kind: "text 1")
    let length = request.size
    var alphabet = Vocabulary()
    var characters: [UInt16] = []
    var starts: [Int] = []
    var (bytes, shortFiles) = (0, 0)
    for path in paths {
      let first = characters.count
      do throws(DatasetError) {
        let file = try OpenFile(path)
        guard file.size <= request.limits.bytes - bytes else {
          throw DatasetError(
            .badData, "more than \(request.limits.bytes) bytes of text", path.description,
            "train on a part of it, or \(DatasetLimits.moreBytes)")
        }
        try Self.read(file, hash, into: &characters, &alphabet)
        bytes += file.size
        starts += stride(from: first, through: characters.count - length, by: length)
        if characters.count - first < length { shortFiles += 1 }
      } catch {
        characters.removeSubrange(first...)
        try problems.report(error)
      }
    }
    guard !starts.isEmpty || !problems.list.isEmpty else {
      throw DatasetError(
        .badData, "\(characters.count) characters hold no window of \(length)", paths[0].description,
        "choose a smaller size, or add text")
    }
    let numbers = alphabet.sort()
    for index in characters.indices { characters[index] = numbers[Int(characters[index])] }
    self.length = length
    self.alphabet = alphabet
    self.numbers = characters
    self.starts = starts
    self.shortFiles = shortFiles
    byteCount = bytes
    fingerprint = hash.fingerprint()
    name = paths[0].title(isAlone: paths.count == 1)
    path = paths[0].description
  }

  /// Appends the numbers of a file's characters.
  private static func read(
    _ file: borrowing OpenFile, _ hash: borrowing ContentHash, into characters: inout [UInt16],
    _ alphabet: inout Vocabulary
  ) throws(DatasetError) {
    hash.add(file.size)
    var decoder = UTF8Decoder()
    var isFirst = true
    for start in stride(from: 0, to: file.size, by: pieceBytes) {
      let piece = try file.bytes(start..<min(start + pieceBytes, file.size))
      hash.update(piece)
      for (index, byte) in piece.enumerated() {
        switch decoder.take(byte) {
        case .incomplete: continue
        case .invalid: throw invalid(file.path, start + index)
        case .character(byteOrderMark) where isFirst: isFirst = false
        case .character(let character):
          isFirst = false
          guard let number = alphabet.number(of: character) else {
            throw DatasetError(
              .unsuitable, "more than \(Vocabulary.limit) different characters",
              "\(file.path), byte \(start + index)", "name text in an alphabet, or fewer files")
          }
          characters.append(number)
        }
      }
    }
    guard decoder.isComplete else { throw invalid(file.path, file.size) }
  }

  private static func invalid(_ path: FilePath, _ offset: Int) -> DatasetError {
    DatasetError(.badData, "no UTF-8", "\(path), byte \(offset)", "convert the file to UTF-8, or remove it")
  }

  /// - Throws: ``DatasetError`` for a request that windows would have to be resized for.
  func check(_ request: DatasetRequest) throws(DatasetError) {
    let different = alphabet.characters.count
    guard different <= request.size else {
      throw DatasetError(
        .unsuitable, "text of \(different) different characters does not fit size \(request.size)", path,
        "choose a size that the recipe takes, of \(different) or more")
    }
    guard request.resize != .crop else {
      throw DatasetError(.unsuitable, "text is not resized", path, "leave out dataset.resize=crop")
    }
  }

  func label(_ index: Int) -> Int32 { -1 }

  func image(_ index: Int) throws(DatasetError) -> SourceImage {
    let width = alphabet.characters.count
    var pixels = [UInt8](repeating: 0, count: length * width)
    for row in 0..<length { pixels[row * width + Int(numbers[starts[index] + row])] = 255 }
    return .bytes(RasterImage(height: length, width: width, channels: 1, pixels: pixels))
  }
}
