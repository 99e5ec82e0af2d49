import Foundation
import Testing

extension EndToEnd {
  /// Data that people have.
  struct DataTests {
    private func train(_ recipe: String, _ arguments: [String]) throws {
      let ranks = MPIRun.isAvailable ? 2 : 1
      let folder = try Folder()
      try Fixtures.images(16, in: folder)
      let common = narrow + ["steps=2", "samples.count=1", "--run", "run"]
      let finished = try Lockstep.train([recipe] + arguments + common, ranks: ranks, in: folder)
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(try Lockstep.inspect("run", in: folder).step == 2)
    }

    @Test("a folder of PNG and JPEG images trains")
    func imageFolder() throws {
      try train("dcgan", ["data=images"])
    }

    @Test("text trains, and its samples are text: beside the picture, by default and each in a file")
    func text() throws {
      let folder = try Folder()
      try folder.write(Array(String(repeating: "ab ba\nc", count: 200).utf8), "verse.txt")
      let trained = try Lockstep.train(
        ["dcgan", "data=verse.txt"] + narrow + ["steps=1", "samples.count=4", "--run", "run"], ranks: 1,
        in: folder)
      #expect(trained.status == 0, "\(trained.errors)")
      let own = try folder.bytes("run/samples/step-00000001.txt")
      #expect(folder.has("run/samples/step-00000001.png"))
      #expect(try Lockstep.run(["sample", "run", "--count", "4"], in: folder).status == 0)
      #expect(try folder.bytes("samples.txt") == own)
      #expect(try Lockstep.run(["sample", "run", "--output", "grid.png"], in: folder).status == 0)
      #expect(
        try Lockstep.run(["sample", "run", "--count", "2", "--folder", "each"], in: folder).status == 0)
      let lines = String(decoding: own, as: UTF8.self).split(separator: "\n")
      #expect(lines.count == 4)
      for (number, line) in lines.prefix(2).enumerated() {
        #expect(try folder.bytes("each/00000\(number).txt") == Array("\(line)\n".utf8))
        let characters = line.replacing("\\n", with: "/")
        #expect(characters.count == 32 && characters.allSatisfy { "ab c/".contains($0) }, "\(line)")
      }
    }

    @Test("own points train, by class too, the same on 1 and 2 ranks, and are drawn; their unit is asked for")
    func points() throws {
      let folder = try Folder()
      let count = 600
      let values = (0..<count).flatMap { index -> [Float] in
        let angle = Float(index) * 0.37
        return [
          6 * angle.truncatingRemainder(dividingBy: 1) - 3, angle.truncatingRemainder(dividingBy: 2) - 1,
        ]
      }
      let bytes = values.flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
      }
      try folder.write(
        Fixtures.npy("{'descr': '<f4', 'fortran_order': False, 'shape': (\(count), 2), }", bytes), "own.npy")
      let info = try Lockstep.run(["data", "info", "own.npy", "--output", "plot.png"], in: folder)
      #expect(info.status == 0 && info.output.contains("points of the plane"), "\(info.errors)")
      #expect(folder.has("plot.png"))
      let words = ["ring", "data=own.npy", "batch=64", "steps=6", "samples.every=6", "checkpoint.every=3"]
      for ranks in MPIRun.isAvailable ? [1, 2] : [1] {
        let trained = try Lockstep.train(
          words + ["model.scale=3", "--run", "run\(ranks)"], ranks: ranks, in: folder)
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(
          try Lockstep.inspect("run\(ranks)", in: folder).hashes
            == Lockstep.inspect("run1", in: folder).hashes)
      }
      #expect(folder.has("run1/samples/step-00000006.png"))
      let measured = try Lockstep.run(["evaluate", "run1", "quality.samples=256"], in: folder)
      #expect(measured.status == 0 && !measured.output.contains("modes"), "\(measured.errors)")
      try folder.write(
        Fixtures.npy(
          "{'descr': '|u1', 'fortran_order': False, 'shape': (\(count),), }",
          (0..<count).map { UInt8($0 % 2) }),
        "labels.npy")
      try folder.write(folder.bytes("own.npy"), "images.npy")
      let classes = ["data=images.npy", "dataset.labels=2", "model.condition=projection", "model.packing=1"]
      let conditional = try Lockstep.train(
        words.map { $0 == "data=own.npy" ? "model.scale=3" : $0 } + classes + ["--run", "classes"], ranks: 1,
        in: folder)
      #expect(conditional.status == 0, "\(conditional.errors)")
      let one = try Lockstep.run(["sample", "classes", "--class", "1", "--output", "one.png"], in: folder)
      #expect(one.status == 0, "\(one.errors)")
      let small = try Lockstep.train(words + ["model.scale=0.5", "--run", "small"], ranks: 1, in: folder)
      #expect(small.status == 65 && small.errors.contains("give model.scale="), "\(small.errors)")
      #expect(!folder.has("small"))
    }

    @Test(
      "MNIST, Fashion-MNIST and Iberian pottery train",
      .enabled(if: shared != nil, "real data are absent: set LOCKSTEP_SHARED_DATA"),
      arguments: [
        ("dcgan-mnist", "mnist"), ("dcgan-fashion", "fashion-mnist"), ("dcgan-pottery", "iberian-pottery"),
      ])
    func digits(recipe: String, name: String) throws {
      try train(recipe, ["data=\(Self.shared!)/\(name)"])
    }

    @Test(
      "stacks of digits train",
      .enabled(if: shared != nil, "real data are absent: set LOCKSTEP_SHARED_DATA"))
    func stacks() throws {
      try train("stacked-mnist", ["data=\(Self.shared!)/mnist", "quality.every=0"])
    }

    @Test(
      "the host file of the examples starts two ranks", .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func hostFile() throws {
      let folder = try Folder()
      let words =
        [Lockstep.path!, "train", "dcgan"] + narrow + ["steps=1", "samples.count=1", "--run", "run"]
      let flags = ["--hostfile", Package.folder + "/hostfiles/localhost"]
      let finished = try MPIRun.start([.init(ranks: 2, words: words)], flags: flags, in: folder).wait()
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(try Lockstep.inspect("run", in: folder).worldSizeWritten == 2)
    }

    /// `$LOCKSTEP_SHARED_DATA`, or `../shared/data` beside the package, where it has MNIST.
    static let shared: String? = {
      let named = ProcessInfo.processInfo.environment["LOCKSTEP_SHARED_DATA"]
      let folder = named ?? (Package.folder as NSString).deletingLastPathComponent + "/shared/data"
      return FileManager.default.fileExists(atPath: folder + "/mnist") ? folder : nil
    }()
  }
}
