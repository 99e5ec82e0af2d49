import Foundation
import Testing

extension EndToEnd {
  /// Games that are balanced, watched and taken back.
  struct GameTests {
    /// A restless game: step sizes far too large at first, so that it is taken back to the start and, later,
    /// to checkpoints, while its ratio of turns changes.
    private static let restless = [
      "ring", "batch=32", "checkpoint.every=3", "threads=1", "log.every=1", "samples.every=0",
      "samples.count=1", "optimizer.generator.learningRate=0.1", "optimizer.generator.decaySteps=60",
      "optimizer.discriminator.decaySteps=60", "watch.every=1", "watch.grace=2", "watch.patience=2",
      "watch.attempts=50", "watch.rateFactor=0.9", "watch.noise=0.01", "watch.modes=0.5", "watch.spread=0.5",
      "watch.policy=rewind", "balance.every=3", "balance.lowest=0.45",
      "balance.highest=0.55",
    ]

    private func lines(_ folder: Folder, _ run: String) throws -> [[String: Any]] {
      try folder.bytes("\(run)/log.jsonl").split(separator: 10).map {
        try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any] ?? [:]
      }
    }

    /// What was decided and judged at each step.
    private func story(_ folder: Folder, _ run: String) throws -> [String] {
      try lines(folder, run).map { line in
        ["balance", "verdict", "event"].map { line[$0] as? String ?? "" }.joined(separator: " ")
      }
    }

    @Test(
      "decisions, rewinds and weights are the same on 1, 2, 3 and 4 ranks and across resumes in the middle",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func worldSizes() throws {
      let folder = try Folder()
      for ranks in 1...4 {
        let words = Self.restless + ["steps=60", "--run", "whole\(ranks)"]
        let finished = try Lockstep.train(words, ranks: ranks, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
      }
      for (ranks, steps) in [(3, 7), (1, 26), (4, 44), (2, 60)] {
        let words = Self.restless + ["steps=\(steps)", "--run", "chain"] + (steps == 7 ? [] : ["--resume"])
        let finished = try Lockstep.train(words, ranks: ranks, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
      }
      let whole = try story(folder, "whole1")
      #expect(whole.count == 60)
      #expect(
        whole.contains { $0.contains("begun anew") } && whole.contains { $0.contains("back to the state") })
      #expect(whole.contains { $0.hasPrefix("weaken") } && whole.contains { $0.hasPrefix("strengthen") })
      let hashes = try Lockstep.inspect("whole1", in: folder).hashes
      for run in ["whole2", "whole3", "whole4", "chain"] {
        #expect(try Lockstep.inspect(run, in: folder).hashes == hashes, "\(run)")
        #expect(try story(folder, run) == whole, "\(run)")
      }
    }

    @Test("every decision on the balance follows from the numbers in its line of the log")
    func decisions() throws {
      let folder = try Folder()
      let words = Self.restless + ["steps=60", "--run", "run"]
      #expect(try Lockstep.train(words, ranks: 1, in: folder).status == 0)
      var decided: [String: Int] = [:]
      for line in try lines(folder, "run") {
        guard let decision = line["balance"] as? String else { continue }
        func value(_ key: String) throws -> Double { try #require(line["balance_\(key)"] as? Double) }
        let (accuracy, losses) = (try value("accuracy"), try value("loss_ratio"))
        var move = 0
        if try value("gradient_ratio") < 0.001 || Float(accuracy) > 0.55 && losses < 2 {
          move = -1
        } else if Float(accuracy) < 0.45 && losses > 2 {
          move = 1
        }
        // Of at most four turns: three places each way.
        let before = try value("lead_before")
        let lead = max(-3, min(3, before + Double(move)))
        #expect(try value("lead") == lead)
        #expect(decision == (lead == before ? "keep" : move > 0 ? "strengthen" : "weaken"))
        decided[decision, default: 0] += 1
      }
      #expect(decided.count == 3 && decided.values.reduce(0, +) == 20)
    }

    @Test("a sum that is not finite ends all ranks in one step, though one of them alone draws samples")
    func faultWhileDrawing() throws {
      let folder = try Folder()
      let finished = try Lockstep.train(
        [
          "ring", "batch=32", "model.layers=12", "model.hidden=32", "loss=leastSquares", "steps=20",
          "optimizer.discriminator.learningRate=100", "samples.every=1", "log.every=1000",
          "checkpoint.every=1000", "stallTimeout=20", "--run", "run",
        ], ranks: 2, in: folder)
      #expect(finished.status == 79 && finished.messages.count == 1, "\(finished.errors)")
    }

    /// Every second step the generator's sum is not finite.
    private static let faulty = [
      "ring", "batch=32", "model.layers=12", "model.hidden=32", "loss=leastSquares", "threads=1",
      "optimizer.discriminator.learningRate=100", "optimizer.discriminator.decaySteps=1000000",
      "optimizer.generator.decaySteps=1000000", "watch.every=1000000", "watch.policy=rewind",
      "watch.rateFactor=1", "watch.attempts=90", "samples.count=1", "checkpoint.every=10",
    ]

    @Test("a sum that is not finite takes a run back at its own step, whatever else looks at that step")
    func faultsAreFoundAtOnce() throws {
      let folder = try Folder()
      let quiet = ["samples.every=0", "log.every=1000"]
      func hashes(
        _ run: String, of game: [String] = Self.faulty, steps: Int = 31, ranks: Int = 1, faults: Bool = true,
        _ words: [String]
      ) throws -> [String] {
        let finished = try Lockstep.train(
          game + ["steps=\(steps)", "--run", run] + words, ranks: ranks, in: folder)
        #expect(
          finished.status == 0 && finished.errors.contains("has diverged at step") == faults
            && !finished.errors.contains("begin again"), "\(finished.errors)")
        return try Lockstep.inspect(run, in: folder).hashes
      }
      let whole = try hashes("whole", quiet)
      #expect(try hashes("logged", ["samples.every=7", "log.every=1"]) == whole)
      #expect(try hashes("blocking", quiet + ["overlap=false"]) == whole)
      #expect(try hashes("traced", quiet + ["--trace"]) == whole)
      _ = try hashes("chain", steps: 12, quiet)
      #expect(try hashes("chain", quiet + ["--resume"]) == whole)
      if MPIRun.isAvailable { #expect(try hashes("two", ranks: 2, quiet + ["replicas.every=3"]) == whole) }

      // A fault in the first step leaves two of its five batches unread.
      let several =
        Self.faulty.filter { $0 != "optimizer.discriminator.learningRate=100" } + [
          "optimizer.discriminator.learningRate=3", "discriminatorSteps=5",
        ]
      let long = try hashes("long", of: several, quiet)
      _ = try hashes("part", of: several, steps: 12, quiet)
      #expect(try hashes("part", of: several, faults: false, quiet + ["--resume"]) == long)
    }

    /// A game that is judged to have collapsed at step 4.
    private static let hopeless = [
      "ring", "batch=32", "steps=40", "samples.count=1", "watch.every=1", "watch.grace=3", "watch.patience=2",
      "watch.spread=1", "watch.modes=1", "optimizer.generator.learningRate=1e-9", "checkpoint.every=5",
    ]

    @Test(
      "a verdict that ends a run is the last line of its log and is drawn; no checkpoint is made of it",
      arguments: MPIRun.isAvailable ? [1, 2] : [1])
    func shown(ranks: Int) throws {
      let folder = try Folder()
      let words = Self.hopeless + ["watch.policy=stop", "samples.every=0", "log.every=1000", "--run", "run"]
      let finished = try Lockstep.train(words, ranks: ranks, in: folder)
      #expect(finished.status == 79 && finished.messages.count == 1, "\(finished.errors)")
      let last = try #require(try lines(folder, "run").last)
      #expect(last["step"] as? Double == 4 && last["verdict"] as? String == "collapsed")
      #expect(last["watch_spread"] as? Double != nil && last["loss_g"] as? Double != nil)
      #expect(folder.has("run/losses.png") && folder.has("run/samples/step-00000004.png"))
      #expect(try folder.checkpoints("run").isEmpty)
    }

    @Test("a game that stays bad ends the run: at once if the policy says so, else after so many rewinds")
    func ended() throws {
      let folder = try Folder()
      for (name, policy) in [
        ("stop", ["watch.policy=stop"]), ("rewind", ["watch.policy=rewind", "watch.attempts=2"]),
      ] {
        let finished = try Lockstep.train(Self.hopeless + policy + ["--run", name], ranks: 1, in: folder)
        #expect(finished.status == 79 && finished.messages.count == 1, "\(finished.errors)")
        let message = try #require(finished.messages.first)
        #expect(
          message.contains(name == "stop" ? "has collapsed at step 4;" : "at step 12 after 2 rewinds;"),
          "\(message)")
      }
      let warned = try Lockstep.train(Self.hopeless + ["--run", "warn"], ranks: 1, in: folder)
      #expect(warned.status == 0)
      #expect(
        warned.errors.split(separator: "\n").count { $0.hasPrefix("warning: the game has collapsed") } == 1)
    }

    @Test("the last good state is kept though all newer ones are bad, and an interruption makes no other")
    func keepsTheRefuge() throws {
      let folder = try Folder()
      // Well up to step 6, then ever farther from the data.
      let words = [
        "ring", "batch=32", "threads=1", "samples.every=0", "samples.count=1", "checkpoint.every=4",
        "checkpoint.keepLast=1", "watch.policy=rewind", "watch.every=1", "watch.grace=0",
        "watch.patience=1000", "watch.spread=0", "watch.rank=0", "watch.modes=0", "watch.distance=1",
        "optimizer.generator.learningRate=1", "optimizer.generator.warmup=2000",
        "optimizer.generator.decaySteps=60", "optimizer.discriminator.decaySteps=60",
      ]
      func train(_ run: String, steps: Int, _ more: [String] = []) throws {
        let finished = try Lockstep.train(
          words + ["steps=\(steps)", "--run", run] + more, ranks: 1, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
      }
      try train("whole", steps: 20)
      try train("chain", steps: 6)
      try train("chain", steps: 20, ["--resume"])
      for run in ["whole", "chain"] {
        #expect(try folder.checkpoints(run) == ["step-00000004", "step-00000020"], "\(run)")
      }
      let hashes = try ["whole", "chain"].map { try Lockstep.inspect($0, in: folder).hashes }
      #expect(hashes[0] == hashes[1], "the state knows the step to go back to")
    }

    /// A game in which the generator's updates are left out from step 4 on, the discriminator's from step 5.
    private static let skipping = [
      "dcgan", "microBatches=4", "batch=16", "size=16", "model.generatorFeatures=4",
      "model.discriminatorFeatures=4", "model.latent=8", "loss=hinge", "r1.weight=0.5",
      "optimizer.discriminator.kind=sgd", "optimizer.discriminator.learningRate=5",
      "optimizer.generator.kind=sgd", "optimizer.generator.learningRate=0.001", "samples.every=0",
      "samples.count=1", "log.every=1", "watch.nonFinite=skip", "watch.every=1", "watch.samples=16", "seed=2",
      "threads=1",
    ]

    @Test("a check looks at no loss of a turn that was left out: the watch's memory is that of a resumed run")
    func checksWhileSkipping() throws {
      let folder = try Folder()
      for (run, steps) in [("whole", 8), ("chain", 3), ("chain", 8)] {
        let words =
          Self.skipping + ["watch.skips=100", "steps=\(steps)", "--run", run]
          + (run == "chain" && steps == 8 ? ["--resume"] : [])
        let finished = try Lockstep.train(words, ranks: 1, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
        #expect(steps == 3 || finished.errors.contains("the generator's sums are not finite at step 4"))
      }
      #expect(
        try Lockstep.inspect("chain", in: folder).hashes == Lockstep.inspect("whole", in: folder).hashes)
    }

    @Test("a state that is saved while updates are left out, for a stop or as the best, is not gone back to")
    func refugeWhileSkipping() throws {
      let folder = try Folder()
      // Too many of the generator's updates are left out in step 7.
      let words =
        Self.skipping + [
          "watch.skips=3", "watch.policy=rewind", "watch.grace=0", "watch.spread=0", "watch.rank=0",
          "watch.distance=1000000", "checkpoint.every=2",
        ]
      func train(_ run: String, steps: Int, _ more: [String] = []) throws -> String {
        let finished = try Lockstep.train(
          words + ["steps=\(steps)", "--run", run] + more, ranks: 1, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
        return finished.errors
      }
      #expect(try train("whole", steps: 9).contains("back to the state of step 2"))
      #expect(try train("chain", steps: 4).contains("its update is skipped"))
      _ = try train("chain", steps: 9, ["--resume"])
      let best = [
        "quality.every=4", "quality.samples=64", "quality.metric=kernel", "checkpoint.keepBest=true",
      ]
      _ = try train("best", steps: 9, best)
      let hashes = try ["whole", "chain", "best"].map { try Lockstep.inspect($0, in: folder).hashes }
      #expect(hashes[1] == hashes[0])
      #expect(hashes[2][0] == hashes[0][0], "the weights")
    }

    @Test("lines of the log are the same across resumes, with a lazy penalty and where turns are left out")
    func sameLines() throws {
      let folder = try Folder()
      let lazy = [
        "ring", "batch=8", "microBatches=2", "model.hidden=4", "model.packing=1", "dataset.count=100",
        "threads=1", "log.every=1", "samples.every=0", "samples.count=1", "r1.weight=1", "r1.every=5",
        "optimizer.discriminator.decay=none", "optimizer.generator.decay=none",
      ]
      let games = [("lazy", lazy, 7, 14), ("skipping", Self.skipping + ["watch.skips=100"], 5, 8)]
      for (name, game, part, steps) in games {
        let runs = [("whole", steps, []), ("chain", part, []), ("chain", steps, ["--resume"])]
        for (run, steps, more) in runs {
          let words = game + ["steps=\(steps)", "--run", "\(name)-\(run)"] + more
          let finished = try Lockstep.train(words, ranks: 1, in: folder)
          #expect(finished.status == 0, "\(finished.errors)")
        }
        let figures = try ["whole", "chain"].map { run in
          try lines(folder, "\(name)-\(run)").map { line in
            ["loss_d", "d_x", "r1", "loss_g"].map { line[$0] as? Double }
          }
        }
        #expect(figures[0] == figures[1], "\(name)")
        // Of a penalty the last value, of a turn that was left out nothing.
        let hasPenalty = name == "lazy" ? figures[0].suffix(10) : figures[0].suffix(3)
        #expect(figures[0].count == steps && hasPenalty.allSatisfy { $0[2] != nil }, "\(name)")
        let last = try #require(figures[0].last)
        #expect((last[3] == nil) == (name == "skipping"), "\(name)")
      }
    }

    @Test("a balance is refused where scores have no threshold, and a dry run tells what looks after a game")
    func configuration() throws {
      for words in [["wgan-gp"], ["dcgan", "loss=wasserstein"]] {
        let finished = try Lockstep.run(["train"] + words + ["balance.every=5"], in: Folder())
        #expect(finished.status == 78 && finished.messages.count == 1, "\(finished.errors)")
      }
      let words = [
        "train", "dcgan", "--dry-run", "balance.every=20", "watch.every=50", "watch.policy=rewind",
      ]
      let described = try Lockstep.run(words, in: Folder())
      #expect(described.status == 0 && described.output.contains("every 20 steps: accuracy kept from 0.55"))
      #expect(described.output.contains("up to 3 times"))
    }
  }
}
