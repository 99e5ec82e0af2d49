import Testing

extension EndToEnd {
  /// Games of several turns, from the command line.
  struct ScheduleTests {
    /// Recipes with options that make the order of turns and draws show in the bits.
    private static let games: [[String]] = [
      [
        "ring", "batch=32", "discriminatorSteps=3", "generatorSteps=2", "r1.weight=1", "r1.every=2",
        "optimizer.generator.decaySteps=40", "optimizer.discriminator.decaySteps=40",
        "optimizer.discriminator.warmup=5",
      ],
      ["wgan-gp"] + narrow,
      ["dcgan", "discriminatorSteps=5", "loss=hinge", "instanceNoise.deviation=0.1", "spectralNorm=true"]
        + narrow,
      ["vae", "batch=32", "model.hidden=24", "ema.decay=0.9"],
      [
        "diffusion", "batch=32", "size=16", "model.features=4", "model.samplingSteps=2",
        "model.condition=embedding", "model.guidance=2",
      ],
      [
        "dcgan", "optimizer.generator.kind=rmsprop", "optimizer.discriminator.kind=sgd",
        "optimizer.discriminator.momentum=0.9", "optimizer.discriminator.weightDecay=0.001",
      ] + narrow,
    ]

    @Test(
      "a run of several turns a step that changes its ranks on the way ends with the bits of one that does not",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"), arguments: games)
    func chain(game: [String]) throws {
      let folder = try Folder()
      let whole = try Lockstep.train(game + course(steps: 9) + ["--run", "whole"], ranks: 1, in: folder)
      #expect(whole.status == 0, "\(whole.errors)")
      for (ranks, steps) in [(3, 4), (1, 5), (2, 9)] {
        let resume = steps == 4 ? [] : ["--resume"]
        let words = game + course(steps: steps) + ["--run", "chain"] + resume
        let finished = try Lockstep.train(words, ranks: ranks, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
      }
      #expect(
        try Lockstep.inspect("chain", in: folder).hashes == Lockstep.inspect("whole", in: folder).hashes)
    }

    @Test("a dry run prints the turns and writes nothing")
    func dryRun() throws {
      let folder = try Folder()
      let finished = try Lockstep.run(["train", "wgan-gp", "--dry-run"], in: folder)
      #expect(finished.status == 0 && finished.errors.isEmpty)
      #expect(
        finished.output.contains("discriminator, 5 turns") && finished.output.contains("generator, 1 turn"))
      #expect(try folder.contents(of: "").isEmpty)
      let refused = try Lockstep.run(["train", "wgan-gp", "--dry-run", "batch=7"], in: folder)
      #expect(refused.status == 78 && refused.messages.count == 1)
    }

    @Test("a run on a mixture logs what its samples are worth whenever it draws them, and can be sampled")
    func mixture() throws {
      let folder = try Folder()
      let words = ["ring", "batch=32", "steps=6", "samples.every=2", "log.every=5", "--run", "run"]
      let finished = try Lockstep.run(["train"] + words, in: folder)
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(try folder.loggedSteps("run") == [2, 4, 5, 6])
      let lines = String(decoding: try folder.bytes("run/log.jsonl"), as: UTF8.self).split(separator: "\n")
      #expect(lines.map { $0.contains("\"high_quality\":") } == [true, true, false, true])
      #expect(finished.errors.contains("of 8 modes, high quality"))
      let sampled = try Lockstep.run(["sample", "run", "--output", "points.png"], in: folder)
      #expect(sampled.status == 0, "\(sampled.errors)")
    }

    @Test("the new recipes can be timed", arguments: ["ring", "wgan-gp", "vae"])
    func bench(recipe: String) throws {
      let folder = try Folder()
      let small = recipe == "wgan-gp" ? narrow : ["batch=32"]
      let finished = try Lockstep.run(
        ["bench", recipe, "--runs", "1", "--json", "steps=1"] + small, in: folder)
      #expect(finished.status == 0 && finished.output.contains("\"images_per_second\""), "\(finished.errors)")
    }
  }
}
