import Foundation
import Testing

extension EndToEnd {
  /// Models that make one image of a pair of the other.
  struct PairTests {
    private static let words =
      ["inpainting", "context.kind=pair"] + narrow + [
        "size=16", "channels=1", "samples.count=4", "steps=3", "optimizer.generator.learningRate=0.01",
        "ema.decay=0.5",
      ]
    private static let count = 16

    /// A NumPy file of pairs of 16 x 16, the right half of each the negative of the left, and one of the
    /// left halves.
    private static func pairs(in folder: Folder) throws {
      var (left, pairs): ([UInt8], [UInt8]) = ([], [])
      for row in 0..<16 * count {
        let pixels = (0..<16).map { column -> UInt8 in UInt8((row * 7 + column * 5) % 256) }
        left += pixels
        pairs += pixels
        pairs += pixels.map { 255 - $0 }
      }
      func header(_ width: Int) -> String {
        "{'descr': '|u1', 'fortran_order': False, 'shape': (\(count), 16, \(width)), }"
      }
      try folder.write(Fixtures.npy(header(32), pairs), "pairs.npy")
      try folder.write(Fixtures.npy(header(16), left), "left.npy")
    }

    private func trained(_ more: [String], _ run: String = "run", in folder: Folder) throws {
      func key(_ word: String) -> Substring { word.prefix { $0 != "=" } }
      let words = Self.words.filter { word in !more.contains { key($0) == key(word) } }
      let finished = try Lockstep.train(words + more + ["--run", run], ranks: 1, in: folder)
      guard finished.status == 0 else { throw Unexpected(finished) }
    }

    @Test(
      "packed and unpacked into PNGs pairs are the same, and a run that was interrupted has the same bits")
    func sources() throws {
      let folder = try Folder()
      try Self.pairs(in: folder)
      let packed = try Lockstep.run(
        ["data", "pack", "pairs.npy", "--pairs", "--output", "shards"], in: folder)
      #expect(packed.status == 0, "\(packed.errors)")
      try FileManager.default.createDirectory(
        atPath: folder.path + "/images", withIntermediateDirectories: true)
      let unpacked = try Job(
        ["/bin/tar", "-C", "images", "-xf", "shards/shard-000000.tar"], in: folder
      ).wait()
      #expect(unpacked.status == 0, "\(unpacked.errors)")
      var hashes: [[String]] = []
      for (run, source) in [("a", "pairs.npy"), ("b", "shards"), ("c", "images")] {
        try trained(["data=\(source)"], run, in: folder)
        hashes.append(try Lockstep.inspect(run, in: folder).hashes)
      }
      try trained(["data=images", "steps=2"], "two", in: folder)
      let resumed = try Lockstep.train(["--run", "two", "--resume", "steps=3"], ranks: 1, in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      hashes.append(try Lockstep.inspect("two", in: folder).hashes)
      #expect(Set(hashes.map { $0[0] }).count == 1, "\(hashes)")
      #expect(hashes[2] == hashes[3])
      try trained(["data=images", "context.shown=right"], "other", in: folder)
      #expect(try Lockstep.inspect("other", in: folder).hashes[0] != hashes[0][0])
      let small = try Lockstep.run(
        ["data", "pack", "images", "--pairs", "--resize", "crop", "--size", "8", "--output", "small"],
        in: folder)
      #expect(small.status == 0, "\(small.errors)")
      let told = try Lockstep.run(["data", "info", "small"], in: folder)
      #expect(told.output.contains("8 x 16") && told.output.contains("context.kind=pair"), "\(told.output)")
    }

    @Test("samples of pairs and of their shown halves are the same; evaluation is of the other halves")
    func samples() throws {
      let folder = try Folder()
      try Self.pairs(in: folder)
      try trained(["data=pairs.npy"], in: folder)
      for name in ["pairs", "left"] {
        let sampled = try Lockstep.run(
          ["sample", "run", "--context", "\(name).npy", "--output", "\(name).png"], in: folder)
        #expect(sampled.status == 0, "\(sampled.errors)")
      }
      #expect(try folder.bytes("pairs.png") == folder.bytes("left.png"))
      let evaluated = try Lockstep.run(
        ["evaluate", "run", "quality.samples=64", "quality.components=4"], in: folder)
      #expect(evaluated.status == 0, "\(evaluated.errors)")
      for text in ["the left half of a pair", "\ndifference from the original "] {
        #expect(evaluated.output.contains(text), "\(evaluated.output)")
      }
    }

    @Test("data that have no pairs are refused in one line")
    func refused() throws {
      let folder = try Folder()
      try Fixtures.images(16, in: folder)
      for (words, status, text) in [
        (["data=images"], 65, "which is no pair"), ([], 78, "pottery has none"),
        (["data=images", "context.hidden=0.3"], 78, "no places are hidden"),
      ] as [([String], Int32, String)] {
        let finished = try Lockstep.train(Self.words + words + ["--run", "run"], ranks: 1, in: folder)
        #expect(finished.status == status && finished.messages.count == 1, "\(words): \(finished.errors)")
        #expect(finished.errors.contains(text), "\(finished.errors)")
      }
      let checked = try Lockstep.run(["data", "check", "images", "--pairs"], in: folder)
      #expect(checked.status == 65 && checked.output.contains("which is no pair"), "\(checked.output)")
    }
  }
}
