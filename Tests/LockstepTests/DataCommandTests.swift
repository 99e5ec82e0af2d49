import Foundation
import Testing

extension EndToEnd {
  /// `lockstep data`.
  struct DataCommandTests {
    private func run(_ words: [String], in folder: Folder) throws -> Finished {
      try Lockstep.run(["data"] + words, in: folder)
    }

    @Test("info says what the data are, and draws them")
    func info() throws {
      let folder = try Folder()
      try Fixtures.idx(in: folder)
      let told = try run(["info", "digits", "--json", "--output", "sheet.png"], in: folder)
      #expect(told.status == 0, "\(told.errors)")
      let object = try JSONSerialization.jsonObject(with: Data(told.output.utf8)) as? [String: Any]
      #expect(object?["samples"] as? Int == 16 && object?["labels"] as? Int == 10)
      #expect(object?["height"] as? Int == 28 && object?["largest"] as? Double == 255)
      #expect(object?["channels"] as? Int == 1)
      #expect(try folder.bytes("sheet.png").count > 100)
      #expect(try run(["info", "nowhere"], in: folder).status == 66)
      #expect(try run(["info", "ring"], in: folder).status == 65)
      for words in [["check", "digits", "--count", "3"], ["info", "digits", "--size", "32"]] {
        let refused = try run(words, in: folder)
        #expect(refused.status == 64 && refused.errors.contains("\(words[2]) is for"), "\(refused.errors)")
      }
    }

    @Test("volumes are told, drawn and checked, but not packed, and a model of images refuses them")
    func volumes() throws {
      let folder = try Folder()
      // Two volumes of 4 x 4 x 4, as NumPy writes them.
      let header = "{'descr': '|b1', 'fortran_order': False, 'shape': (2, 4, 4, 4, 1), }"
      let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
      let head = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8)
      try folder.write(head + (0..<128).map { UInt8($0 % 2) }, "volumes.npy")
      let told = try run(["info", "volumes.npy", "--json", "--output", "sheet.png"], in: folder)
      let object = try JSONSerialization.jsonObject(with: Data(told.output.utf8)) as? [String: Any]
      #expect(told.status == 0 && object?["samples"] as? Int == 2, "\(told.output)\(told.errors)")
      #expect(object?["depth"] as? Int == 4 && object?["type"] as? String == "bool")
      #expect(try folder.bytes("sheet.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))
      let checked = try run(["check", "volumes.npy"], in: folder)
      #expect(checked.status == 0 && checked.output.contains("volumes of 4 x 4 x 4"), "\(checked.output)")
      let refused = try run(["pack", "volumes.npy", "--output", "shards"], in: folder)
      #expect(refused.status == 65 && refused.messages.count == 1, "\(refused.errors)")
      #expect(!folder.has("shards"))
      let trained = try Lockstep.run(["train", "dcgan", "data=volumes.npy", "--run", "a"], in: folder)
      #expect(trained.status == 65 && trained.errors.contains("voxel-gan"), "\(trained.errors)")
    }

    @Test("check lists every bad sample, once, with 65; sound data pass")
    func check() throws {
      let folder = try Folder()
      try Fixtures.images(8, in: folder)
      #expect(try run(["check", "images"], in: folder).status == 0)
      #expect(try run(["check", "images", "--max-pixels", "1024"], in: folder).status == 0)
      #expect(try run(["check", "images", "--max-pixels", "1023"], in: folder).status == 65)
      #expect(try run(["check", "images", "--max-bytes", "100"], in: folder).status == 65)
      try Fixtures.halve("images/0.png", in: folder)
      try Fixtures.damage("images/4.png", in: folder)
      try folder.write(Fixtures.smallPNG, "images/6.png")
      try folder.write(Array("no image".utf8), "images/7.jpg")
      let checked = try run(["check", "images"], in: folder)
      #expect(checked.status == 65)
      let lines = checked.output.split(separator: "\n")
      #expect(lines.count == 4, "\(checked.output)")
      for name in ["0.png", "4.png", "6.png", "7.jpg"] {
        #expect(lines.count { $0.contains("images/\(name)") } == 1, "\(name) in \(checked.output)")
      }
      #expect(checked.messages.count == 1)
      #expect(try run(["pack", "images", "--output", "shards"], in: folder).status == 65)
      #expect(!folder.has("shards"), "a pack of bad data leaves nothing")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["images"])
    }

    @Test("pack --resize writes squares of one size, as a run would see them")
    func packResized() throws {
      let folder = try Folder()
      try Fixtures.images(6, in: folder)
      try folder.write(Fixtures.smallPNG, "images/small.png")
      let words = ["pack", "images", "--resize", "crop", "--size", "16", "--output", "shards"]
      #expect(try run(words, in: folder).status == 0)
      let told = try run(["info", "shards", "--json"], in: folder)
      let object = try JSONSerialization.jsonObject(with: Data(told.output.utf8)) as? [String: Any]
      #expect(object?["samples"] as? Int == 7, "\(told.output)")
      #expect(object?["height"] as? Int == 16 && object?["width"] as? Int == 16, "\(told.output)")
      for (words, advice) in [
        (["--resize", "none"], "crop or pad"), (["--resize", "pad"], "give --size"),
        (["--size", "16"], "give --resize"),
      ] {
        let refused = try run(["pack", "images", "--output", "x"] + words, in: folder)
        #expect(refused.status == 64 && refused.errors.contains(advice), "\(refused.errors)")
      }
    }

    @Test(
      "check lists the first twenty bad samples and counts the others; --json has all, and says what are sizes"
    )
    func manyProblems() throws {
      let folder = try Folder()
      try Fixtures.images(60, in: folder)
      for index in 0..<25 { try folder.write(Fixtures.smallPNG, "images/\(index).png") }
      try folder.write([1], "images/cat.webp")
      let checked = try run(["check", "images"], in: folder)
      let lines = checked.output.split(separator: "\n")
      #expect(checked.status == 65 && lines.count == 22, "\(checked.output)")
      #expect(lines[20] == "and 5 more" && lines[21] == "1 file ignored: 1 webp")
      #expect(checked.messages.count == 1 && checked.errors.contains("25 images of another size than most"))
      #expect(checked.errors.contains("dataset.resize=") && checked.errors.contains("--any-size"))
      let told = try run(["check", "images", "--json"], in: folder)
      let object = try JSONSerialization.jsonObject(with: Data(told.output.utf8)) as? [String: Any]
      #expect(
        told.status == 65 && (object?["problems"] as? [[String: String]])?.count == 25, "\(told.output)")
      let problem = (object?["problems"] as? [[String: String]])?.first
      #expect(problem?.keys.sorted() == ["advice", "place", "problem"])
      #expect(problem?["place"]?.hasPrefix("images/") == true)
      #expect(object?["other_sizes"] as? Int == 25)
      #expect((object?["ignored"] as? [String: Int]) == ["webp": 1])
      #expect((object?["remarks"] as? [String]) == ["1 file ignored: 1 webp"])
      #expect(try run(["check", "images", "--any-size"], in: folder).status == 0)
    }

    @Test("a pack that is interrupted leaves nothing behind")
    func interruptedPack() throws {
      let folder = try Folder()
      let job = try Lockstep.start(
        ["data", "pack", "pottery", "--count", "1000000", "--shard-size", "1", "--output", "shards"],
        in: folder)
      func names() -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] }
      #expect(
        try job.wait {
          names().contains { name in
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/\(name)")) ?? [])
              .contains { $0.hasSuffix(".tar") }
          }
        })
      job.signal(SIGINT)
      let finished = try job.wait()
      #expect(finished.status == 75 && finished.errors.contains("nothing is kept"), "\(finished.errors)")
      #expect(!names().contains { $0.hasPrefix("shards") })
    }

    @Test("a run on one's own data does not call them the recipe's")
    func title() throws {
      let folder = try Folder()
      try Fixtures.images(8, in: folder)
      for (words, line) in [
        (["data=images", "size=16", "batch=8"], "dcgan on images"), ([], "DCGAN on procedural pottery"),
        (["size=16"], "dcgan on pottery, 16x16"),
        (["data=images", "size=64", "batch=8"], "dcgan on images, 64x64"),
        (["data=images", "size=16", "batch=8", "title=mine"], "mine"),
      ] {
        let told = try Lockstep.run(["train", "dcgan", "--dry-run"] + words, in: folder)
        #expect(told.status == 0 && told.output.contains(line), "\(told.output)\(told.errors)")
      }
    }

    @Test("a run from packed shards has the weights of a run from the source")
    func pack() throws {
      let folder = try Folder()
      try Fixtures.idx(in: folder)
      let packed = try run(["pack", "digits", "--output", "shards"], in: folder)
      #expect(packed.status == 0, "\(packed.errors)")
      #expect(try run(["pack", "digits", "--output", "shards"], in: folder).status == 73)
      #expect(try run(["check", "shards"], in: folder).status == 0)
      var shard = try folder.bytes("shards/shard-000000.tar")
      shard[600] ^= 1
      try folder.write(shard, "damaged.tar")
      let checked = try run(["check", "damaged.tar"], in: folder)
      #expect(checked.status == 65 && checked.output.split(separator: "\n").count == 1, "\(checked.output)")
      let words = ["dcgan"] + narrow + ["steps=2", "samples.count=4", "dataset.labels=10"]
      for (name, source) in [
        ("a", "digits"), ("b", "shards"), ("c", "shards/shard-{000000..000000}.tar"),
      ] {
        let trained = try Lockstep.train(
          words + ["data=\(source)", "--run", name], ranks: 1, in: folder)
        #expect(trained.status == 0, "\(trained.errors)")
      }
      let expected = try Lockstep.inspect("a", in: folder).weightsSha256
      for name in ["b", "c"] { #expect(try Lockstep.inspect(name, in: folder).weightsSha256 == expected) }
    }

    @Test(
      "images of several sizes are refused, or resampled on request, on two ranks as on one",
      .enabled(if: MPIRun.isAvailable, "no mpirun"))
    func resize() throws {
      let folder = try Folder()
      try Fixtures.images(16, in: folder)
      try folder.write(Fixtures.smallPNG, "images/3.jpg")
      let words = ["dcgan"] + narrow + ["steps=2", "samples.count=4", "data=images"]
      #expect(try Lockstep.train(words + ["--run", "refused"], ranks: 1, in: folder).status == 65)
      var hashes: [[String]] = []
      for ranks in [1, 2] {
        let trained = try Lockstep.train(
          words + ["dataset.resize=crop", "--run", "on\(ranks)"], ranks: ranks, in: folder)
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(trained.errors.contains("16 samples an epoch, cropped and scaled from various sizes"))
        hashes.append(try Lockstep.inspect("on\(ranks)", in: folder).hashes)
      }
      #expect(hashes[0] == hashes[1])
    }
  }
}
