import Foundation
import Testing

extension EndToEnd {
  /// What a trained run gives.
  struct SampleTests {
    private func trained() throws -> Folder {
      let folder = try Folder()
      let arguments =
        ["dcgan"] + narrow
        + [
          "steps=4", "samples.count=4", "optimizer.generator.learningRate=0.01", "ema.decay=0.5", "--run",
          "run",
        ]
      let finished = try Lockstep.train(arguments, ranks: 1, in: folder)
      guard finished.status == 0 else { throw Unexpected(finished) }
      return folder
    }

    @Test("a grid and interpolation strips are PNG pictures of the size that the samples need")
    func pictures() throws {
      let folder = try trained()
      #expect(
        try Lockstep.run(["sample", "run", "--count", "9", "--output", "grid.png"], in: folder).status == 0)
      let strips = ["sample", "run", "--interpolate", "2", "--columns", "5", "--output", "strips.png"]
      #expect(try Lockstep.run(strips, in: folder).status == 0)
      let grid = try pngSize(folder.bytes("grid.png"))
      #expect(grid.width >= 3 * 32 && grid.width == grid.height)
      let strip = try pngSize(folder.bytes("strips.png"))
      #expect(strip.width >= 5 * 32 && strip.height >= 2 * 32 && strip.height < strip.width)
    }

    @Test("a name of another format than PNG is refused, in any case, and nothing is written")
    func otherFormats() throws {
      let folder = try Folder()
      for command in [
        ["sample", "run", "-o", "x.JPG"], ["data", "info", "pottery", "--output", "a.b/x.webp"],
      ] {
        let refused = try Lockstep.run(command, in: folder)
        #expect(refused.status == 64 && refused.errors.contains("x.png"), "\(refused.errors)")
      }
      #expect(try Lockstep.run(["data", "info", "pottery", "-o", "v1.2"], in: folder).status == 0)
      #expect(folder.has("v1.2"))
    }

    @Test("what is neither a run nor a checkpoint is told from damage, with the kind of folder to name")
    func noRun() throws {
      let folder = try trained()
      let advice = "name a run folder (one that holds options.yaml) or a checkpoint"
      let checkpoint = "run/checkpoints/step-00000004"
      for path in ["run/samples", "nowhere", "run/options.yaml", "\(checkpoint)/manifest.json"] {
        for command in ["sample", "inspect"] {
          let refused = try Lockstep.run([command, path], in: folder)
          #expect(refused.status == 66 && refused.messages.count == 1, "\(refused.errors)")
          #expect(refused.errors.contains("\(path); \(advice)"), "\(refused.errors)")
        }
      }
      try folder.copy(checkpoint, to: "kept")
      #expect(try Lockstep.run(["inspect", "kept"], in: folder).status == 0)
      // It knows its options itself.
      #expect(try Lockstep.run(["sample", "kept", "-o", "kept.png"], in: folder).status == 0)
      #expect(try Lockstep.run(["sample", "run", "-o", "run.png"], in: folder).status == 0)
      #expect(try folder.bytes("kept.png") == folder.bytes("run.png"))
      // Also where it lies in another run, and where its own run's options were edited.
      let other = ["dcgan"] + narrow + ["steps=1", "samples.count=4", "seed=9", "--run", "other"]
      #expect(try Lockstep.train(other, ranks: 1, in: folder).status == 0)
      try folder.copy(checkpoint, to: "other/checkpoints/step-00000004")
      for path in ["other/checkpoints/step-00000004", "run"] {
        #expect(try Lockstep.run(["sample", path, "-o", "again.png"], in: folder).status == 0)
        #expect(try folder.bytes("again.png") == folder.bytes("run.png"), "\(path)")
        let text = String(decoding: try folder.bytes("run/options.yaml"), as: UTF8.self)
        try folder.write(Array(text.replacing("seed: 0", with: "seed: 5").utf8), "run/options.yaml")
      }
    }

    @Test("--folder writes each sample as a picture of its own, the first of as many; it must be empty")
    func single() throws {
      let folder = try trained()
      let words = ["sample", "run", "--folder", "fakes"]
      #expect(try Lockstep.run(words + ["--count", "70"], in: folder).status == 0)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/fakes").sorted()
      #expect(names.count == 70 && names.first == "000000.png" && names.last == "000069.png")
      let size = try pngSize(folder.bytes("fakes/000069.png"))
      #expect(size.width == 32 && size.height == 32)
      // They are drawn 64 at a time.
      #expect(try folder.bytes("fakes/000064.png") != folder.bytes("fakes/000000.png"))
      let again = try Lockstep.run(words, in: folder)
      #expect(again.status == 73 && again.errors.contains("holds files"), "\(again.errors)")
      #expect(try Lockstep.run(["sample", "run", "--folder", "few", "--count", "3"], in: folder).status == 0)
      #expect(try folder.bytes("few/000002.png") == folder.bytes("fakes/000002.png"))
      for wrong in [["--columns", "4"], ["--interpolate", "2", "--count", "4"], ["--count", "5000"]] {
        #expect(try Lockstep.run(["sample", "run"] + wrong, in: folder).status == 64)
      }
    }

    @Test("a run begins with the networks of a checkpoint as they lie there; an archive of torch is named")
    func initialWeights() throws {
      let folder = try trained()
      let checkpoint = "run/checkpoints/step-00000004/generator.safetensors.zst"
      func words(_ weights: String, _ run: String) -> [String] {
        ["dcgan"] + narrow + ["steps=1", "samples.count=4", "init.generator=\(weights)", "--run", run]
      }
      let begun = try Lockstep.train(words(checkpoint, "b"), ranks: 1, in: folder)
      #expect(begun.status == 0 && begun.errors.contains("generator: "), "\(begun.errors)")
      try folder.write([0x50, 0x4B, 0x03, 0x04] + [UInt8](repeating: 0, count: 100), "m.pt")
      let refused = try Lockstep.train(words("m.pt", "c"), ranks: 1, in: folder)
      #expect(refused.status == 65 && refused.errors.contains("archive of torch.save"), "\(refused.errors)")
    }

    @Test("the same command draws the same picture, another seed another")
    func deterministic() throws {
      let folder = try trained()
      for (name, seed) in [("a", []), ("b", []), ("c", ["--seed", "7"])] {
        let command = ["sample", "run", "--count", "4", "--output", "\(name).png"] + seed
        #expect(try Lockstep.run(command, in: folder).status == 0)
      }
      #expect(try folder.bytes("a.png") == folder.bytes("b.png"))
      #expect(try folder.bytes("a.png") != folder.bytes("c.png"))
      #expect(try folder.bytes("a.png") == folder.bytes("run/samples/step-00000004.png"))
      // As many as the run's own picture has, unless told otherwise.
      #expect(try Lockstep.run(["sample", "run", "--output", "own.png"], in: folder).status == 0)
      #expect(try folder.bytes("own.png") == folder.bytes("a.png"))
    }

    @Test(
      "PyTorch draws the same images from the same latents", .enabled(if: PyTorch.isAvailable, "no PyTorch"))
    func pyTorch() throws {
      let folder = try trained()
      let drawn = try Lockstep.run(
        ["sample", "run", "--count", "16", "--tensors", "t.safetensors"], in: folder)
      #expect(drawn.status == 0, "\(drawn.errors)")
      let checker = Package.folder + "/cluster/peers/check_generator.py"
      let checked = try PyTorch.run([checker, "run/checkpoints/step-00000004", "t.safetensors"], in: folder)
      #expect(checked.status == 0, "\(checked.output)\(checked.errors)")
      // Images of the generator that is not averaged are others: the comparison can fail.
      let other = "run/checkpoints/step-00000004/generator.safetensors.zst"
      #expect(try PyTorch.run([checker, other, "t.safetensors"], in: folder).status == 1)
    }

    /// Width and height, from the header chunk.
    private func pngSize(_ bytes: [UInt8]) throws -> (width: Int, height: Int) {
      try #require(bytes.count > 24 && Array(bytes[1...3]) == Array("PNG".utf8))
      func number(_ offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
      return (number(16), number(20))
    }
  }

  /// Python with PyTorch: `$LOCKSTEP_PYTHON`, or `python3`.
  enum PyTorch {
    static let isAvailable: Bool = {
      guard let folder = try? Folder() else { return false }
      return (try? run(["-c", "import torch, safetensors"], in: folder).status) == 0
    }()

    static func run(_ arguments: [String], in folder: Folder) throws -> Finished {
      let python = ProcessInfo.processInfo.environment["LOCKSTEP_PYTHON"] ?? "python3"
      return try Job(["/usr/bin/env", "PYTHONDONTWRITEBYTECODE=1", python] + arguments, in: folder).wait()
    }
  }
}
