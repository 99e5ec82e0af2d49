import Foundation
import TensorCore
import Testing

extension EndToEnd {
  /// Ranks that are not what they must be: found before the first step, and named.
  @Suite(.enabled(if: MPIRun.isAvailable, "mpirun is absent"))
  struct DisagreementTests {
    @Test("a rank whose data differ is named")
    func data() throws {
      let folder = try Folder()
      try Fixtures.images(16, in: folder, "a/images")
      try Fixtures.images(16, in: folder, "b/images")
      try folder.write(Fixtures.jpeg, "b/images/7.jpg")
      try folder.write(Fixtures.jpeg, "b/images/8.jpg")
      let words = [
        Lockstep.path!, "train", "dcgan", "data=images", "batch=16", "steps=1", "--run", "\(folder.path)/run",
      ]
      let job = try MPIRun.start(
        [
          .init(ranks: 1, words: words, workingFolder: folder.path + "/a"),
          .init(ranks: 1, words: words, workingFolder: folder.path + "/b"),
        ], in: folder)
      try check(try job.wait(), "the data of rank 1", folder)
    }

    @Test("a rank that measures samples against other data is named, and nothing is printed")
    func evaluation() throws {
      let folder = try Folder()
      try Fixtures.images(16, in: folder, "a/images")
      try Fixtures.images(17, in: folder, "b/images")
      let run = "\(folder.path)/run"
      let trained = try Lockstep.train(
        ["dcgan"] + narrow + ["data=a/images", "steps=1", "samples.count=1", "--run", run], ranks: 1,
        in: folder)
      #expect(trained.status == 0, "\(trained.errors)")
      let words = [Lockstep.path!, "evaluate", run, "data=images", "quality.samples=64"]
      let job = try MPIRun.start(
        ["a", "b"].map { .init(ranks: 1, words: words, workingFolder: "\(folder.path)/\($0)") }, in: folder)
      let finished = try job.wait()
      #expect(finished.status == 76, "\(finished.errors)")
      #expect(
        finished.messages.count == 1 && finished.messages[0].contains("the data of rank 1"),
        "\(finished.errors)")
      #expect(finished.output.isEmpty)
    }

    @Test("a rank with another program is named")
    func program() throws {
      let folder = try Folder()
      try FileManager.default.copyItem(atPath: Lockstep.path!, toPath: folder.path + "/lockstep")
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path + "/lockstep"))
      try file.seekToEnd()
      try file.write(contentsOf: Data([0]))
      try file.close()
      let arguments = ["train", "dcgan", "steps=1", "--run", "\(folder.path)/run"]
      let job = try MPIRun.start(
        [
          .init(ranks: 2, words: [Lockstep.path!] + arguments),
          .init(ranks: 1, words: [folder.path + "/lockstep"] + arguments),
        ], in: folder)
      try check(try job.wait(), "the program of rank 2", folder)
    }

    @Test("a rank with other words is named, also where it was to do something else")
    func commandLine() throws {
      let folder = try Folder()
      let words = [Lockstep.path!, "train", "dcgan", "steps=1", "--run", "\(folder.path)/run"]
      let job = try MPIRun.start(
        [
          .init(ranks: 1, words: words), .init(ranks: 1, words: words + ["seed=5"]),
          .init(ranks: 1, words: [Lockstep.path!, "evaluate", "run"]),
        ], in: folder)
      try check(try job.wait(), "the command line of rank 1 on ", folder)
    }

    @Test(
      "ranks whose kernels are of other instruction sets work together, and give the bits of one that is alone",
      .enabled(if: CPUFeatures.current.supportsWide, "no AVX-512"))
    func kernels() throws {
      let folder = try Folder()
      let arguments = ["train", "sngan", "batch=16", "microBatches=4", "steps=2"]
      #expect(
        try Lockstep.train(Array(arguments.dropFirst()) + ["--run", "one"], ranks: 1, in: folder).status == 0)
      let job = try MPIRun.start(
        ["baseline", "wide"].map { set in
          .init(
            ranks: 1,
            words: ["/usr/bin/env", "LOCKSTEP_KERNELS=\(set)", Lockstep.path!] + arguments + ["--run", "two"])
        }, in: folder)
      let finished = try job.wait()
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(finished.errors.contains("kernels baseline"), "rank 0 has the kernels that it was told to have")
      #expect(
        try Lockstep.inspect("one", in: folder).hashes == Lockstep.inspect("two", in: folder).hashes)
    }

    @Test("a rank that is asked for kernels that there are not says so itself, with its rank")
    func otherKernels() throws {
      let folder = try Folder()
      let words = [Lockstep.path!, "train", "ring", "steps=1", "--run", "\(folder.path)/run"]
      let job = try MPIRun.start(
        [
          .init(ranks: 1, words: words),
          .init(ranks: 1, words: ["/usr/bin/env", "LOCKSTEP_KERNELS=none"] + words),
        ], in: folder)
      let finished = try job.wait()
      #expect(finished.status == 78, "\(finished.errors)")
      #expect(
        finished.messages.count == 1
          && finished.messages[0].contains("LOCKSTEP_KERNELS is 'none'; use baseline or wide [rank 1 on "),
        "\(finished.errors)")
    }

    private func check(_ finished: Finished, _ subject: String, _ folder: Folder) throws {
      #expect(finished.status == 76, "\(finished.errors)")
      #expect(finished.messages.count == 1 && finished.messages[0].contains(subject), "\(finished.errors)")
      #expect(Processes.withWord("\(folder.path)/run").isEmpty)
      #expect(!folder.has("run"), "nothing is written before the ranks agree")
    }
  }
}
