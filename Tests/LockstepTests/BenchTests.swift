import Foundation
import Testing

extension EndToEnd {
  /// `lockstep bench`: what it prints, not how fast it is.
  struct BenchTests {
    private let small = ["model.generatorFeatures=8", "model.discriminatorFeatures=8", "batch=16", "steps=2"]

    private struct Steps: Decodable {
      let imagesPerSecond: Double
      let ranks: Int
      let tensorAllocationsAfterWarmUp: Int
      let secondsPerStep: Double
      let exposedCommunicationFraction: Double
      let gflopsPerCore: Double
    }

    private struct Kernels: Decodable {
      struct Layer: Decodable {
        let layer: String
        let forwardGflops: Double
        let inputGradientGflops: Double
        let weightGradientGflops: Double
      }

      let peakGflops: Double
      let layers: [Layer]
    }

    private func decoded<Output: Decodable>(_ finished: Finished) throws -> Output {
      guard finished.status == 0 else { throw Unexpected(finished) }
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try decoder.decode(Output.self, from: Data(finished.output.utf8))
    }

    @Test("a model that is asked by class is timed too", arguments: ["embedding", "projection", "auxiliary"])
    func conditional(condition: String) throws {
      let words = ["bench", "dcgan", "--runs", "1", "model.condition=\(condition)", "dataset.labels=10"]
      let finished = try Lockstep.run(words + small, in: try Folder())
      #expect(finished.status == 0, "\(finished.errors)")
    }

    @Test(
      "speed is told in what samples are called",
      arguments: [("ring", "samples/s"), ("voxel-gan", "volumes/s")])
    func units(recipe: String, unit: String) throws {
      let words = ["bench", recipe, "--runs", "1", "batch=16", "steps=2"]
      let finished = try Lockstep.run(words + (recipe == "ring" ? [] : ["size=16"]), in: Folder())
      #expect(finished.status == 0 && finished.output.contains("\n\(unit) "), "\(finished)")
    }

    @Test("after warm-up a step of one thread takes no tensor memory from the system", arguments: [1, 2])
    func allocations(ranks: Int) throws {
      guard ranks == 1 || MPIRun.isAvailable else { return }
      let words = [Lockstep.path!, "bench", "dcgan", "threads=1", "--json", "--runs", "2"] + small
      let folder = try Folder()
      let job =
        try ranks == 1
        ? Job(words, in: folder) : MPIRun.start([.init(ranks: ranks, words: words)], in: folder)
      let steps: Steps = try decoded(try job.wait())
      #expect(steps.ranks == ranks && steps.imagesPerSecond > 0)
      #expect(steps.tensorAllocationsAfterWarmUp == 0)
    }

    @Test("a step of a critic reads five batches, and the figures of it agree")
    func critic() throws {
      let steps: Steps = try decoded(
        try Lockstep.run(["bench", "wgan-gp", "--json", "--runs", "1"] + small, in: Folder()))
      #expect(abs(steps.imagesPerSecond * steps.secondsPerStep - 5 * 16) < 1e-6)
      #expect((0...1).contains(steps.exposedCommunicationFraction) && steps.gflopsPerCore > 0)
    }

    private struct Sums: Decodable {
      let bytes: Int
      let ranks: Int
      let seconds: Double
      let mpiAllreduceSeconds: Double
    }

    @Test(
      "bench allreduce times its own sums and MPI's", .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func sums() throws {
      let words = [Lockstep.path!, "bench", "allreduce", "megabytes=1", "--runs", "1", "--json"]
      let folder = try Folder()
      let sums: Sums = try decoded(try MPIRun.start([.init(ranks: 2, words: words)], in: folder).wait())
      #expect(sums.bytes == 1_000_000 && sums.ranks == 2)
      #expect(sums.seconds > 0 && sums.mpiAllreduceSeconds > 0)
    }

    @Test(
      "bench allreduce refuses other words, and gradients that no machine has room for",
      arguments: [
        (["microBatches=6"], 64), (["megabytes=5000"], 64), (["batch=8"], 64),
        (["megabytes=4096", "microBatches=4096"], 78),
      ] as [([String], Int32)])
    func sumsThatCannotBe(words: [String], status: Int32) throws {
      let refused = try Lockstep.run(["bench", "allreduce", "--runs", "1"] + words, in: Folder())
      #expect(refused.status == status && refused.errors.contains("megabytes="), "\(refused.errors)")
    }

    @Test("bench conv has a row with three rates for every layer of both networks")
    func kernels() throws {
      let kernels: Kernels = try decoded(
        try Lockstep.run(["bench", "conv", "--json", "--runs", "1"] + small, in: Folder()))
      #expect(kernels.peakGflops > 0)
      #expect(kernels.layers.count == 8 && Set(kernels.layers.map(\.layer)).count == 8)
      for layer in kernels.layers {
        #expect(layer.forwardGflops > 0 && layer.inputGradientGflops > 0 && layer.weightGradientGflops > 0)
      }
    }

    private struct Recovery: Decodable {
      struct Outcome: Decodable {
        let detected: Int?
        let rewinds: Int
      }

      let restored: Int
      let outcomes: [Outcome]
    }

    @Test(
      "a run that is broken, from the start or later, is found wrong and goes back; a healthy one is left alone",
      arguments: [("collapse", true), ("accident", true), ("divergence", true), ("health", false)])
    func recovery(name: String, isBroken: Bool) throws {
      let words = ["bench", name, "--json", "--runs", "1", "steps=2400", "batch=128"]
      let recovery: Recovery = try decoded(try Lockstep.run(words, in: Folder()))
      #expect(recovery.outcomes.count == 1 && recovery.restored == 1)
      for outcome in recovery.outcomes {
        #expect(isBroken == (outcome.detected.map { 0 < $0 && $0 <= 500 } ?? false))
        #expect((outcome.rewinds > 0) == isBroken)
      }
    }

    @Test("an accident takes words for step sizes", arguments: ["decay=none", "decaySteps=9"])
    func accident(word: String) throws {
      let words = ["bench", "accident", "--runs", "1", "steps=4", "batch=128", "optimizer.generator.\(word)"]
      let finished = try Lockstep.run(words, in: Folder())
      #expect(finished.status == 0, "\(finished.errors)")
    }

    @Test(
      "a bench of one process refuses to share the core with another rank",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"), arguments: ["gemm", "health"])
    func alone(name: String) throws {
      let folder = try Folder()
      let finished = try MPIRun.start(
        [.init(ranks: 2, words: [Lockstep.path!, "bench", name])], in: folder
      ).wait()
      #expect(finished.status == 64)
      #expect(finished.errors.contains("without mpirun"))
    }

    @Test(
      "what is wrong for all ranks is told once, and they leave in order with its code",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"), arguments: ["dcgan", "allreduce", "checkpoint"])
    func tooManyRanks(name: String) throws {
      let words = [Lockstep.path!, "bench", name, "microBatches=2"]
      let folder = try Folder()
      let finished = try MPIRun.start([.init(ranks: 4, words: words)], in: folder).wait()
      #expect(finished.status == 78, "\(finished.errors)")
      #expect(
        finished.messages.count == 1 && finished.messages[0].contains("4 ranks for microBatches=2"),
        "\(finished.errors)")
      #expect(!finished.errors.contains("MPI_ABORT"), "\(finished.errors)")
    }

    private struct Saves: Decodable {
      let pairs: Int
      let stepsPerStretch: Int
      let checkpointBytes: Int
      let stallSeconds: Double
      let blockedSeconds: Double
      let finalSaveSeconds: Double
      let stallFraction: Double
    }

    @Test(
      "bench checkpoint times saves against steps without them, and what it cannot time is refused at once")
    func checkpoint() throws {
      let words = [
        "bench", "checkpoint", "model.generatorFeatures=8", "model.discriminatorFeatures=8", "batch=8",
      ]
      let saves: Saves = try decoded(
        try Lockstep.run(
          words + ["--runs", "3", "--json", "steps=2", "checkpoint.every=10"], in: Folder()))
      #expect(saves.pairs == 3 && saves.stepsPerStretch == 2 && saves.checkpointBytes > 0)
      #expect(saves.blockedSeconds > 0 && saves.finalSaveSeconds > 0)
      #expect(saves.stallSeconds.isFinite && saves.stallFraction.isFinite)
      let refusals = [
        (["steps=1"], "steps=2 or more"), (["checkpoint.every=0"], "distance of two checkpoints"),
        (["epochs=1"], "steps= is the length of one timed run"),
      ]
      for (more, named) in refusals {
        let refused = try Lockstep.run(words + more, in: Folder())
        #expect(refused.status == 64 && refused.errors.contains(named), "\(refused.errors)")
      }
    }

    @Test(
      "a bench that is interrupted prints no figures and leaves nothing behind",
      arguments: [
        ["health", "log.every=1", "batch=128"],
        ["checkpoint", "model.generatorFeatures=8", "model.discriminatorFeatures=8", "batch=8"],
      ])
    func interrupted(words: [String]) throws {
      let folder = try Folder()
      let place = folder.path + "/tmp"
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      let job = try Job(
        ["/usr/bin/env", "TMPDIR=\(place)", Lockstep.path!, "bench"] + words + ["--runs", "100"], in: folder)
      func names() -> [String] { (try? FileManager.default.subpathsOfDirectory(atPath: place)) ?? [] }
      #expect(
        try job.wait { names().contains { $0.hasSuffix("/log.jsonl") || $0.hasSuffix("/checkpoints") } })
      job.signal(SIGINT)
      let finished = try job.wait()
      #expect(finished.status == 75 && finished.output.isEmpty, "\(finished.output)")
      #expect(finished.errors.contains("nothing is kept"), "\(finished.errors)")
      #expect(names().allSatisfy { !$0.hasPrefix("lockstep-") }, "\(names())")
    }

    @Test("a length in epochs and seeds beyond the last one are refused before anything is trained")
    func lengths() throws {
      for name in ["dcgan", "health"] {
        let refused = try Lockstep.run(["bench", name, "epochs=1"], in: Folder())
        #expect(refused.status == 64 && refused.errors.contains("takes no epochs="), "\(refused.errors)")
      }
      let seeds = try Lockstep.run(["bench", "health", "--runs", "2", "seed=\(Int.max)"], in: Folder())
      #expect(seeds.status == 64 && seeds.errors.contains("a smaller seed="), "\(seeds.errors)")
    }

    private struct Plan: Decodable {
      struct Row: Decodable {
        let nodes: Int
        let ranks: Int
        let imagesPerSecond: Double
      }

      let best: Row
      let rows: [Row]
    }

    @Test(
      "plan predicts steps on a described cluster, takes its own calibration back, and names what is wrong")
    func plan() throws {
      let folder = try Folder()
      try folder.write(Array("nodes: 2\ncores: 1\nbandwidth: 100\n".utf8), "cluster")
      let words = ["plan", "dcgan", "--cluster", "cluster"] + small
      let finished = try Lockstep.run(words + ["--json"], in: folder)
      let plan: Plan = try decoded(finished)
      #expect(plan.rows.map(\.nodes) == [1, 2, 4, 8] && plan.rows.allSatisfy { $0.imagesPerSecond > 0 })
      #expect(plan.best.nodes <= 2)
      try folder.write(Array(finished.output.utf8), "plan.json")
      let again = try Lockstep.run(words + ["--calibration", "plan.json", "--json"], in: folder)
      #expect(again.output == finished.output, "nothing is measured twice")
      let table = try Lockstep.run(words + ["--calibration", "plan.json"], in: folder)
      #expect(table.status == 0 && table.output.contains("limited by"), "\(table.output)")
      try folder.write(Array("node: 2\n".utf8), "cluster")
      let wrong = try Lockstep.run(words, in: folder)
      #expect(
        wrong.status == 78 && wrong.messages.first?.contains("did you mean nodes?") == true, "\(wrong.errors)"
      )
      #expect(try Lockstep.run(["plan", "dcgan", "--cluster", "none"], in: folder).status == 66)
    }
  }
}
