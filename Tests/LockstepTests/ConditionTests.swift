import Foundation
import Testing

extension EndToEnd {
  /// Games with labelled data and with past fakes, from the command line.
  struct ConditionTests {
    /// Five turns of the discriminator for one of the generator, and everything that looks at several
    /// samples.
    private static let game =
      [
        "dcgan", "discriminatorSteps=5", "model.condition=projection", "replay.size=64", "replay.share=0.5",
        "minibatch.deviation=true", "minibatch.kernels=3", "minibatch.group=2",
      ] + narrow

    @Test(
      "a 5:1 game with replay and classes that is killed goes on on other ranks with the bits of one that is not",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func killed() throws {
      let folder = try Folder()
      for ranks in [1, 4] {
        let words = Self.game + course(steps: 10) + ["--run", "whole\(ranks)"]
        let whole = try Lockstep.train(words, ranks: ranks, in: folder)
        #expect(whole.status == 0, "\(whole.errors)")
      }
      let unique = folder.path + "/run"
      let words = Self.game + course(steps: 10) + ["--run", unique]
      let job = try Lockstep.startTraining(words, ranks: 2, in: folder)
      let isThere = try job.wait { ((try? folder.loggedSteps("run").count) ?? 0) >= 4 }
      try #require(isThere, "the run ended before the moment")
      kill(try #require(Processes.withWord(unique).last), SIGKILL)
      #expect(try job.wait().status == 128 + SIGKILL)
      for _ in 0..<500 where !Processes.withWord(unique).isEmpty { usleep(10_000) }
      for (ranks, steps) in [(3, 8), (1, 10)] {
        let more = Self.game + course(steps: steps) + ["--run", unique, "--resume"]
        let resumed = try Lockstep.train(more, ranks: ranks, in: folder)
        #expect(resumed.status == 0, "\(resumed.errors)")
      }
      let hashes = try Lockstep.inspect("whole1", in: folder).hashes
      for run in ["whole4", "run"] {
        #expect(try Lockstep.inspect(run, in: folder).hashes == hashes, "\(run)")
      }
    }

    @Test("a game with replay that is taken back is the same on 1 and 3 ranks")
    func takenBack() throws {
      let folder = try Folder()
      let restless = [
        "ring", "batch=32", "model.packing=1", "model.condition=embedding", "replay.size=32", "steps=24",
        "checkpoint.every=3", "threads=1", "samples.every=0", "samples.count=8",
        "optimizer.generator.learningRate=0.1", "optimizer.generator.decaySteps=60",
        "optimizer.discriminator.decaySteps=60", "watch.every=1", "watch.grace=2", "watch.patience=2",
        "watch.attempts=50", "watch.rateFactor=0.9", "watch.modes=0.5", "watch.spread=0.5",
        "watch.policy=rewind",
      ]
      for ranks in MPIRun.isAvailable ? [1, 3] : [1] {
        let finished = try Lockstep.train(restless + ["--run", "run\(ranks)"], ranks: ranks, in: folder)
        #expect(finished.status == 0 && finished.errors.contains("rewind"), "\(finished.errors)")
        #expect(
          try Lockstep.inspect("run\(ranks)", in: folder).hashes
            == Lockstep.inspect("run1", in: folder).hashes)
      }
    }

    @Test(
      "samples have one class a row or one class alone, and say which; classes travel with an export",
      arguments: ["embedding", "projection", "auxiliary"])
    func samples(form: String) throws {
      let folder = try Folder()
      try Fixtures.idx(in: folder)
      let words = ["dcgan", "data=digits", "dataset.labels=10", "model.condition=\(form)"] + narrow
      let trained = try Lockstep.train(
        words + ["steps=2", "samples.count=20", "--run", "run"], ranks: 1, in: folder)
      #expect(trained.status == 0, "\(trained.errors)")
      let rows = try Lockstep.run(["sample", "run", "--count", "20", "--output", "rows.png"], in: folder)
      #expect(rows.status == 0, "\(rows.errors)")
      #expect(try folder.bytes("rows.png") == folder.bytes("run/samples/step-00000002.png"))
      let one = [
        "sample", "run", "--count", "20", "--class", "7", "--output", "one.png", "--tensors",
        "one.safetensors",
      ]
      #expect(try Lockstep.run(one, in: folder).status == 0)
      #expect(String(decoding: try folder.bytes("one.safetensors"), as: UTF8.self).contains("\"classes\""))
      #expect(try folder.bytes("one.png") != folder.bytes("rows.png"))
      let strips = ["sample", "run", "--interpolate", "3", "--class", "2", "--output", "strips.png"]
      #expect(try Lockstep.run(strips, in: folder).status == 0)
      let each = try Lockstep.run(["sample", "run", "--count", "65", "--folder", "each"], in: folder)
      #expect(each.status == 0 && folder.has("each/4/000064.png"), "every class in turn: \(each.errors)")
      let absent = try Lockstep.run(["sample", "run", "--class", "10"], in: folder)
      #expect(absent.status == 64 && absent.errors.contains("classes are 0 to 9"), "\(absent.errors)")
      let exported = try Lockstep.run(
        ["export", "run", "--format", "safetensors", "--output", "hub"], in: folder)
      #expect(exported.status == 0, "\(exported.errors)")
      let configuration = String(decoding: try folder.bytes("hub/config.json"), as: UTF8.self)
      let parts = [
        "embedding": "\"form\": \"input\"", "projection": "\"form\": \"projection\"",
        "auxiliary": "class_logits",
      ]
      for part in ["\"form\": \"input\"", try #require(parts[form])] {
        #expect(configuration.contains(part), "\(configuration)")
      }
    }

    @Test("a class is asked for by the name that the data have for it, packed or not, or by its number")
    func names() throws {
      let folder = try Folder()
      for name in ["big dogs", "cats"] { try Fixtures.images(8, in: folder, "pets/\(name)") }
      let packed = try Lockstep.run(["data", "pack", "pets", "--output", "shards"], in: folder)
      #expect(packed.status == 0, "\(packed.errors)")
      for source in ["pets", "shards"] {
        let words = ["dcgan", "data=\(source)", "dataset.labels=2", "model.condition=embedding"] + narrow
        let run = "\(source)-run"
        let trained = try Lockstep.train(
          words + ["steps=1", "samples.count=2", "--run", run], ranks: 1, in: folder)
        #expect(trained.status == 0, "\(trained.errors)")
        for name in ["cats", "1", "0"] {
          let drawn = try Lockstep.run(
            ["sample", run, "--count", "2", "--class", name, "--output", "\(name).png"], in: folder)
          #expect(drawn.status == 0, "\(drawn.errors)")
        }
        #expect(try folder.bytes("cats.png") == folder.bytes("1.png"))
        #expect(try folder.bytes("cats.png") != folder.bytes("0.png"))
        let absent = try Lockstep.run(["sample", run, "--class", "dogs"], in: folder)
        #expect(
          absent.status == 64 && absent.errors.contains("0 to 1 or big dogs and cats"), "\(absent.errors)")
        let each = try Lockstep.run(
          ["sample", run, "--count", "4", "--folder", "\(source)-each"], in: folder)
        #expect(each.status == 0, "\(each.errors)")
        #expect(
          folder.has("\(source)-each/big dogs/000002.png") && folder.has("\(source)-each/cats/000003.png"))
      }
    }

    @Test("a discriminator that compares the samples of a batch is not exported, and its generator is")
    func comparing() throws {
      let folder = try Folder()
      let words = ["dcgan", "model.condition=embedding", "minibatch.deviation=true", "minibatch.group=2"]
      let trained = try Lockstep.train(
        words + narrow + ["steps=1", "samples.count=1", "--run", "run"], ranks: 1, in: folder)
      #expect(trained.status == 0, "\(trained.errors)")
      let export = ["export", "run", "--format", "onnx", "--output", "onnx"]
      let refused = try Lockstep.run(export, in: folder)
      #expect(refused.status == 65 && refused.messages.count == 1, "\(refused.errors)")
      #expect(
        refused.errors.contains("MinibatchStandardDeviation") && !folder.has("onnx"), "\(refused.errors)")
      #expect(try Lockstep.run(export + ["--network", "generator"], in: folder).status == 0)
    }

    @Test(
      "data without labels, unknown numbers of classes and groups that do not fit are refused in one line")
    func refused() throws {
      let folder = try Folder()
      try Fixtures.images(16, in: folder)
      try Fixtures.images(16, in: folder, "kinds/only")
      try Fixtures.idx(in: folder)
      let words = ["dcgan", "steps=1", "samples.count=1"] + narrow
      let cases: [(status: Int32, named: String, words: [String])] = [
        (65, "the data have no labels", ["data=images", "dataset.labels=3", "model.condition=projection"]),
        (78, "dataset.labels", ["data=images", "model.condition=projection"]),
        (65, "have 10 classes, not 11", ["data=digits", "dataset.labels=11", "model.condition=projection"]),
        (65, "have 1 class, not 3", ["data=kinds", "dataset.labels=3", "model.condition=embedding"]),
        (78, "groups of 4", ["minibatch.deviation=true"]),
        (78, "replay.size=16", ["replay.size=9"]),
        (78, "all or nothing", ["replay.size=16", "replay.share=0.1"]),
      ]
      for (status, named, more) in cases {
        let finished = try Lockstep.train(words + more + ["--run", "run"], ranks: 1, in: folder)
        #expect(finished.status == status && finished.messages.count == 1, "\(finished.errors)")
        #expect(finished.errors.contains(named), "\(finished.errors)")
      }
      let packed = try Lockstep.run(["train", "ring", "model.condition=projection", "--dry-run"], in: folder)
      #expect(packed.status == 78 && packed.errors.contains("model.packing=1"), "\(packed.errors)")
      let plain = try Lockstep.train(words + ["--run", "run"], ranks: 1, in: folder)
      #expect(plain.status == 0, "\(plain.errors)")
      let asked = try Lockstep.run(["sample", "run", "--class", "1"], in: folder)
      #expect(asked.status == 64 && asked.errors.contains("knows no classes"), "\(asked.errors)")
    }
  }
}
