import Datasets
import Foundation
import Testing

@Suite("WebDataset shards")
struct TarShardsTests {
  private let folder = TemporaryFolder()

  /// One block of a header and the content, padded.
  private func member(_ name: String, _ content: [UInt8], type: Character = "0", size: String? = nil)
    -> [UInt8]
  {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    put(name, 0)
    put("0000644\0", 100)
    put(
      size ?? String(repeating: "0", count: 11 - String(content.count, radix: 8).count)
        + String(content.count, radix: 8), 124)
    put("        ", 148)
    put(String(type), 156)
    put("ustar\u{0}00", 257)
    let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", 148)
    return header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  private let end = [UInt8](repeating: 0, count: 1024)

  private func png(_ value: UInt8) -> [UInt8] { Fixture.png(2, 2, [UInt8](repeating: value, count: 4)) }

  private func sample(_ key: String, _ value: UInt8, label: Int) -> [UInt8] {
    member("\(key).cls", Array("\(label)".utf8)) + member("\(key).png", png(value))
      + member("\(key).json", [123, 125])
  }

  @Test("members of one key are a sample; ranges, a folder and a file give the same samples in order")
  func samples() throws {
    folder.write(sample("d.x/0", 10, label: 1) + sample("d.x/1", 20, label: 0) + end, "s-08.tar")
    folder.write(sample("d/2", 30, label: 4) + end, "s-09.tar")
    folder.write(sample("d/3", 40, label: 2) + end, "s-10.tar")
    for source in [folder.path, folder.path + "/s-{08..10}.tar", folder.path + "/s-{08,09,10}.tar"] {
      let data = try open(source, size: 2)
      try #require(data.count == 4 && data.labelCount == 5)
      #expect(try (0..<4).map { try data.sample($0).pixels[0] } == [10, 20, 30, 40].map(scaled))
      #expect(try (0..<4).map { try data.sample($0).label } == [1, 0, 4, 2])
    }
    #expect(try open(folder.path + "/s-09.tar", size: 2).count == 1)
    #expect(failure { _ = try open(folder.path + "/s-{08..11}.tar", size: 2) }?.kind == .missing)
    #expect(failure { _ = try open(folder.path + "/s-{1..999999999999}.tar", size: 2) }?.kind == .missing)
  }

  @Test(
    "links, devices, names that lead out, wrong checksums and sizes are refused by place",
    arguments: [
      ("link", "a link"), ("hard link", "a link"), ("device", "a link"), ("dots", "leads out"),
      ("root", "leads out"), ("sparse", "x.png is of type S"),
      ("checksum", "checksum"), ("size", "octal"), ("huge", "truncated"), ("pax", "pax"),
      ("second", "second image"), ("twice", "a second label of one sample"),
      ("apart", "a label without an image beside it"), ("advice", "tar --sort=name"),
      ("pictures", "in 1 shard, 2 files ignored: 1 gif, 1 webp"),
      ("label", "whole number"), ("mixed", "have a label"), ("sizes", "most common size"),
      ("text", "neither a PNG"),
      ("behind", "behind the end"), ("none", "0 samples"),
    ])
  func hostile(name: String, words: String) {
    let good = sample("0", 1, label: 0)
    var broken = good
    broken[150] ^= 1
    let apart =
      member("0.png", png(1)) + member("1.png", png(2)) + member("0.cls", [48]) + member("1.cls", [49])
    let cases: [String: [UInt8]] = [
      "apart": apart, "advice": apart, "sparse": good + member("x.png", [], type: "S"),
      "twice": good + member("1.cls", [48]) + member("1.png", png(1)) + member("1.cls", [49]),
      "pictures": member("0.webp", [1]) + member("0.cls", [48]) + member("1.GIF", [1]),
      "link": good + member("x.png", [], type: "2"), "hard link": good + member("x.png", [], type: "1"),
      "device": good + member("x.png", [], type: "3"), "dots": good + member("a/../../x.png", png(1)),
      "root": good + member("/etc/x.png", png(1)), "checksum": broken,
      "size": good + member("x.png", [], size: "99999999999"),
      "huge": good + member("x.png", [], size: "77777777777"),
      "pax": member("p", Array("99 path=x\n".utf8), type: "x") + good,
      "second": member("0.png", png(1)) + member("0.jpg", png(1)),
      "label": member("0.cls", [65]) + member("0.png", png(1)),
      "mixed": good + member("1.png", png(1)),
      "sizes": good + member("1.cls", [48])
        + member("1.png", Fixture.png(1, 1, [0])) + sample("2", 1, label: 0),
      "text": member("0.png", Array("hello, hello".utf8)),
      "behind": good + [UInt8](repeating: 0, count: 512) + [1],
      "none": member("readme.txt", [65]),
    ]
    let path = folder.write(cases[name]! + (name == "behind" ? [] : end), "x.tar")
    let error = failure { _ = try open(path, size: 2) }
    #expect(error?.description.contains(words) == true, "\(error.map(\.description) ?? "read")")
    #expect(error?.kind == .badData)
  }

  @Test("hidden files and those of macOS do not part a label from its image; images not read are counted")
  func members() throws {
    let mac =
      member("._0.png", [0, 5, 22, 7]) + member("__MACOSX/._0.cls", [0, 5, 22, 7])
      + member("a/.cache/9.png", png(9))
    let path = folder.write(
      member("0.png", png(10)) + mac + member("0.cls", [51]) + member("1.webp", [1]) + member("1.cls", [49])
        + member("2.jxl", [1]) + member("3.cls", [53]) + mac + member("3.png", png(20)) + end, "x.tar")
    let data = try open(path, size: 2)
    try #require(data.count == 2)
    #expect(try (0..<2).map { try data.sample($0).pixels[0] } == [10, 20].map(scaled))
    #expect(try (0..<2).map { try data.sample($0).label } == [3, 5])
    #expect(data.remarks == ["2 files ignored: 1 jxl, 1 webp"])
  }

  @Test(
    "images and labels with a further dot in their names are counted, and named where a sample has no other")
  func dots() throws {
    let masked = sample("0", 10, label: 1) + member("0.mask.PNG", png(9)) + member("0.b.cls", [48])
    let data = try open(folder.write(masked + end, "masked.tar"), size: 2)
    #expect(try data.count == 1 && data.sample(0).pixels[0] == scaled(10) && data.sample(0).label == 1)
    let kinds = ["cls", "png"].map { "1 \($0) with a dot in the name" }
    #expect(data.remarks == ["2 files ignored: \(kinds.joined(separator: ", "))"])
    let lost = member("DSC.001.png", png(1)) + member("DSC.001.cls", [48]) + member("DSC.002.png", png(2))
    let error = failure { _ = try open(folder.write(masked + lost + end, "lost.tar"), size: 2) }
    #expect(error?.kind == .badData && error?.description.contains("lost.tar, DSC.001.png") == true)
    // What is not read anyway is counted, no mistake.
    let other = folder.write(masked + member("1.webp", [0]) + member("1.mask.png", png(9)) + end, "other.tar")
    #expect(try open(other, size: 2).count == 1)
  }

  @Test("shards beside images are not taken for the whole, unless an index says so")
  func besideImages() throws {
    let packed = shard("a.tar", 10)
    folder.write(packed.bytes, "s/a.tar")
    folder.write(png(1), "s/cat/0.png")
    let error = failure { _ = try open(folder.path + "/s", size: 2) }
    #expect(error?.kind == .unsuitable && error?.description.contains("shards, such as a.tar") == true)
    #expect(try open(folder.path + "/s/a.tar", size: 2).count == 2)
    folder.write(Array(ShardIndex(labelCount: 2, shards: [packed.line]).text.utf8), "s/index.txt")
    #expect(try open(folder.path + "/s", size: 2).count == 2)
  }

  @Test("JPEGs are read under every name that they go by, in a folder and in a shard")
  func names() throws {
    let names = ["a.jfif", "b.JPE", "c.jpeg", "d.jpg"]
    for name in names { folder.write(Fixture.greyJPEG, "in/\(name)") }
    let shard = names.flatMap { member($0, Fixture.greyJPEG) } + end
    let values = try readAll(folder.path + "/in", size: 8)
    #expect(try values.count == 4 && values == readAll(folder.write(shard, "x.tar"), size: 8))
  }

  @Test("a pax header gives the next member its name and size, and that alone")
  func pax() throws {
    func header(_ field: String) -> [UInt8] {
      let record = " \(field)\n"
      let digits = record.utf8.count > 97 ? 3 : 2
      return member("p", Array("\(record.utf8.count + digits)\(record)".utf8), type: "x")
    }
    let image = png(10)
    let path = folder.write(
      header("path=" + String(repeating: "long", count: 30)) + member("d", [], type: "5")
        + header("size=\(image.count)") + member("0.png", image, size: "00000000000")
        + member("0.cls", [51]) + end, "x.tar")
    let data = try open(path, size: 2)
    try #require(data.count == 1)
    #expect(try data.sample(0).pixels[0] == scaled(10) && data.sample(0).label == 3)
  }

  @Test("an image within a shard is named by the shard and the byte at which it begins")
  func places() {
    let path = folder.write(sample("0", 1, label: 0) + sample("1", 1, label: 7) + end, "x.tar")
    let label = failure { _ = try open(path, size: 2, labelCount: 7) }
    #expect(label?.description.contains("label 7 is out of range 0..<7 (") == true)
    // A header and a block for each of three members, then a label of two blocks and a header.
    #expect(label?.description.contains("x.tar, image at byte \(6 * 512 + 3 * 512)") == true)
    var image = png(1)
    image[40] ^= 1
    let damaged = folder.write(member("0.png", image) + end, "y.tar")
    let error = failure { _ = try readAll(damaged, size: 2) }
    #expect(
      error?.description.contains("y.tar, image at byte 512, byte 33)") == true, "\(error?.description ?? "")"
    )
  }

  /// A shard of two samples, and its line of an index.
  private func shard(_ name: String, _ value: UInt8) -> (bytes: [UInt8], line: ShardIndex.Shard) {
    var writer = ShardWriter()
    for part: UInt8 in 0..<2 {
      writer.append(
        key: "\(part)", image: png(value + part), extension: "png", label: Int32(value + part) / 10)
    }
    writer.finish()
    return (
      writer.bytes,
      ShardIndex.Shard(name: name, bytes: writer.bytes.count, samples: 2, sha256: writer.sha256)
    )
  }

  @Test("an index holds each of several shards against its own line, in the order of the lines")
  func severalShards() throws {
    let (first, second) = (shard("b.tar", 10), shard("a.tar", 20))
    folder.write(first.bytes, "s/b.tar")
    folder.write(second.bytes, "s/a.tar")
    let text = ShardIndex(labelCount: 3, shards: [first.line, second.line]).text
    folder.write(Array(text.utf8), "s/index.txt")
    let data = try open(folder.path + "/s", size: 2)
    #expect(try (0..<data.count).map { try data.sample($0).pixels[0] } == [10, 11, 20, 21].map(scaled))
    #expect(try (0..<data.count).map { try data.sample($0).label } == [1, 1, 2, 2])
    // sha256sum's digits may be written in capitals.
    let capitals = text.replacingOccurrences(of: second.line.sha256, with: second.line.sha256.uppercased())
    folder.write(Array(capitals.utf8), "s/index.txt")
    #expect(try open(folder.path + "/s", size: 2).fingerprint == data.fingerprint)
    folder.write(first.bytes, "s/a.tar")
    let error = failure { _ = try open(folder.path + "/s", size: 2) }
    #expect(error?.description.contains("s/a.tar") == true && error?.kind == .badData)
    // An index without its shards is not read as text.
    for name in ["a.tar", "b.tar"] { try FileManager.default.removeItem(atPath: "\(folder.path)/s/\(name)") }
    let absent = failure { _ = try open(folder.path + "/s", size: 2) }
    #expect(absent?.description.contains("s/b.tar") == true && absent?.kind == .missing)
  }

  @Test("every combination of two groups of braces is a shard, the first group outermost")
  func braces() throws {
    for (index, name) in ["train-0", "train-1", "extra-0", "extra-1"].enumerated() {
      folder.write(shard("", UInt8(10 * index)).bytes, "\(name).tar")
    }
    let data = try open(folder.path + "/{train,extra}-{0..1}.tar", size: 2)
    #expect(
      try (0..<data.count).map { try data.sample($0).pixels[0] }
        == [0, 1, 10, 11, 20, 21, 30, 31].map(scaled))
  }

  @Test("damaged shards are all named where faults are collected, and the others are read")
  func collected() throws {
    let shards = (0..<4).map { shard("\($0).tar", UInt8(10 * $0)) }
    func problems(_ source: String) throws -> (places: [String], count: Int) {
      let problems = SampleProblems(collects: true)
      let request = DatasetRequest(source: source, size: 2, channels: 1)
      let count = try Datasets.source(request, problems: problems).count
      return (problems.list.map(\.description), count)
    }
    var flipped = shards[1].bytes
    flipped[600] ^= 1
    for (number, bytes) in [
      shards[0].bytes, flipped, Array(shards[2].bytes.dropLast(512)), shards[3].bytes,
    ].enumerated() {
      folder.write(bytes, "\(number).tar")
    }
    let (last, lines) = (shards[3].line, shards.dropLast().map(\.line))
    let wrong = ShardIndex.Shard(name: last.name, bytes: last.bytes, samples: 9, sha256: last.sha256)
    folder.write(Array(ShardIndex(labelCount: 9, shards: lines + [wrong]).text.utf8), "index.txt")
    let (named, count) = try problems(folder.path)
    try #require(named.count == 3, "\(named)")
    for (text, (name, words)) in zip(
      named,
      [("1.tar", "SHA-256"), ("2.tar", "bytes, the index says"), ("3.tar", "2 samples, the index says 9")])
    {
      #expect(text.contains(name) && text.contains(words), "\(text)")
    }
    #expect(count == 4)
    // A label is missing beside samples that are bad in other ways, or is not.
    let bad =
      member("0.png", [1]) + member("0.cls", [48]) + sample("1", 1, label: 0) + member("2.png", png(1))
      + member("2.cls", [65])
    for (more, words) in [([], "whole number"), (member("3.png", png(1)), "1 of 3 samples have a label")] {
      let mixed = try problems(folder.write(bad + more + end, "mixed.tar")).places
      #expect(mixed.count == (more.isEmpty ? 2 : 3) && mixed.last?.contains(words) == true, "\(mixed)")
    }
    // Without an index; with no shard that is whole.
    for number in 0..<3 {
      folder.write(Array(shards[number].bytes.prefix(512 * number)), "cut-\(number).tar")
    }
    let cut = try problems(folder.path + "/cut-{0..3}.tar")
    #expect(cut.places.count == 4 && cut.count == 0)
    #expect((0..<4).allSatisfy { cut.places[$0].contains("cut-\($0).tar") }, "\(cut.places)")
  }

  @Test("a shard that is cut anywhere is refused")
  func truncated() {
    let whole = sample("0", 1, label: 0) + end
    for count in stride(from: 0, to: whole.count - 512, by: 128) {
      let path = folder.write(Array(whole.prefix(count)), "cut.tar")
      #expect(failure { _ = try open(path, size: 2) } != nil, "\(count) bytes")
    }
  }

  @Test("a compressed tar is named as one")
  func compressed() {
    let path = folder.write([0x1F, 0x8B, 8, 0], "x.tar.gz")
    let error = failure { _ = try open(path, size: 2) }
    #expect(error?.description.contains("a compressed tar") == true, "\(error.map(\.description) ?? "read")")
  }

  @Test("archives of tar in every format that it writes are read", arguments: ["ustar", "pax", "gnu"])
  func peers(format: String) throws {
    let long = String(repeating: "long", count: 30)
    folder.write(png(10), "in/\(format == "ustar" ? "a" : long)/0.png")
    folder.write(png(20), "in/ä/1.png")
    let tar = Process()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = [
      "tar", "cf", folder.path + "/x.tar", "--format=\(format)", "--sort=name", "-C", folder.path + "/in",
      ".",
    ]
    try tar.run()
    tar.waitUntilExit()
    try #require(tar.terminationStatus == 0)
    #expect(try readAll(folder.path + "/x.tar", size: 2).map { $0[0] } == [10, 20].map(scaled))
  }

  @Test("packed shards give the samples of the source, and the index finds every changed byte")
  func packed() throws {
    var writer = ShardWriter()
    for index in 0..<3 {
      writer.append(key: "00\(index)", image: png(UInt8(index)), extension: "png", label: Int32(index))
    }
    writer.finish()
    folder.write(writer.bytes, "s/shard-000000.tar")
    let shard = ShardIndex.Shard(
      name: "shard-000000.tar", bytes: writer.bytes.count, samples: 3, sha256: writer.sha256)
    let index = Array(ShardIndex(labelCount: 10, shards: [shard]).text.utf8)
    folder.write(index, "s/index.txt")
    let data = try open(folder.path + "/s", size: 2)
    #expect(data.count == 3 && data.labelCount == 10)
    for place in stride(from: 0, to: writer.bytes.count, by: 97) {
      var bytes = writer.bytes
      bytes[place] ^= 4
      folder.write(bytes, "s/shard-000000.tar")
      #expect(
        failure { _ = try open(folder.path + "/s", size: 2) }?.description.contains("the index says") == true)
    }
    folder.write(writer.bytes, "s/shard-000000.tar")
    for count in index.indices.dropFirst() {
      folder.write(Array(index.prefix(count)), "s/index.txt")
      #expect(failure { _ = try open(folder.path + "/s", size: 2) }?.kind == .badData, "\(count) bytes")
    }
    for place in index.indices {
      var bytes = index
      bytes[place] ^= 1
      folder.write(bytes, "s/index.txt")
      // Another number of labels is all that may be read.
      if let other = try? open(folder.path + "/s", size: 2) {
        #expect(other.labelCount != 10 && other.count == 3)
      }
    }
    // A mark that joins the character before it, as a folder's name may begin with one.
    let names = ["cat", "\u{301}big dog", "é\\u{a}"]
    folder.write(
      Array(ShardIndex(labelCount: 4, classNames: names, shards: [shard]).text.utf8), "s/index.txt")
    #expect(try open(folder.path + "/s", size: 2).classNames == names)
    let text = ShardIndex(labelCount: 3, classNames: names, shards: [shard]).text
    for (labels, named) in [("2", "3 names of 2 labels"), ("1000001", "not an index")] {
      folder.write(
        Array(text.replacingOccurrences(of: "labels 3", with: "labels \(labels)").utf8), "s/index.txt")
      let error = failure { _ = try open(folder.path + "/s", size: 2) }
      #expect(error?.description.contains(named) == true, "\(error?.description ?? "")")
    }
  }
}
