import Testing

extension EndToEnd {
  /// Command lines and recipes that are refused before anything is written.
  struct BadConfigurationTests {
    /// A command line after `lockstep train`.
    struct Case: CustomTestStringConvertible, Sendable {
      let arguments: [String]
      let status: Int32
      /// What the message has to say.
      let said: String

      init(_ arguments: String..., status: Int32 = 78, said: String) {
        self.arguments = arguments
        self.status = status
        self.said = said
      }

      var testDescription: String { arguments.joined(separator: " ") }
    }

    static let cases = [
      Case("dcgn", said: "did you mean dcgan?"),
      Case("missing.yaml", status: 66, said: "missing.yaml"),
      Case("dcgan", "stesp=4", said: "did you mean steps?"),
      Case("dcgan", "steps=many", said: "steps=many (command line) is not a whole number; give"),
      Case("dcgan", "steps=1e99", said: "steps"),
      Case("dcgan", "steps=-1", said: "steps"),
      Case("dcgan", "optimizer.generator.learningRate=nan", said: "optimizer.generator.learningRate"),
      Case("dcgan", "batch=20", said: "batch"),
      Case("dcgan", "batch=18446744073709551616", said: "batch"),
      Case("dcgan", "batch=1000000", said: "batch=1000000 is more than the 60000 samples"),
      Case("dcgan", "model.generatorFeatures=4096", "model.latent=65536", said: "need at least"),
      Case("dcgan", "microBatches=3", said: "microBatches"),
      Case("dcgan", "threads=0", said: "threads"),
      Case("dcgan", "size=33", said: "size=33 (command line) is not one of the choices"),
      Case("dcgan", "--steps", "20", status: 64, said: "write steps=20 instead of --steps 20"),
      Case("dcgan", "--batch=20", status: 64, said: "write batch=20 instead of --batch=20"),
      Case("dcgan", "r1.weight=0,5", said: "has a comma where numbers have a point"),
      Case("dcgan", "resume=run", said: "it is an option of `lockstep train`: --resume"),
      Case("wgan", said: "did you mean wgan-gp?"),
      Case("dcgan", "–trace", status: 64, said: "–trace begins with a long dash; write --trace"),
      Case("dcgan", "-trace", status: 64, said: "-trace has one dash; write --trace"),
      Case("dcgan", "-steps=20", status: 64, said: "write steps=20 instead of -steps=20"),
      Case("dcgan", "--micro-batches", "4", "steps=2", status: 64, said: "write microBatches=4 instead of"),
    ]

    @Test("a wrong command line is refused in one line, and no run folder is made", arguments: cases)
    func refused(bad: Case) throws {
      let folder = try Folder()
      let finished = try Lockstep.train(bad.arguments + ["--run", "run"], ranks: 1, in: folder)
      check(bad, finished)
      #expect(!folder.has("run"))
    }

    @Test("a command that there is not is told with the nearest one, or with all of them")
    func unknownCommand() throws {
      for (word, said) in [
        ("tain", "there is no command tain; did you mean train?"),
        ("Inspcet", "did you mean inspect?"),
        ("run/1", "there is no command run/1; the commands are train, "),
      ] {
        check(Case(status: 64, said: said), try Lockstep.run([word, "dcgan"], in: Folder()))
      }
    }

    @Test("a run that is meant to go on is told how")
    func resumed() throws {
      let folder = try Folder()
      #expect(try Lockstep.train(["ring", "steps=1", "--run", "run"], ranks: 1, in: folder).status == 0)
      for (words, said) in [
        (["--run", "run"], "add --resume to go on with it"),
        (["--resume", "run"], "write --run run --resume"),
        (["dcgan", "--resume", "none"], "write --run none --resume"),
      ] {
        let refused = try Lockstep.run(["train"] + words, in: folder)
        #expect(refused.status == 64 && refused.errors.contains(said), "\(refused.errors)")
      }
    }

    @Test("a word that stands alone is told where it belongs, and other errors are not hidden")
    func stray() throws {
      for (words, said) in [
        (["train", "dcgan", "steps=", "20"], "write steps=20"),
        (["bench", "dcgan", "steps=", "20"], "there is a space behind steps=; write steps=20"),
        (["plan", "dcgan", "batch=", "64"], "write batch=64"),
        (["evaluate", "run", "data=", "mnist"], "write data=mnist"),
        (["sample", "run", "model.guidance=", "3"], "write model.guidance=3"),
        (["launch", "-n", "2", "train", "dcgan", "steps=", "20"], "write steps=20"),
        (["train", "dcgan", "data=my", "photos"], "write 'data=my photos'"),
        (["train", "steps=20", "dcgan"], "The recipe comes first"),
        (["train", "dcgan", "--run", "bad\u{FFFD}"], "is no UTF-8"),
        (["train", "--resume", "dcgan", "--bogus"], "Unknown option '--bogus'"),
        (["launch", "-np", "2", "train", "dcgan"], "-np is mpirun's; write -n"),
        (["bench", "vae", "–runs", "3"], "write --runs"),
        (["sample", "run", "-count", "3"], "write --count"),
        (["sample", "run", "--model.guidance", "3"], "write model.guidance=3 instead of --model.guidance 3"),
        (["sample", "run", "--seed", "none"], "is invalid for '--seed"),
        (["plan", "ring", "--beside", "1", "--calibration", "plan.json"], "leave out --beside"),
        (["plan", "ring", "--beside", "1", "threads=2"], "leave out --beside"),
        (["bench", "gem"], "bench times no gem; did you mean gemm? Give gemm, conv, allreduce, checkpoint,"),
        (["bench", "ring", "--writers", "1"], "--writers is for bench checkpoint"),
        (
          ["launch", "-n", "2", "export", "run"], "launch starts train, evaluate, bench or doctor, not export"
        ),
        (["evaluate", "run", "data=a", "other", "--bogus"], "Unknown option '--bogus'"),
        (["train", "--trce"], "Did you mean '--trace'?"),
        (["train", "ring", "steps=1", "--runs", "r"], "Did you mean '--run'?"),
        (["train", "ring", "r"], "'r' is no key=value word"),
        (["train", "--from", "run", "dcgan", "--dry-run"], "leave out dcgan and --dry-run"),
        (["data", "pack", "pottery", "--output", "x", "--count", "-3"], "--count takes no negative number"),
        (["help", "trian"], "did you mean train?"),
        (["help", "data", "inof"], "there is no command data inof; did you mean data info?"),
        (["data", "inof", "x"], "there is no command data inof; did you mean data info?"),
        (["help", "data", "wash"], "the commands are info, check and pack, and `lockstep data --help`"),
      ] {
        let refused = try Lockstep.run(words, in: Folder())
        #expect(refused.status == 64 && refused.errors.contains(said), "\(refused.errors)")
      }
    }

    @Test(
      "of two ranks one speaks", .enabled(if: MPIRun.isAvailable, "mpirun is absent"),
      arguments: [cases[0], cases[2], cases[7]])
    func refusedTogether(bad: Case) throws {
      let folder = try Folder()
      check(bad, try Lockstep.train(bad.arguments + ["--run", "run"], ranks: 2, in: folder))
      #expect(!folder.has("run"))
    }

    @Test("more ranks than a Slurm job has slots are refused, and so many are not")
    func tooManyForSlurm() throws {
      let folder = try Folder()
      for (ranks, status) in [("4", 0), ("5", 78)] {
        let finished = try Job(
          [
            "/usr/bin/env", "SLURM_JOB_ID=7", "SLURM_TASKS_PER_NODE=1(x2),2", Lockstep.path!, "launch", "-n",
            ranks, "--dry-run", "train", "dcgan",
          ], in: folder
        ).wait()
        #expect(finished.status == status, "\(finished.errors)")
        #expect(status == 0 || finished.errors.contains("4 slots of the Slurm job; ask for -n 4"))
      }
    }

    @Test(
      "of tasks that srun started without PMI the first is diagnosed, with what to do, and the others are silent"
    )
    func doctorWithoutPMI() throws {
      let folder = try Folder()
      for rank in ["0", "1"] {
        let finished = try Job(
          [
            "/usr/bin/env", "SLURM_STEP_NUM_TASKS=2", "SLURM_PROCID=\(rank)", Lockstep.path!, "doctor",
            "--run", "run",
          ], in: folder
        ).wait()
        #expect(finished.status == 78, "\(finished)")
        #expect(finished.output.contains("srun --mpi=pmix") == (rank == "0"), "\(finished)")
        #expect(rank == "0" || finished.output.isEmpty && finished.errors.isEmpty, "\(finished)")
      }
    }

    @Test("the doctor finds a folder for temporary files that is missing on this host, and how to make it")
    func doctorWithoutTemporaryFolder() throws {
      let folder = try Folder()
      let place = folder.path + "/none"
      // The next variable that Open MPI looks at is not the one in use.
      let finished = try Job(
        ["/usr/bin/env", "TMPDIR=\(place)", "TEMP=/tmp", Lockstep.path!, "doctor", "--run", "run"], in: folder
      ).wait()
      #expect(finished.status == 78, "\(finished)")
      #expect(
        finished.output.contains("\(place) is not there") && finished.output.contains("mkdir -p \(place)"),
        "\(finished)")
    }

    @Test("more ranks than micro-batches are refused", .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func tooManyRanks() throws {
      let folder = try Folder()
      let finished = try Lockstep.train(["dcgan", "microBatches=2", "--run", "run"], ranks: 3, in: folder)
      check(Case(said: "3 ranks for microBatches=2"), finished)
      #expect(!folder.has("run"))
    }

    @Test("a mistake in a recipe file is named with its line")
    func recipeFile() throws {
      let folder = try Folder()
      try folder.write(Array("model:\n  family: dcgan\nsteps: 4\nbacth: 16\n".utf8), "mine.yaml")
      let finished = try Lockstep.train(["mine.yaml", "--run", "run"], ranks: 1, in: folder)
      check(Case(said: "mine.yaml:4:1"), finished)
      for (text, said) in [
        ("model:\n\tfamily: dcgan\n", "indent with spaces"),
        ("model:\n  family: dcgan\nsteps=4\nbatch: 16\n", "or in the line before"),
      ] {
        try folder.write(Array(text.utf8), "yours.yaml")
        check(Case(said: said), try Lockstep.train(["yours.yaml", "--run", "run"], ranks: 1, in: folder))
      }
    }

    @Test("a folder that cannot be written is named with the user")
    func readOnly() throws {
      let finished = try Lockstep.train(["dcgan", "--run", "/proc/lockstep"], ranks: 1, in: Folder())
      check(Case(status: 73, said: "/proc/lockstep, uid"), finished)
    }

    @Test("a run folder that is taken, or is of another recipe, stays as it was")
    func occupied() throws {
      let folder = try Folder()
      let arguments = narrow + ["steps=1", "samples.count=1", "--run", "run"]
      #expect(try Lockstep.train(["dcgan"] + arguments, ranks: 1, in: folder).status == 0)
      let before = try folder.contents(of: "run")
      check(
        Case(status: 73, said: "holds a run of recipe dcgan at step 1"),
        try Lockstep.train(["dcgan"] + arguments, ranks: 1, in: folder))
      check(
        Case(said: "the run is of recipe dcgan, not dcgan64"),
        try Lockstep.train(["dcgan64", "--run", "run", "--resume"], ranks: 1, in: folder))
      check(
        Case(said: "batch"),
        try Lockstep.train(["batch=24", "--run", "run", "--resume"], ranks: 1, in: folder))
      #expect(try folder.contents(of: "run") == before)
    }

    private func check(_ bad: Case, _ finished: Finished) {
      #expect(finished.status == bad.status, "\(finished.errors)")
      #expect(finished.messages.count == 1 && finished.messages[0].contains(bad.said), "\(finished.errors)")
    }
  }
}
