import Checkpoints
import Platform
import TensorCore
import Testing

extension EndToEnd {
  /// Checkpoints that are whole and yet end every run that goes on from them.
  struct PoisonTests {
    private static let arguments = words("dcgan") + ["--run", "run", "--resume"]

    /// Of a `vae` no sum is looked at before the next step, and no step is logged.
    private static func words(_ recipe: String, steps: Int = 12) -> [String] {
      recipe == "vae"
        ? ["vae", "batch=16", "steps=\(steps)", "checkpoint.every=3", "log.every=50"]
        : [recipe] + narrow + course(steps: steps)
    }

    /// A run of six steps with checkpoints after the third and the sixth.
    private func trained(_ recipe: String = "dcgan") throws -> Folder {
      let folder = try Folder()
      let finished = try Lockstep.train(
        Self.words(recipe, steps: 6) + ["--run", "run"], ranks: 1, in: folder)
      guard finished.status == 0 else { throw Unexpected(finished) }
      return folder
    }

    /// Saves a checkpoint anew with weights that are no numbers, whole in every byte and digest.
    /// - Parameter digest: what its manifest says of the weights; nil for what is right.
    private func poison(_ step: Int, _ file: String = "generator", in folder: Folder, digest: String? = nil)
      throws
    {
      let store = CheckpointStore(directory: folder.path + "/run/checkpoints", keepLast: 9)
      let loaded = try store.load("step-0000000\(step)")
      var files = loaded.files
      let index = try #require(files.firstIndex { $0.name == file })
      var tensors = files[index].tensors
      let first = try #require(tensors[0].tensor)
      let values = [Float](repeating: .nan, count: first.shape.count)
      tensors[0] = NamedTensor(tensors[0].name, Tensor(values, shape: first.shape))
      files[index] = TensorFile(name: file, tensors: tensors, metadata: files[index].metadata)
      var info = loaded.manifest.info
      let networks = files.filter { [file, "discriminator"].contains($0.name) }
      info.weightsSHA256 =
        digest ?? SHA256.digest(of: networks.flatMap { $0.tensors.compactMap(\.tensor) })
      try store.save(GenerationContents(info: info, files: files))
    }

    @Test(
      "after two starts that come to nothing the run goes on from the checkpoint before, to the same bits",
      arguments: [("dcgan", "generator"), ("vae", "autoencoder")])
    func olderOne(recipe: String, file: String) throws {
      let folder = try trained(recipe)
      try poison(6, file, in: folder)
      let arguments = Self.words(recipe) + ["--run", "run", "--resume"]
      for attempt in 1...2 {
        let finished = try Lockstep.train(arguments, ranks: 1, in: folder)
        #expect(finished.status == 79, "start \(attempt): \(finished.errors)")
        #expect(finished.errors.contains("resuming after step 6"), "start \(attempt): \(finished.errors)")
      }
      let finished = try Lockstep.train(arguments, ranks: 1, in: folder)
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(
        finished.errors.contains("step-00000006 is passed over: starts from it"), "\(finished.errors)")
      #expect(finished.errors.contains("resuming after step 3"), "\(finished.errors)")
      _ = try Lockstep.train(Self.words(recipe) + ["--run", "whole"], ranks: 1, in: folder)
      #expect(
        try Lockstep.inspect("run", in: folder).hashes == Lockstep.inspect("whole", in: folder).hashes)
      #expect(try folder.loggedSteps("run") == (recipe == "vae" ? [12] : Array(1...12)))
      #expect(!folder.has("run/checkpoints/attempts"), "what got on is not counted")
    }

    @Test(
      "one whose next steps are all skipped is passed over at the second start, and nothing is made of it")
    func skipped() throws {
      let folder = try Folder()
      let words = ["watch.nonFinite=skip", "watch.skips=4"]
      _ = try Lockstep.train(Self.words("dcgan", steps: 6) + words + ["--run", "run"], ranks: 1, in: folder)
      try poison(6, in: folder)
      let arguments = Self.words("dcgan") + ["--run", "run", "--resume"]
      let first = try Lockstep.train(arguments, ranks: 1, in: folder)
      #expect(first.status == 79 && first.errors.contains("resuming after step 6"), "\(first.errors)")
      #expect(try folder.checkpoints("run") == ["step-00000003", "step-00000006"])
      let second = try Lockstep.train(arguments, ranks: 1, in: folder)
      #expect(second.status == 0 && second.errors.contains("resuming after step 3"), "\(second.errors)")
      _ = try Lockstep.train(Self.words("dcgan") + words + ["--run", "whole"], ranks: 1, in: folder)
      #expect(
        try Lockstep.inspect("run", in: folder).hashes == Lockstep.inspect("whole", in: folder).hashes)
    }

    @Test("while updates are left out no checkpoint takes the place of those from before")
    func leftOut() throws {
      let folder = try Folder()
      let finished = try Lockstep.train(
        [
          "vae", "batch=16", "microBatches=4", "steps=60", "checkpoint.every=1", "log.every=1",
          "watch.nonFinite=skip", "watch.skips=5", "optimizer.autoencoder.learningRate=3", "--run", "run",
        ], ranks: 1, in: folder)
      #expect(finished.status == 79, "\(finished.errors)")
      #expect(finished.errors.contains("5 of at most 5 in a row"), "\(finished.errors)")
      #expect(try folder.checkpoints("run") == ["step-00000001", "step-00000002"], "\(finished.errors)")
    }

    @Test("where all checkpoints are poisonous, or weights not the manifest's, the run ends with one line")
    func noneLeft() throws {
      let folder = try trained()
      for step in [3, 6] { try poison(step, in: folder) }
      for _ in 0..<4 { #expect(try Lockstep.train(Self.arguments, ranks: 1, in: folder).status == 79) }
      let last = try Lockstep.train(Self.arguments, ranks: 1, in: folder)
      #expect(last.status == 65 && last.messages.count == 1, "\(last.errors)")
      #expect(last.messages.first?.contains("checkpoints/attempts") == true, "\(last.errors)")
      #expect(!last.errors.contains("resuming"), "\(last.errors)")
      // Saving it anew forgets the starts from it.
      try poison(6, in: folder, digest: SHA256.digest(of: "other weights"))
      let other = try Lockstep.train(Self.arguments, ranks: 1, in: folder)
      #expect(other.status == 65 && other.messages.count == 1, "\(other.errors)")
      #expect(other.errors.contains("the weights have SHA-256"), "\(other.errors)")
    }

    @Test("starts that fail over options or end in order are not counted")
    func notCounted() throws {
      let folder = try trained()
      for _ in 0..<3 {
        let refused = try Lockstep.train(["--run", "run", "--resume", "steps=5"], ranks: 1, in: folder)
        #expect(refused.status == 78, "\(refused.errors)")
        let finished = try Lockstep.train(["--run", "run", "--resume", "steps=6"], ranks: 1, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
        #expect(!folder.has("run/checkpoints/attempts"))
      }
      let finished = try Lockstep.train(Self.arguments, ranks: 1, in: folder)
      #expect(finished.errors.contains("resuming after step 6"), "\(finished.errors)")
    }
  }
}
