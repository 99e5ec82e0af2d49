import Foundation
import Testing

extension EndToEnd {
  /// Runs that are ended before their time and resumed.
  struct InterruptionTests {
    private static let arguments = ["dcgan"] + narrow + course(steps: 40) + ["--run", "run"]

    @Test(
      "a run that changes its ranks 1, 2, 4, 3, 1 on the way ends with the bits of one that does not",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func chain() throws {
      let folder = try Folder()
      for (ranks, steps) in zip([1, 2, 4, 3, 1], [3, 12, 25, 33, 40]) {
        let resume = ranks == 1 && steps == 3 ? [] : ["--resume"]
        let words = ["dcgan"] + narrow + course(steps: steps) + ["--run", "run"] + resume
        let finished = try Lockstep.train(words, ranks: ranks, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
      }
      try checkWhole(folder)
    }

    /// Whom a SIGKILL hits.
    enum Victim: CaseIterable { case rank, launcher }

    @Test(
      "a run whose rank or launcher is killed goes on from its checkpoint on other ranks",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"),
      arguments: Victim.allCases, [(1, 1), (4, 3), (13, 2)])
    func killed(victim: Victim, moment: (step: Int, resumedRanks: Int)) throws {
      let folder = try Folder()
      let unique = folder.path + "/run"
      let words = Array(Self.arguments.dropLast()) + [unique]
      let job = try Lockstep.startTraining(words, ranks: 2, in: folder)
      let isThere = try job.wait { ((try? folder.loggedSteps("run").count) ?? 0) >= moment.step }
      try #require(isThere, "the run ended before the moment")
      switch victim {
      case .rank: kill(try #require(Processes.withWord(unique).last), SIGKILL)
      case .launcher: job.signal(SIGKILL)
      }
      let finished = try job.wait()
      #expect(finished.status == 128 + SIGKILL)
      for _ in 0..<500 where !Processes.withWord(unique).isEmpty { usleep(10_000) }
      #expect(Processes.withWord(unique).isEmpty, "no rank survives")
      if moment.step == 13 {
        let saved = try #require(try Status(of: unique).checkpoint, "the status knows of a checkpoint")
        #expect(try folder.checkpoints("run").contains(String(format: "step-%08d", saved)))
      }
      let resumed = try Lockstep.train(words + ["--resume"], ranks: moment.resumedRanks, in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      try checkWhole(folder)
    }

    @Test("a wish to stop ends the reading of data, and leaves no folder")
    func whileReading() throws {
      let folder = try Folder()
      // Images of zeros that take no room, and seconds to read.
      let count = 3_500_000
      let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(count), 32, 32), }"
      try folder.write(Fixtures.npy(header), "big.npy")
      #expect(truncate(folder.path + "/big.npy", 128 + count * 1024) == 0)
      let job = try Lockstep.start(["train", "dcgan", "data=big.npy", "steps=1", "--run", "run"], in: folder)
      let began = Date()
      #expect(try job.wait { Date().timeIntervalSince(began) > 0.4 })
      job.signal(SIGINT)
      let finished = try job.wait()
      #expect(finished.status == 75, "\(finished.errors)")
      #expect(finished.errors.contains("stopped before all data were read"), "\(finished.errors)")
      #expect(!folder.has("run"))
    }

    @Test("a run under nohup outlives its terminal")
    func nohup() throws {
      let folder = try Folder()
      let job = try Job(["/usr/bin/nohup", Lockstep.path!, "train"] + Self.arguments, in: folder)
      #expect(try job.wait { ((try? folder.loggedSteps("run").count) ?? 0) >= 2 })
      job.signal(SIGHUP)
      let finished = try job.wait()
      #expect(finished.status == 0, "\(finished.errors)")
      try checkWhole(folder)
    }

    @Test(
      "a run that SIGTERM stops, also where a parent blocked it, saves, ends with 75 and goes on bit for bit",
      arguments: [[], ["/usr/bin/env", "--block-signal=TERM"]])
    func terminated(parent: [String]) throws {
      let folder = try Folder()
      let job = try Job(parent + [Lockstep.path!, "train"] + Self.arguments, in: folder)
      #expect(try job.wait { ((try? folder.loggedSteps("run").count) ?? 0) >= 2 })
      job.signal(SIGTERM)
      let finished = try job.wait()
      #expect(finished.status == 75)
      #expect(finished.errors.contains("saved; --run run --resume goes on"), "\(finished.errors)")
      #expect(try folder.loggedSteps("run").count < 40)
      let resumed = try Lockstep.train(Self.arguments + ["--resume"], ranks: 1, in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      try checkWhole(folder)
    }

    @Test(
      "ranks that SIGUSR1 to mpirun stops save together, end with 75 and go on bit for bit",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func userSignal() throws {
      let folder = try Folder()
      let job = try Lockstep.startTraining(Self.arguments, ranks: 2, in: folder)
      #expect(try job.wait { ((try? folder.loggedSteps("run").count) ?? 0) >= 2 })
      job.signal(SIGUSR1)
      let finished = try job.wait()
      #expect(finished.status == 75, "\(finished.errors)")
      #expect(try folder.loggedSteps("run").count < 40)
      let resumed = try Lockstep.train(Self.arguments + ["--resume"], ranks: 3, in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      try checkWhole(folder)
    }

    @Test(
      "ranks that are stopped save before they draw, measure nothing for it, and go on bit for bit",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func savesFirst() throws {
      let folder = try Folder()
      let words =
        ["dcgan"] + narrow + [
          "steps=40", "threads=2", "log.every=1", "samples.count=4", "checkpoint.every=1000",
          "checkpoint.keepBest=true", "replicas.every=1", "quality.every=1000", "quality.samples=2048",
          "quality.components=8", "dataset.count=3000",
        ]
      let job = try Lockstep.startTraining(words + ["--run", "run"], ranks: 2, in: folder)
      #expect(try job.wait { ((try? folder.loggedSteps("run").count) ?? 0) >= 2 })
      job.signal(SIGUSR1)
      let stopped = try job.wait()
      #expect(stopped.status == 75, "\(stopped.errors)")
      let last = try #require(try folder.loggedSteps("run").last)
      let generation = String(format: "step-%08d", last)
      #expect(try last < 40 && folder.checkpoints("run") == [generation])
      let log = { String(decoding: try folder.bytes("run/log.jsonl"), as: UTF8.self) }
      #expect(try !log().contains("frechet_distance") && !folder.has("run/checkpoints/best"))
      let told = stopped.output + stopped.errors
      let saved = try #require(told.range(of: "checkpoints/\(generation)"))
      let drawn = try #require(told.range(of: "samples/\(generation)"))
      #expect(saved.lowerBound < drawn.lowerBound, "\(told)")

      let resumed = try Lockstep.train(words + ["--run", "run", "--resume"], ranks: 1, in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      let whole = try Lockstep.train(words + ["--run", "whole"], ranks: 1, in: folder)
      #expect(whole.status == 0, "\(whole.errors)")
      #expect(try Lockstep.inspect("run", in: folder).hashes == Lockstep.inspect("whole", in: folder).hashes)
      #expect(try folder.loggedSteps("run") == Array(1...40))
      #expect(try log().split(separator: "\n").last?.contains("frechet_distance") == true)
      #expect(try String(decoding: folder.bytes("run/checkpoints/best"), as: UTF8.self) == "step-00000040\n")
    }

    /// The run has the bits of one that nothing disturbed, and one line for each step.
    private func checkWhole(_ folder: Folder) throws {
      #expect(try Lockstep.inspect("run", in: folder).hashes == Reference.long())
      #expect(try folder.loggedSteps("run") == Array(1...40))
    }
  }
}
