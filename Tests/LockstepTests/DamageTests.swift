import Foundation
import Testing

extension EndToEnd {
  /// Checkpoints that are not what was written.
  struct DamageTests {
    /// How a file is spoilt.
    enum Damage: CaseIterable {
      case truncated, flipped

      func apply(to name: String, in folder: Folder) throws {
        switch self {
        case .truncated: try Fixtures.halve(name, in: folder)
        case .flipped: try Fixtures.damage(name, in: folder)
        }
      }
    }

    private static let files = ["generator.safetensors.zst", "optimizer.safetensors.zst", "manifest.json"]
    private static let arguments = ["dcgan"] + narrow + course() + ["--run", "run"]

    /// A run of six steps with checkpoints after the third and the sixth.
    private func trained() throws -> Folder {
      let folder = try Folder()
      let words = ["dcgan"] + narrow + course(steps: 6) + ["--run", "run"]
      let finished = try Lockstep.train(words, ranks: 1, in: folder)
      guard finished.status == 0 else { throw Unexpected(finished) }
      return folder
    }

    @Test(
      "a damaged checkpoint is passed over with its name, and the run goes on from the one before",
      arguments: Damage.allCases, files)
    func fallback(damage: Damage, file: String) throws {
      let folder = try trained()
      try damage.apply(to: "run/checkpoints/step-00000006/\(file)", in: folder)
      let finished = try Lockstep.train(Self.arguments + ["--resume"], ranks: 1, in: folder)
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(finished.errors.contains("step-00000006 is passed over"), "\(finished.errors)")
      #expect(finished.errors.contains(file), "\(finished.errors)")
      #expect(finished.errors.contains("resuming after step 3"), "\(finished.errors)")
      #expect(try Lockstep.inspect("run", in: folder).hashes == Reference.narrow("dcgan"))
      #expect(try folder.loggedSteps("run") == Array(1...12))
    }

    @Test("inspect describes the newest whole checkpoint, and tells a script of a newer one that is damaged")
    func inspected() throws {
      let folder = try trained()
      try Damage.flipped.apply(to: "run/checkpoints/step-00000006/generator.safetensors.zst", in: folder)
      let finished = try Lockstep.run(["inspect", "run", "--json"], in: folder)
      #expect(finished.status == 0 && finished.output.contains(#""step":3,"#), "\(finished.errors)")
      #expect(finished.output.contains(#""passed_over":["step-00000006 is passed over: "#))
    }

    @Test("a run whose checkpoints are gone does not begin anew over its log")
    func gone() throws {
      let folder = try trained()
      try FileManager.default.removeItem(atPath: folder.path + "/run/checkpoints")
      let before = try folder.bytes("run/log.jsonl")
      let finished = try Lockstep.train(Self.arguments + ["--resume"], ranks: 1, in: folder)
      #expect(finished.status == 78 && finished.messages.count == 1, "\(finished.errors)")
      #expect(finished.errors.contains("had saved step 6, and none of its checkpoints is there"))
      #expect(try folder.bytes("run/log.jsonl") == before)
    }

    @Test(
      "without a whole checkpoint nothing goes on: one line names the file",
      arguments: MPIRun.isAvailable ? [1, 2] : [1])
    func nothingLeft(ranks: Int) throws {
      let folder = try trained()
      for checkpoint in try folder.checkpoints("run") {
        try Damage.flipped.apply(to: "run/checkpoints/\(checkpoint)/generator.safetensors.zst", in: folder)
      }
      let before = try folder.contents(of: "run")
      let finished = try Lockstep.train(
        Self.arguments + ["--resume"], ranks: ranks, in: folder)
      #expect(finished.status == 65, "\(finished.errors)")
      #expect(
        finished.messages.count == 1 && finished.messages[0].contains("generator.safetensors.zst"),
        "\(finished.errors)")
      #expect(try folder.contents(of: "run") == before)
      for command in [["inspect", "run"], ["sample", "run"]] {
        let finished = try Lockstep.run(command, in: folder)
        #expect(finished.status == 65)
        #expect(
          finished.messages.count == 1 && finished.messages[0].contains("generator"), "\(finished.errors)")
      }
    }

    @Test(
      "a run does not go on from a checkpoint of another model, before a tensor is used; what draws it goes by its options"
    )
    func otherModel() throws {
      let folder = try trained()
      let wide =
        ["dcgan", "batch=16", "model.generatorFeatures=16", "model.discriminatorFeatures=8"]
        + course(steps: 3)
        + ["--run", "wide"]
      #expect(try Lockstep.train(wide, ranks: 1, in: folder).status == 0)
      // The newest checkpoint of the wide run is now one of narrow networks.
      try folder.copy("run/checkpoints/step-00000006", to: "wide/checkpoints/step-00000006")
      let resumed = try Lockstep.run(["train", "--run", "wide", "--resume"], in: folder)
      #expect(resumed.status == 65 && resumed.messages.count == 1, "\(resumed.errors)")
      for (run, picture) in [("wide", "a.png"), ("run", "b.png")] {
        #expect(try Lockstep.run(["sample", run, "-o", picture], in: folder).status == 0)
      }
      #expect(try folder.bytes("a.png") == folder.bytes("b.png"))
    }

    @Test(
      "options that were edited into another run, and fewer steps than done, are refused and change nothing")
    func otherArithmetic() throws {
      let folder = try trained()
      let options = try String(decoding: folder.bytes("run/options.yaml"), as: UTF8.self)
      let before = try folder.contents(of: "run")
      let fewer = try Lockstep.train(["--run", "run", "--resume", "steps=5"], ranks: 1, in: folder)
      #expect(
        fewer.status == 78 && fewer.messages.count == 1 && fewer.messages[0].contains("6 steps"),
        "\(fewer.errors)")
      #expect(try folder.contents(of: "run") == before)
      let edited = options.replacing("learningRate: 0.0002", with: "learningRate: 0.0004")
      #expect(edited != options)
      try folder.write(Array(edited.utf8), "run/options.yaml")
      let finished = try Lockstep.train(["--run", "run", "--resume", "steps=9"], ranks: 1, in: folder)
      #expect(finished.status == 78 && finished.messages.count == 1, "\(finished.errors)")
      #expect(finished.messages[0].contains("options.yaml"), "\(finished.errors)")
      #expect(try folder.bytes("run/options.yaml") == Array(edited.utf8))
    }

    @Test("checkpoints and checkpoints/latest name the newest generation", arguments: ["", "/", "/latest"])
    func newest(suffix: String) throws {
      let folder = try trained()
      #expect(
        try Lockstep.inspect("run/checkpoints\(suffix)", in: folder) == Lockstep.inspect("run", in: folder))
    }

    @Test("a path that holds no checkpoint is named", arguments: ["inspect", "sample"])
    func missing(command: String) throws {
      let finished = try Lockstep.run([command, "nowhere"], in: Folder())
      #expect(finished.status == 66, "\(finished.errors)")
      #expect(finished.messages.count == 1 && finished.messages[0].contains("nowhere"), "\(finished.errors)")
    }
  }
}
