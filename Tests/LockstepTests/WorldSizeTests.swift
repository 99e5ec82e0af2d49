import Testing

extension EndToEnd {
  /// The central promise.
  @Suite(.enabled(if: MPIRun.isAvailable, "mpirun is absent"))
  struct WorldSizeTests {
    @Test(
      "1, 2, 3, 4 and 8 ranks end with the same weights and state", arguments: ["dcgan", "dcgan64"],
      [2, 3, 4, 8])
    func ranks(recipe: String, ranks: Int) throws {
      let folder = try Folder()
      let arguments = [recipe] + narrow + course() + ["--run", "run"]
      let finished = try Lockstep.train(arguments, ranks: ranks, in: folder)
      #expect(finished.status == 0, "\(finished.errors)")
      let inspected = try Lockstep.inspect("run", in: folder)
      #expect(try inspected.hashes == Reference.narrow(recipe))
      #expect(inspected.worldSizeWritten == ranks)
    }

    @Test("hiding communication and the number of threads do not change a bit", arguments: [1, 2, 3])
    func execution(ranks: Int) throws {
      let folder = try Folder()
      let arguments = ["dcgan"] + narrow + course(threads: ranks) + ["overlap=false", "--run", "run"]
      let finished = try Lockstep.train(arguments, ranks: ranks, in: folder)
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(try Lockstep.inspect("run", in: folder).hashes == Reference.narrow("dcgan"))
    }

    @Test(
      "two steps of the recipe's own widths are the same on 1 and 2 ranks", arguments: ["dcgan", "dcgan64"])
    func fullWidth(recipe: String) throws {
      let folder = try Folder()
      for ranks in [1, 2] {
        let arguments = [
          recipe, "steps=2", "batch=16", "threads=2", "samples.count=1", "--run", "run\(ranks)",
        ]
        let finished = try Lockstep.train(arguments, ranks: ranks, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
      }
      #expect(try Lockstep.inspect("run1", in: folder).hashes == Lockstep.inspect("run2", in: folder).hashes)
    }
  }
}
