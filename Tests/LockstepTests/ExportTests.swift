import Foundation
import Testing

extension EndToEnd {
  /// What other programs make of a run, and a run of other programs' weights.
  struct ExportTests {
    /// A few steps of a family, with learning rates that move the weights away from their start.
    private func trained(_ recipe: String, _ more: [String]) throws -> Folder {
      let folder = try Folder()
      let network = ["vae": "autoencoder", "diffusion": "denoiser"][recipe] ?? "generator"
      let words =
        [recipe] + more + [
          "steps=4", "samples.count=4", "optimizer.\(network).learningRate=0.01", "ema.decay=0.5", "--run",
          "run",
        ]
      let finished = try Lockstep.train(words, ranks: 1, in: folder)
      guard finished.status == 0 else { throw Unexpected(finished) }
      return folder
    }

    private func export(_ format: String, _ more: [String] = [], in folder: Folder) throws -> Finished {
      try Lockstep.run(["export", "run", "--format", format, "--output", format] + more, in: folder)
    }

    private static let mlp = ["batch=64", "model.hidden=16", "samples.every=0"]

    private static let denoiser = [
      "batch=16", "size=16", "model.features=12", "model.samplingSteps=5",
    ]

    private static let exported: [(recipe: String, more: [String])] = [
      (recipe: "dcgan", more: narrow), (recipe: "dcgan64", more: narrow),
      (recipe: "dcgan", more: narrow + ["spectralNorm=true"]), (recipe: "wgan-gp", more: narrow),
      (recipe: "ring", more: mlp), (recipe: "grid", more: mlp + ["spectralNorm=true"]),
      (recipe: "dcgan", more: narrow + ["model.condition=embedding"]),
      (recipe: "dcgan", more: narrow + ["model.condition=projection", "spectralNorm=true"]),
      (recipe: "dcgan", more: narrow + ["model.condition=auxiliary"]),
      (recipe: "dcgan64", more: narrow + ["model.packing=2"]),
      (recipe: "sngan", more: narrow),
      (recipe: "sngan", more: narrow + ["spectralNorm=false", "model.condition=projection"]),
      (recipe: "voxel-gan", more: narrow + ["size=16"]),
      (recipe: "voxel-gan", more: narrow + ["size=16", "model.condition=embedding", "spectralNorm=true"]),
      (recipe: "inpainting", more: narrow + ["size=16"]),
      (recipe: "super-resolution", more: narrow + ["size=16", "spectralNorm=true", "loss=hinge"]),
      (recipe: "completion", more: narrow + ["size=16"]),
      (recipe: "wgan-gp", more: narrow + ["model.discriminatorBias=true"]),
      (recipe: "ring", more: mlp + ["model.packing=1", "model.condition=projection"]),
      (recipe: "vae", more: ["batch=32", "size=16", "channels=3"]),
      (recipe: "diffusion", more: denoiser + ["channels=3", "model.blocks=2"]),
      (recipe: "diffusion", more: denoiser + ["model.condition=embedding", "model.guidance=2"]),
    ]

    @Test(
      "the card's Python loads every family strictly, and onnxruntime draws the images that sample draws",
      .enabled(if: PyTorch.hasONNX, "no Python with torch, onnx, onnxruntime: set LOCKSTEP_PYTHON"),
      arguments: exported)
    func peers(recipe: String, more: [String]) throws {
      let folder = try trained(recipe, more)
      for format in ["safetensors", "onnx"] {
        let exported = try export(format, in: folder)
        #expect(exported.status == 0, "\(exported.errors)")
      }
      let drawn = try Lockstep.run(
        ["sample", "run", "--count", "16", "--tensors", "t.safetensors"], in: folder)
      #expect(drawn.status == 0, "\(drawn.errors)")
      let checker = Package.folder + "/cluster/peers/check_export.py"
      let checked = try PyTorch.run([checker, "safetensors", "onnx", "t.safetensors"], in: folder)
      #expect(checked.status == 0, "\(checked.output)\(checked.errors)")
      // The weights that are not averaged are others: the comparison can fail.
      #expect(try export("onnx", ["--unaveraged"], in: folder).status == 0)
      #expect(try PyTorch.run([checker, "safetensors", "onnx", "t.safetensors"], in: folder).status == 1)
    }

    @Test("an export is a function of the checkpoint, and one network is written alone")
    func files() throws {
      let folder = try trained("dcgan", narrow)
      #expect(try export("safetensors", in: folder).status == 0)
      let first = try folder.contents(of: "safetensors")
      #expect(
        first.keys.sorted() == [
          "README.md", "config.json", "discriminator.safetensors", "generator.safetensors", "samples.png",
        ])
      #expect(try export("safetensors", in: folder).status == 0)
      #expect(try folder.contents(of: "safetensors") == first)
      #expect(try first["samples.png"] == folder.bytes("run/samples/step-00000004.png"))
      #expect(try export("onnx", ["--network", "discriminator"], in: folder).status == 0)
      #expect(try folder.contents(of: "onnx").keys.sorted() == ["discriminator.onnx"])
      let wrong = try export("onnx", ["--network", "critic"], in: folder)
      #expect(wrong.status == 64 && wrong.errors.contains("generator and discriminator"), "\(wrong.errors)")
    }

    @Test(
      "the card has the figures of the run that the checkpoint is of, and none where it lies in another one")
    func copied() throws {
      let folder = try trained("dcgan", narrow)
      let checkpoint = "checkpoints/step-00000004"
      let other = ["dcgan"] + narrow + ["steps=1", "samples.count=4", "seed=9", "--run", "other"]
      #expect(try Lockstep.train(other, ranks: 1, in: folder).status == 0)
      try folder.copy("run/\(checkpoint)", to: "other/\(checkpoint)")
      for (run, hasFigures) in [("run", true), ("other", false)] {
        let exported = try Lockstep.run(
          ["export", "\(run)/\(checkpoint)", "--format", "safetensors", "--output", "of-\(run)"], in: folder)
        #expect(exported.status == 0, "\(exported.errors)")
        let card = String(decoding: try folder.bytes("of-\(run)/README.md"), as: UTF8.self)
        #expect(card.contains("## Figures of the run") == hasFigures, "\(run)")
      }
    }

    @Test(
      "the card speaks of the networks that are written, and tells a folder from the data it is called like")
    func card() throws {
      let folder = try Folder()
      try Fixtures.images(16, in: folder, "pottery")
      let words = ["dcgan"] + narrow + ["data=./pottery", "steps=1", "samples.count=4", "--run", "run"]
      let finished = try Lockstep.train(words, ranks: 1, in: folder)
      #expect(finished.status == 0, "\(finished.errors)")
      for (network, isAverage) in [("discriminator", false), ("generator", true)] {
        let exported = try Lockstep.run(
          ["export", "run", "--format", "safetensors", "--output", network, "--network", network], in: folder)
        #expect(exported.status == 0, "\(exported.errors)")
        let card = String(decoding: try folder.bytes("\(network)/README.md"), as: UTF8.self)
        #expect(card.contains("moving average of generator") == isAverage, "\(card)")
        #expect(!card.contains("moving average of generator;") && card.contains("./pottery"), "\(card)")
      }
    }

    @Test("an export writes over its own files, over nobody else's, and beside none that it does not write")
    func foreign() throws {
      let folder = try trained("dcgan", narrow)
      try folder.write([0], "onnx/.gitattributes")
      for format in ["safetensors", "onnx", "onnx", "safetensors"] {
        let exported = try export(format, in: folder)
        #expect(exported.status == 0, "\(exported.errors)")
      }
      for (format, output, other) in [
        ("onnx", "safetensors", "README.md"), ("safetensors", "onnx", "discriminator.onnx"),
        ("onnx", "run", "checkpoints"),
      ] {
        let refused = try Lockstep.run(
          ["export", "run", "--format", format, "--output", output], in: folder)
        #expect(
          refused.status == 73 && refused.errors.contains("holds \(other), which this export does not write"),
          "\(refused.errors)")
      }
      let part = try export("safetensors", ["--network", "generator"], in: folder)
      #expect(part.status == 73 && part.errors.contains("holds discriminator.safetensors"), "\(part.errors)")
      #expect(!folder.has("run/generator.onnx"))
      try folder.write([8, 8, 18, 7] + Array("pytorch".utf8), "onnx/generator.onnx")
      let refused = try export("onnx", in: folder)
      #expect(refused.status == 73 && refused.errors.contains("generator.onnx that no export has written"))
      #expect(try folder.bytes("onnx/generator.onnx").count == 11)
    }

    @Test("a network with layers that compare samples is refused, with those that can be exported")
    func compared() throws {
      let folder = try trained("dcgan", narrow + ["minibatch.kernels=4", "minibatch.group=2"])
      let refused = try export("onnx", in: folder)
      #expect(refused.status == 65 && refused.messages.count == 1, "\(refused.errors)")
      #expect(refused.errors.contains("; --network generator can be"), "\(refused.errors)")
      #expect(!folder.has("onnx"))
      #expect(try export("onnx", ["--network", "generator"], in: folder).status == 0)
    }

    @Test(
      "weights by name start a run on any number of ranks alike",
      .enabled(if: MPIRun.isAvailable, "no mpirun"))
    func transfer() throws {
      let folder = try trained("dcgan", narrow)
      #expect(try export("safetensors", in: folder).status == 0)
      let words =
        ["dcgan"] + narrow + [
          "steps=3", "samples.count=4", "init.generator=safetensors/generator.safetensors",
          "init.discriminator=safetensors/discriminator.safetensors",
        ]
      for ranks in [1, 2] {
        let begun = try Lockstep.train(words + ["--run", "from\(ranks)"], ranks: ranks, in: folder)
        #expect(begun.status == 0, "\(begun.errors)")
        #expect(begun.errors.contains("generator: 16 tensors"), "\(begun.errors)")
      }
      let hashes = try Lockstep.inspect("from1", in: folder).hashes
      #expect(try Lockstep.inspect("from2", in: folder).hashes == hashes)
      let cold = try Lockstep.train(Array(words.dropLast(2)) + ["--run", "cold"], ranks: 1, in: folder)
      #expect(cold.status == 0)
      #expect(try Lockstep.inspect("cold", in: folder).hashes != hashes)
      // As a run is left that was killed before its first checkpoint.
      for name in ["checkpoints", "status.json"] {
        try FileManager.default.removeItem(atPath: "\(folder.path)/from2/\(name)")
      }
      let again = try Lockstep.train(["--run", "from2", "--resume"], ranks: 1, in: folder)
      #expect(again.status == 0 && again.errors.contains("generator: 16 tensors"), "\(again.errors)")
      #expect(try Lockstep.inspect("from2", in: folder).hashes == hashes)
      let resumed = try Lockstep.train(["steps=4", "--run", "from1", "--resume"], ranks: 1, in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(!resumed.errors.contains("16 tensors"), "a resumed run has its own weights")
      let other = "init.generator=safetensors/discriminator.safetensors"
      let refused = try Lockstep.train(
        [other, "steps=5", "--run", "from1", "--resume"], ranks: 1, in: folder)
      #expect(refused.status == 78 && refused.messages.count == 1, "\(refused.errors)")
      #expect(refused.errors.contains("init.generator is given, but "), "\(refused.errors)")
      let same = words.filter { $0 != "steps=3" } + ["steps=5", "--run", "from1", "--resume"]
      #expect(try Lockstep.train(same, ranks: 1, in: folder).status == 0)
    }

    @Test("weights that do not fit are listed before anything is trained, and a part of them on request")
    func misfit() throws {
      let folder = try trained("dcgan", narrow)
      #expect(try export("safetensors", in: folder).status == 0)
      let words =
        [
          "dcgan", "batch=16", "model.generatorFeatures=8", "model.latent=50", "steps=1", "samples.count=4",
          "init.generator=safetensors/generator.safetensors",
        ]
      let refused = try Lockstep.train(words + ["--run", "refused"], ranks: 1, in: folder)
      #expect(refused.status == 65, "\(refused.errors)")
      #expect(
        refused.errors.contains("main.0.weight is [100, 32, 4, 4] instead of [50, 32, 4, 4]"),
        "\(refused.errors)")
      let partial = try Lockstep.train(
        words + ["init.partial=true", "--run", "partial"], ranks: 1, in: folder)
      #expect(partial.status == 0 && partial.errors.contains("15 tensors"), "\(partial.errors)")
      let other = words.map {
        $0.hasPrefix("init.") ? "init.generator=safetensors/discriminator.safetensors" : $0
      }
      let wrong = try Lockstep.train(other + ["--run", "wrong"], ranks: 1, in: folder)
      #expect(wrong.status == 65 && wrong.errors.contains("missing"), "\(wrong.errors)")
      let absent = words.map { $0.hasPrefix("init.") ? "init.generator=nowhere.safetensors" : $0 }
      #expect(try Lockstep.train(absent + ["--run", "absent"], ranks: 1, in: folder).status == 66)
      #expect(
        ["refused", "wrong", "absent"].allSatisfy { !folder.has($0) }, "no folder of a run that never was")
    }
  }
}

extension EndToEnd.PyTorch {
  static let hasONNX: Bool = {
    guard let folder = try? Folder() else { return false }
    return (try? run(["-c", "import torch, safetensors, onnx, onnxruntime"], in: folder).status) == 0
  }()
}
