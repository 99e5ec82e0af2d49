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
