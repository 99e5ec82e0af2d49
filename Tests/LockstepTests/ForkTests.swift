import Foundation
import Testing

extension EndToEnd {
  /// Runs that begin with the state of another one.
  struct ForkTests {
    private static let words = [
      "ring", "batch=32", "threads=1", "samples.count=1", "samples.every=0",
      "optimizer.generator.decaySteps=100", "optimizer.discriminator.decaySteps=100", "checkpoint.every=4",
    ]

    /// A run of eight steps.
    private func trained() throws -> Folder {
      let folder = try Folder()
      let finished = try Lockstep.train(Self.words + ["steps=8", "--run", "old"], ranks: 1, in: folder)
      guard finished.status == 0 else { throw Unexpected(finished) }
      return folder
    }

    @Test(
      "with the same options it ends as the run that went on does, on any number of ranks, after a resume too",
      arguments: MPIRun.isAvailable ? [1, 2] : [1])
    func sameOptions(ranks: Int) throws {
      let folder = try trained()
      let words = ["--from", "old/checkpoints/step-00000004", "steps=11", "--run", "new"]
      let begun = try Lockstep.train(words, ranks: ranks, in: folder)
      #expect(begun.status == 0 && begun.errors.contains("start: the whole state of "), "\(begun.errors)")
      #expect(try folder.checkpoints("new").first == "step-00000004", "its start is its own")
      let resumed = try Lockstep.train(["steps=12", "--run", "new", "--resume"], ranks: 1, in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      let whole = try Lockstep.train(Self.words + ["steps=12", "--run", "whole"], ranks: 1, in: folder)
      #expect(whole.status == 0)
      #expect(try Lockstep.inspect("new", in: folder).hashes == Lockstep.inspect("whole", in: folder).hashes)
      #expect(try folder.loggedSteps("new").allSatisfy { $0 > 4 })
    }

    @Test("options and data may be others, also a game that is watched; the old run stays as it was")
    func otherOptions() throws {
      let folder = try trained()
      let before = try folder.contents(of: "old")
      let words = [
        "data=grid", "optimizer.generator.learningRate=0.0001", "watch.every=2", "watch.policy=rewind",
        "steps=12",
        "--run", "new",
      ]
      let begun = try Lockstep.train(["--from", "old"] + words, ranks: 1, in: folder)
      #expect(begun.status == 0, "\(begun.errors)")
      #expect(try folder.bytes("new/options.yaml").count > 0)
      #expect(try Lockstep.inspect("new", in: folder).step == 12)
      #expect(try folder.contents(of: "old") == before)
    }

    /// The lines of a run's log that tell of a decision.
    private func decisions(_ key: String, of run: String, in folder: Folder) throws -> [[String: Any]] {
      try folder.bytes("\(run)/log.jsonl").split(separator: 10).map {
        try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any] ?? [:]
      }.filter { $0[key] != nil }
    }

    @Test("a lead goes on within the new limit, and begins anew from other turns")
    func balanced() throws {
      let folder = try Folder()
      func train(_ words: [String]) throws {
        let finished = try Lockstep.train(words, ranks: 1, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
      }
      // Any accuracy is too high for the one, too low for the other.
      let weakening = ["loss=leastSquares", "balance.every=2", "balance.lowest=0", "balance.highest=0"]
      try train(Self.words + weakening + ["steps=8", "--run", "old"])
      #expect(try decisions("balance", of: "old", in: folder).last?["balance_lead"] as? Double == -3)

      let strengthening = [
        "balance.lowest=1", "balance.highest=1", "balance.starvation=0", "balance.limit=2",
      ]
      try train(["--from", "old"] + strengthening + ["steps=10", "--run", "limited"])
      let limited = try decisions("balance", of: "limited", in: folder).first
      #expect(limited?["balance_lead_before"] as? Double == -3 && limited?["balance_lead"] as? Double == 0)

      try train(["--from", "old", "discriminatorSteps=2", "steps=10", "--run", "others"])
      let others = try decisions("balance", of: "others", in: folder).first
      #expect(others?["balance_lead_before"] as? Double == 0)
    }

    @Test("the probability of augmentation goes on, unless another one is given to begin with")
    func augmented() throws {
      let folder = try Folder()
      // One decision, whose target no mean of signs can meet.
      let words = ["augment.kind=ada", "augment.every=2", "augment.probability=0.4", "augment.speed=400"]
      for (run, start) in [
        ("old", ["dcgan"] + narrow + course(steps: 3) + words), ("same", ["--from", "old", "steps=6"]),
        ("other", ["--from", "old", "steps=6", "augment.probability=0.2"]),
      ] {
        let finished = try Lockstep.train(start + ["--run", run], ranks: 1, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
      }
      let last = try decisions("augment", of: "old", in: folder).last?["augment_probability"] as? Double
      func first(_ run: String) throws -> Double? {
        try decisions("augment", of: run, in: folder).first?["augment_before"] as? Double
      }
      #expect(try last != nil && last != 0.4 && first("same") == last)
      #expect(try first("other") == 0.2)
    }

    @Test("what does not fit is refused before there is a folder")
    func refused() throws {
      let folder = try trained()
      for (words, status) in [
        (["model.hidden=64", "steps=12"], 65), (["steps=8"], 78),
        (["init.generator=x", "init.run=old", "steps=12"], 78),
      ] as [([String], Int32)] {
        let fork = words.contains("init.run=old") ? Self.words : ["--from", "old"]
        let finished = try Lockstep.train(fork + words + ["--run", "new"], ranks: 1, in: folder)
        #expect(finished.status == status && finished.messages.count == 1, "\(words): \(finished.errors)")
        #expect(!folder.has("new"))
      }
      let both = try Lockstep.train(["ring", "--from", "old"], ranks: 1, in: folder)
      #expect(both.status == 64)
    }
  }
}
