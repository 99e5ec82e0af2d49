import Foundation
import Testing

extension EndToEnd {
  /// Games whose augmentation is steered.
  struct AugmentTests {
    /// Decisions every four steps that go both ways, within cycles of three turns to one and beside a
    /// balance.
    private static let adaptive =
      [
        "dcgan", "augment.kind=ada", "augment.speed=400", "augment.target=0.7", "augment.probability=0.4",
        "augment.policy=translation,cutout,contrast,flip", "discriminatorSteps=3", "r1.weight=0.5",
        "dragan.weight=1", "dragan.every=4", "balance.every=5", "balance.highest=0.7",
        "optimizer.generator.learningRate=0.005",
      ] + narrow

    private func lines(_ folder: Folder, _ run: String) throws -> [[String: Any]] {
      try folder.bytes("\(run)/log.jsonl").split(separator: 10).map {
        try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any] ?? [:]
      }
    }

    private func probabilities(_ folder: Folder, _ run: String) throws -> [Double] {
      try lines(folder, run).compactMap { $0["augment_probability"] as? Double }
    }

    @Test(
      "probabilities and weights are the same on 1 to 4 ranks and across resumes between two decisions",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func worldSizes() throws {
      let folder = try Folder()
      for ranks in 1...4 {
        let words = Self.adaptive + course(steps: 24) + ["--run", "whole\(ranks)"]
        let finished = try Lockstep.train(words, ranks: ranks, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
      }
      for (ranks, steps) in [(3, 6), (1, 11), (4, 17), (2, 24)] {
        let words =
          Self.adaptive + course(steps: steps) + ["--run", "chain"] + (steps == 6 ? [] : ["--resume"])
        let finished = try Lockstep.train(words, ranks: ranks, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
      }
      let whole = try probabilities(folder, "whole1")
      #expect(whole.count == 6)
      let hashes = try Lockstep.inspect("whole1", in: folder).hashes
      for run in ["whole2", "whole3", "whole4", "chain"] {
        #expect(try Lockstep.inspect(run, in: folder).hashes == hashes, "\(run)")
        #expect(try probabilities(folder, run) == whole, "\(run)")
      }
    }

    @Test("every decision on the probability follows from the numbers in its line of the log")
    func decisions() throws {
      let folder = try Folder()
      let words = Self.adaptive + course(steps: 32) + ["--run", "run"]
      let finished = try Lockstep.train(words, ranks: 1, in: folder)
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(finished.output.contains("p 0.") || finished.errors.contains("p 0."))
      var decided: [String: Int] = [:]
      var last = 0.4
      var signs: [Double] = []
      for line in try lines(folder, "run") {
        signs.append(try #require(line["sign_real"] as? Double))
        guard let decision = line["augment"] as? String else { continue }
        func value(_ key: String) throws -> Float {
          Float(try #require(line["augment_\(key)"] as? Double))
        }
        let (sign, images, before) = (try value("sign"), try value("images"), try value("before"))
        #expect(before == Float(last))
        let change = images / 400
        let next = sign > 0.7 ? max(before, min(before + change, 0.8)) : max(before - change, 0)
        #expect(try value("probability") == next)
        #expect(decision == (next > before ? "raise" : next < before ? "lower" : "keep"))
        // Of the turns of four steps, the logged ones are the last of each step.
        #expect(abs(sign) <= 1 && images.truncatingRemainder(dividingBy: 16) == 0 && images >= 4 * 16)
        last = Double(next)
        decided[decision, default: 0] += 1
      }
      #expect(decided.values.reduce(0, +) == 8 && decided["raise"] != nil && decided["lower"] != nil)
      #expect(signs.allSatisfy { abs($0) <= 1 })
    }

    @Test("the options of augmentation are checked against the loss, the family and one another")
    func configuration() throws {
      for (words, message) in [
        (["wgan-gp", "augment.kind=ada"], "augment.kind is ada, but a critic's scores have no threshold"),
        (["dcgan", "augment.kind=ada", "loss=wasserstein"], "use augment.kind=diffaugment"),
        (["dcgan", "augment.kind=adaptive"], "augment.kind"),
        (["dcgan", "augment.policy=flip,colour"], "has the unknown word \"colour\""),
        (["dcgan", "augment.policy=flip,flip"], "has a word twice"),
        (["dcgan", "augment.policy="], "augment.policy"),
        (["ring", "augment.kind=ada"], "augment.kind"),
      ] {
        let finished = try Lockstep.run(["train"] + words, in: Folder())
        #expect(finished.status == 78 && finished.messages.count == 1, "\(words) \(finished.errors)")
        #expect(finished.errors.contains(message), "\(finished.errors)")
      }
    }

    @Test("a dry run tells what is augmented and by what it is steered")
    func dryRun() throws {
      let finished = try Lockstep.run(
        [
          "train", "dcgan", "--dry-run", "augment.kind=ada", "augment.policy=cutout,translation",
          "augment.speed=30000",
        ], in: Folder())
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(finished.output.contains("ADA of what it sees (translation, cutout)"))
      #expect(finished.output.contains("every 4 steps: probability from 0"), "\(finished.output)")
      let fixed = try Lockstep.run(
        ["train", "wgan-gp", "--dry-run", "augment.kind=diffaugment", "augment.probability=0.5"], in: Folder()
      )
      #expect(fixed.output.contains("with probability 0.5"), "\(fixed.output)")
    }
  }
}
