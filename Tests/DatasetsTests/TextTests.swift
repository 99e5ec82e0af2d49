import Datasets
import Foundation
import Testing

@Suite("Text")
struct TextTests {
  /// The characters of a sample by their columns, top row first; nil where a row is not one-hot.
  private func columns(_ data: any ImageDataset, _ index: Int) throws -> [Int?] {
    let pixels = try data.sample(index).pixels
    return (0..<data.height).map { row in
      let values = pixels[row * data.width..<(row + 1) * data.width]
      let ones = values.indices.filter { values[$0] == 1 }
      guard ones.count == 1, values.allSatisfy({ $0 == 1 || $0 == -1 }) else { return nil }
      return ones[0] - row * data.width
    }
  }

  @Test("windows follow each other, rows are one-hot, columns stand in the order of code points")
  func windows() throws {
    let folder = TemporaryFolder()
    let path = folder.write(Array("dcba ü€😀abcd".utf8), "a.txt")
    let data = try open(path, size: 8)
    // " abcdü€😀" are eight characters: what is left, "abcd", is no whole window.
    #expect(data.count == 1 && data.labelCount == 0)
    #expect(try columns(data, 0) == [4, 3, 2, 1, 0, 5, 6, 7])
    #expect(try data.sample(0).label == -1)
    let wide = try open(path, size: 10)
    #expect(try columns(wide, 0) == [5, 4, 3, 2, 1, 6, 7, 8, 2, 3])
  }

  @Test("files of a folder follow each other by name, and no window runs from one into the next")
  func folder() throws {
    let folder = TemporaryFolder()
    folder.write(Array("abab".utf8), "2.txt")
    folder.write(Array("\u{FEFF}bbaba".utf8), "1.txt")
    let data = try open(folder.path, size: 4)
    #expect(data.count == 2)
    #expect(try columns(data, 0) == [2, 2, 1, 2] && columns(data, 1) == [1, 2, 1, 2])
    let fingerprint = data.fingerprint
    folder.write(Array("abaa".utf8), "2.txt")
    #expect(try open(folder.path, size: 4).fingerprint != fingerprint)
    folder.write(Fixture.greyPNG, "picture.png")
    #expect(try open(folder.path, size: 4).channels == 1, "beside an image, texts are left out")
    #expect(try open(folder.path, size: 4).count == 1)
  }

  @Test("text and pottery are made in the size asked for, images are not")
  func madeToSize() {
    let folder = TemporaryFolder()
    let text = folder.write(Array("abab".utf8), "text/1.txt")
    let array = folder.write([], "images.npy")
    folder.write(Fixture.greyPNG, "images/1.png")
    for source in ["pottery", text, folder.path + "/text"] { #expect(Datasets.isMadeToSize(source)) }
    for source in [array, folder.path + "/images", "ring"] { #expect(!Datasets.isMadeToSize(source)) }
    folder.write(Fixture.greyPNG, "text/1.png")
    #expect(!Datasets.isMadeToSize(folder.path + "/text"), "what lies beside an image is no text")
  }

  @Test("characters in no window are told, and files that hold none")
  func leftOver() throws {
    let folder = TemporaryFolder()
    for (name, text) in [("1", "abababa"), ("2", "ba"), ("3", "abab")] {
      folder.write(Array(text.utf8), "\(name).txt")
    }
    #expect(
      try open(folder.path, size: 4).remarks == [
        "5 characters in no window of 4, 1 file shorter than a window"
      ])
    #expect(try open(folder.path + "/1.txt", size: 3).remarks == ["1 character in no window of 3"])
    #expect(try open(folder.path + "/3.txt", size: 4).remarks.isEmpty)
  }

  @Test("what is no regular file is named, and not left out of the text")
  func special() {
    let folder = TemporaryFolder()
    folder.write(Array("some words".utf8), "a.txt")
    #expect(mkfifo(folder.path + "/b.txt", 0o600) == 0)
    let error = failure { _ = try open(folder.path, size: 4) }
    #expect(error?.description.contains("b.txt") == true, "\(error?.description ?? "read")")
  }

  @Test("text beside other files, such as captions beside images, is not trained on by itself")
  func beside() {
    for (other, kinds, advice) in [
      ("a.webp", "1 file ignored: 1 webp", "convert its images to PNG or JPEG; text lies beside"),
      ("images.npy", "no PNG or JPEG image", "such as images.npy: name the .txt file"),
      ("notes.md", "no PNG or JPEG image", "such as notes.md"),
    ] {
      let folder = TemporaryFolder()
      folder.write(Array("a caption".utf8), "a.txt")
      folder.write([1], other)
      let error = failure { _ = try open(folder.path, size: 4) }
      #expect(error?.kind == .badData && error?.description.contains(kinds) == true, "\(other)")
      #expect(error?.description.contains(advice) == true, "\(error?.description ?? "read")")
      #expect(error?.description.contains("such as a.txt") == true)
    }
  }

  @Test(
    "bytes that are no UTF-8 are refused by file and byte",
    arguments: [
      ([0x80], 0), ([0xC0, 0x80], 0), ([0xC3], 1), ([0xC3, 0x28], 1), ([0xE0, 0x80, 0x80], 2),
      ([0xED, 0xA0, 0x80], 2), ([0xE2, 0x82], 2), ([0xF4, 0x90, 0x80, 0x80], 3), ([0xF5], 0), ([0xFF], 0),
    ] as [([UInt8], Int)])
  func invalid(bytes: [UInt8], place: Int) throws {
    let folder = TemporaryFolder()
    let path = folder.write(Array("text".utf8) + bytes, "a.txt")
    let error = failure { _ = try open(path, size: 4) }
    #expect(error?.kind == .badData)
    #expect(error?.description.contains("a.txt, byte \(4 + place)") == true, "\(error?.description ?? "")")
  }

  @Test("characters across the pieces in which a file is read are whole")
  func pieces() throws {
    let folder = TemporaryFolder()
    let path = folder.write(Array(("a" + String(repeating: "€", count: 700_000)).utf8), "a.txt")
    let data = try open(path, size: 2)
    #expect(data.count == 350_000)
    #expect(try columns(data, 0) == [0, 1] && columns(data, 349_999) == [1, 1])
  }

  @Test(
    "what is drawn from a text is read back, from one channel and from three, in the middle of wider rows")
  func readBack() throws {
    let folder = TemporaryFolder()
    let path = folder.write(Array("dcba ü€😀abcd".utf8), "a.txt")
    for (size, channels) in [(8, 1), (11, 3)] {
      let data = try open(path, size: size, channels: channels)
      let characters = try #require(data.characters)
      let rows = try #require(TextRows(characters: characters, size: size))
      let text = try data.sample(0).pixels.withUnsafeBufferPointer {
        rows.text(of: $0.baseAddress!, channels: channels)
      }
      #expect(text == "dcba ü€😀abcd".prefix(size))
    }
    #expect(TextRows(characters: "", size: 2) == nil && TextRows(characters: "abc", size: 2) == nil)
    let rows = try #require(TextRows(characters: "ab", size: 2))
    #expect(
      [Float](arrayLiteral: 0.5, 0.5, -1, .nan).withUnsafeBufferPointer {
        rows.text(of: $0.baseAddress!, channels: 1)
      } == "aa")
  }

  @Test("no text, text shorter than a window, and more characters than fit are refused")
  func unsuitable() throws {
    let folder = TemporaryFolder()
    for text in ["", "abc", "\u{FEFF}"] {
      let path = folder.write(Array(text.utf8), "a.txt")
      let error = failure { _ = try open(path, size: 4) }
      #expect(error?.kind == .badData && error?.description.contains("no window of 4") == true)
    }
    let path = folder.write(Array("abcdefgh".utf8), "a.txt")
    let error = failure { _ = try open(path, size: 4) }
    #expect(
      error?.kind == .unsuitable
        && error?.description.contains("choose a size that the recipe takes, of 8 or more") == true)
    var many = ""
    many.unicodeScalars.append(contentsOf: (0x4E00..<0x4E00 + 4097).compactMap(Unicode.Scalar.init))
    let characters = folder.write(Array(many.utf8), "many.txt")
    #expect(
      failure { _ = try open(characters, size: 4096) }?.description.contains("more than 4096 different")
        == true)
  }
}
