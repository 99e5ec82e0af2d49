import Checkpoints
import Foundation
import Platform
import Testing

extension EndToEnd {
  /// Which run goes on with `--resume`, and from where.
  struct ResumeTests {
    private static let words = ["dcgan"] + narrow + ["steps=1", "samples.count=1"]

    @Test(
      "the only run of a recipe goes on without --run; of several none is touched, one line lists them",
      arguments: MPIRun.isAvailable ? [1, 2] : [1])
    func choice(ranks: Int) throws {
      let folder = try Folder()
      #expect(try Lockstep.train(Self.words, ranks: 1, in: folder).status == 0)
      let only = try Lockstep.train(["dcgan", "steps=2", "--resume"], ranks: ranks, in: folder)
      #expect(only.status == 0, "\(only.errors)")
      #expect(only.errors.contains("resuming after step 1: runs/dcgan\n"), "\(only.errors)")
      #expect(try Lockstep.train(Self.words, ranks: 1, in: folder).status == 0)
      let before = try folder.contents(of: "runs")
      for recipe in [["dcgan"], []] {
        let refused = try Lockstep.train(recipe + ["steps=3", "--resume"], ranks: ranks, in: folder)
        #expect(refused.status == 64 && refused.messages.count == 1, "\(refused.errors)")
        #expect(
          refused.messages.first?.contains("dcgan done at step 2 and dcgan-2 done at step 1") == true,
          "\(refused.errors)")
      }
      let after = try folder.contents(of: "runs")
      #expect(after == before)
    }

    @Test("a recipe in a file finds its run by the recipe's name")
    func recipeFile() throws {
      let folder = try Folder()
      let model = "model:\n  family: dcgan\n  generatorFeatures: 8\n  discriminatorFeatures: 8\n"
      let recipe = model + "batch: 16\nsteps: 1\n"
      try folder.write(Array(recipe.utf8), "mine.yaml")
      #expect(try Lockstep.train(["mine.yaml", "samples.count=1"], ranks: 1, in: folder).status == 0)
      let finished = try Lockstep.train(["mine.yaml", "steps=2", "--resume"], ranks: 1, in: folder)
      #expect(
        finished.status == 0 && finished.errors.contains("resuming after step 1: runs/mine\n"),
        "\(finished.errors)")
    }

    @Test("a run whose data were named relative to a folder goes on from another one")
    func relativeData() throws {
      let folder = try Folder()
      try Fixtures.images(16, in: folder)
      let run = folder.path + "/run"
      let words = ["dcgan"] + narrow + ["samples.count=1", "--run", run]
      let begun = try Lockstep.train(words + ["data=./images", "steps=1"], ranks: 1, in: folder)
      #expect(begun.status == 0, "\(begun.errors)")
      let other = try Folder()
      let resumed = try Lockstep.run(["train", "--run", run, "--resume", "steps=2"], in: other)
      #expect(resumed.status == 0, "\(resumed.errors)")
    }

    @Test("a run without a checkpoint says that it begins at step 0")
    func noCheckpoint() throws {
      let folder = try Folder()
      let words = Self.words + ["--run", "run"]
      #expect(try Lockstep.train(words, ranks: 1, in: folder).status == 0)
      // As a run is left that was killed before its first checkpoint.
      for name in ["checkpoints", "status.json"] {
        try FileManager.default.removeItem(atPath: "\(folder.path)/run/\(name)")
      }
      let finished = try Lockstep.train(words + ["--resume"], ranks: 1, in: folder)
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(finished.errors.contains("no checkpoint yet: begins at step 0\n"), "\(finished.errors)")
      let again = try Lockstep.train(words + ["--resume"], ranks: 1, in: folder)
      #expect(again.status == 0 && !again.errors.contains("no checkpoint yet"), "\(again.errors)")
    }

    @Test("a run that goes on where functions round otherwise than where it was computed says so")
    func otherArithmetic() throws {
      let folder = try Folder()
      let words = Self.words + ["--run", "run"]
      #expect(try Lockstep.train(words, ranks: 1, in: folder).status == 0)
      let store = CheckpointStore(directory: folder.path + "/run/checkpoints", keepLast: 9)
      let loaded = try store.load("step-00000001")
      var info = loaded.manifest.info
      let written = try #require(info.arithmeticSHA256)
      for (digest, warns) in [(written, false), (SHA256.digest(of: "another"), true), (nil, false)] {
        info.arithmeticSHA256 = digest
        try store.save(GenerationContents(info: info, files: loaded.files))
        let resumed = try Lockstep.train(["--run", "run", "--resume"], ranks: 1, in: folder)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(resumed.errors.contains("step 1 was computed where exp") == warns, "\(resumed.errors)")
      }
    }

    @Test("a run that is resumed with data of another number names the data first")
    func otherData() throws {
      let folder = try Folder()
      try Fixtures.images(16, in: folder)
      let words = Self.words + ["--run", "run"]
      #expect(try Lockstep.train(words, ranks: 1, in: folder).status == 0)
      let finished = try Lockstep.train(
        ["data=images", "steps=2", "--run", "run", "--resume"], ranks: 1, in: folder)
      #expect(finished.status == 78 && finished.messages.count == 1, "\(finished.errors)")
      let named = finished.messages.first?.contains("options: data pottery → images and dataset.count")
      #expect(named == true, "\(finished.errors)")
    }
  }
}
