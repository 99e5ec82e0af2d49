import Foundation
import Testing

extension EndToEnd {
  /// Measuring samples in the course of a run, and of a checkpoint.
  struct QualityTests {
    private static let measured = [
      "quality.every=2", "quality.samples=96", "quality.components=8", "dataset.count=600",
    ]
    private static let keys = [
      "frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage",
    ]

    /// The values of `keys` in the last line of a log, or in one object.
    private func values(_ text: Substring) throws -> [Double] {
      let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
      return try Self.keys.map { try #require(object[$0] as? Double, "\($0) in \(text)") }
    }

    @Test(
      "scores are logged at their steps, the same on 1, 2, 3 and 4 ranks and as evaluate prints them afterwards",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func worldSizes() throws {
      var logged: [[Double]] = []
      var evaluated: [[Double]] = []
      for ranks in 1...4 {
        let folder = try Folder()
        let words = ["dcgan"] + narrow + course(steps: 4, threads: 1) + Self.measured
        let finished = try Lockstep.train(words + ["--run", "run"], ranks: ranks, in: folder)
        #expect(finished.status == 0 && finished.errors.contains("Fréchet"), "\(finished.errors)")
        let lines = String(decoding: try folder.bytes("run/log.jsonl"), as: UTF8.self).split(separator: "\n")
        #expect(lines.map { $0.contains("frechet_distance") } == [false, true, false, true])
        logged.append(try values(lines[3]))
        let job = try MPIRun.start(
          [.init(ranks: 5 - ranks, words: [Lockstep.path!, "evaluate", "run", "--json"])], in: folder)
        let printed = try job.wait()
        #expect(printed.status == 0, "\(printed.errors)")
        evaluated.append(try values(printed.output[...]))
      }
      #expect(Set(logged).count == 1 && Set(evaluated).count == 1)
      #expect(logged[0][0] > 0.1 && zip(logged[0], evaluated[0]).allSatisfy { Float($0) == Float($1) })
    }

    @Test("the best checkpoint is kept beyond its age, named, and known after a resume")
    func best() throws {
      let folder = try Folder()
      // A falling recall of a generator that learns nothing: the first measurement stays the best.
      let words =
        ["dcgan"] + narrow + Self.measured + [
          "threads=2", "samples.count=1", "checkpoint.every=2", "checkpoint.keepLast=1",
          "checkpoint.keepBest=true", "optimizer.generator.learningRate=1e-12",
          "optimizer.discriminator.learningRate=1e-12", "quality.metric=frechet", "--run", "run",
        ]
      for steps in [4, 8] {
        let resume = steps == 4 ? [] : ["--resume"]
        let finished = try Lockstep.train(words + ["steps=\(steps)"] + resume, ranks: 1, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
      }
      let lines = String(decoding: try folder.bytes("run/log.jsonl"), as: UTF8.self).split(separator: "\n")
      let scores = try lines.filter { $0.contains("frechet_distance") }.map { try values($0)[0] }
      let place = try #require(scores.indices.min { scores[$0] < scores[$1] })
      let step = "step-0000000\(2 * place + 2)"
      #expect(try folder.checkpoints("run") == Array(Set([step, "step-00000008"])).sorted())
      #expect(try String(decoding: folder.bytes("run/checkpoints/best"), as: UTF8.self) == step + "\n")
      let printed = try Lockstep.run(["evaluate", "run/checkpoints/best", "--json"], in: folder)
      #expect(
        printed.status == 0 && printed.output.contains("\"step\":\(2 * place + 2),"), "\(printed.errors)")
      #expect(try Float(values(printed.output[...])[0]) == Float(scores[place]))
    }

    @Test("the best of what is not measured is refused")
    func unmeasured() throws {
      let finished = try Lockstep.run(["train", "dcgan", "checkpoint.keepBest=true"], in: Folder())
      #expect(finished.status == 78 && finished.messages.first?.contains("quality.every") == true)
    }
  }
}
