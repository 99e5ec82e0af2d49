import Foundation
import Testing

extension EndToEnd {
  /// `lockstep launch` on this host.
  @Suite(.enabled(if: MPIRun.isAvailable, "mpirun is absent"))
  struct LaunchTests {
    private static func words(_ run: String, _ more: [String] = []) -> [String] {
      ["launch", "-n", "2", "--oversubscribe"] + more + ["train", "dcgan"] + narrow + course(steps: 40)
        + ["--run", run]
    }

    @Test("a rank that is killed is replaced, and the weights are those of an undisturbed run")
    func killedRank() throws {
      let folder = try Folder()
      let run = folder.path + "/run"
      let job = try Lockstep.start(Self.words(run, ["--max-restarts", "1"]), in: folder)
      try #require(try job.wait { ((try? folder.loggedSteps("run").count) ?? 0) >= 4 })
      kill(try #require(Processes.withWord(run).last), SIGKILL)
      let finished = try job.wait()
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(finished.errors.contains("restart 1 of 1 with 2 ranks"), "\(finished.errors)")
      #expect(try Lockstep.inspect("run", in: folder).hashes == Reference.long())
      #expect(try folder.loggedSteps("run") == Array(1...40))
    }

    @Test(
      "on the launcher's terminal one line is overwritten, with other lines above it, and the last one stays")
    func terminal() throws {
      let folder = try Folder()
      let words = ["launch", "-n", "1", "train", "ring", "steps=30", "--run", folder.path + "/run"]
      let command = "stty cols 200; '\(Lockstep.path!)' \(words.joined(separator: " "))"
      let finished = try Job(["/usr/bin/script", "-qec", command, "/dev/null"], in: folder).wait()
      #expect(finished.status == 0, "\(finished)")
      // A terminal ends lines with both.
      let lines = finished.output.replacing("\r\n", with: "\n").split(separator: "\n").map(String.init)
      let live = lines.flatMap { $0.components(separatedBy: "\r\u{1B}[K") }
      #expect(live.count > lines.count && live.count { $0.contains("30/30") } >= 2, "\(lines)")
      #expect(lines.contains { $0.contains("run/checkpoints/step-00000030") }, "\(lines)")
      #expect(lines.last?.contains("30/30 steps") == true && !finished.output.contains("\u{1E}"), "\(lines)")
    }

    @Test("a program that was deployed anew meanwhile is what ranks are started again with")
    func replacedProgram() throws {
      let folder = try Folder()
      let (run, program) = (folder.path + "/run", folder.path + "/lockstep")
      try FileManager.default.copyItem(atPath: Lockstep.path!, toPath: program)
      let job = try Job([program] + Self.words(run, ["--max-restarts", "1"]), in: folder)
      try #require(try job.wait { ((try? folder.loggedSteps("run").count) ?? 0) >= 4 })
      // As cluster/deploy does it.
      try FileManager.default.copyItem(atPath: Lockstep.path!, toPath: program + ".new")
      #expect(rename(program + ".new", program) == 0)
      kill(try #require(Processes.withWord(run).last), SIGKILL)
      let finished = try job.wait()
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(finished.errors.contains("restart 1 of 1 with 2 ranks"), "\(finished.errors)")
    }

    @Test("without restarts left a killed rank ends the job with 69, named in status.json")
    func noRestarts() throws {
      let folder = try Folder()
      let run = folder.path + "/run"
      let job = try Lockstep.start(Self.words(run), in: folder)
      try #require(try job.wait { ((try? folder.loggedSteps("run").count) ?? 0) >= 4 })
      kill(try #require(Processes.withWord(run).last), SIGKILL)
      #expect(try job.wait().status == 69)
      let status = try Status(of: run)
      #expect(status.state == "failed" && status.exitCode == 69 && status.cause?.contains("rank") == true)
      #expect(Processes.withWord(run).isEmpty)
    }

    @Test("Ctrl-C saves on all ranks and ends with 75; the run goes on bit for bit")
    func interrupted() throws {
      let folder = try Folder()
      let run = folder.path + "/run"
      let job = try Lockstep.start(Self.words(run), in: folder)
      try #require(try job.wait { ((try? folder.loggedSteps("run").count) ?? 0) >= 2 })
      let processes = Processes.withWord(run)
      #expect(
        getsid(try #require(processes.first)) != getsid(try #require(processes.last)),
        "Ctrl-C in a terminal would reach mpirun, which kills its ranks")
      job.signal(SIGINT)
      let finished = try job.wait()
      #expect(finished.status == 75, "\(finished.errors)")
      #expect(try Status(of: run).state == "stopped")
      let resumed = try Lockstep.run(Self.words(run) + ["--resume"], in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(try Lockstep.inspect("run", in: folder).hashes == Reference.long())
    }

    @Test(
      "a stopped rank is named after stallTimeout, whichever it is, and no process is left",
      arguments: [0, 1])
    func stopped(rank: Int) throws {
      let folder = try Folder()
      let run = folder.path + "/run"
      let words =
        ["launch", "-n", "2", "--oversubscribe", "train", "dcgan"] + narrow
        + course(steps: 1_000_000) + ["stallTimeout=2", "--run", run]
      let job = try Lockstep.start(words, in: folder)
      try #require(try job.wait { ((try? folder.loggedSteps("run").count) ?? 0) >= 4 })
      // The launcher's process is the oldest, the ranks follow in order.
      kill(try #require(Processes.withWord(run).dropFirst(1 + rank).first), SIGSTOP)
      let finished = try job.wait()
      #expect(finished.status == 69, "\(finished.errors)")
      let named = finished.messages.contains {
        $0.contains("rank \(rank) on ") && $0.contains("gives no sign")
      }
      #expect(named, "\(finished.errors)")
      #expect(Processes.withWord(run).isEmpty)
    }

    @Test("an mpirun that does not end when the run has is ended, and the run is done")
    func hangingLauncher() throws {
      let folder = try Folder()
      let finished = try launch(
        ["dcgan"] + narrow + course(steps: 2), in: folder,
        by: """
          for word; do case $word in */lockstep) break ;; esac; shift; done
          "$@"
          exec sleep 600
          """)
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(try Status(of: folder.path + "/run").state == "done")
    }

    @Test(
      "a start whose ranks do not come is ended after stallTimeout, with what is left of it, and explained")
    func stuckStart() throws {
      let folder = try Folder()
      // A rank that is stopped before it has joined the others.
      let finished = try launch(
        ["ring", "stallTimeout=10"], in: folder,
        by: """
          cp /bin/sleep '\(folder.path)/lockstep'
          '\(folder.path)/lockstep' 600 &
          sleep 0.3
          kill -STOP $!
          wait
          """)
      #expect(finished.status == 69 && finished.messages.count == 1, "\(finished.errors)")
      #expect(
        finished.errors.contains("not all there after 10 s: a rank is stopped on "), "\(finished.errors)")
      #expect(Processes.withWord(folder.path + "/lockstep").isEmpty)
    }

    @Test(
      "what has begun is resumed, also unseen by the launcher; where that is refused, status.json tells it",
      arguments: [true, false])
    func refusedRestart(isSeen: Bool) throws {
      let folder = try Folder()
      let finished = try Lockstep.start(
        ["launch", "-n", "1", "--max-restarts", "2", "train", "ring", "--run", "run"], in: folder,
        with: "mpirun",
        doing: """
          case $* in *--resume) echo 'lockstep: the data are gone' >&2; exit 66 ;; esac
          echo 'model: m' >&2
          \(isSeen ? "" : "exit 69")
          mkdir run && : > run/options.yaml
          echo '{"state":"failed","step":7,"exit_code":69,"start":"'$LOCKSTEP_START'"}' > run/status.json
          exit 69
          """
      ).wait()
      let begin = "restart 1 of 2 with 1 rank\(isSeen ? ", after step 0" : "; this host does not see run")"
      #expect(finished.status == 66 && finished.errors.contains(begin), "\(finished.errors)")
      let status = isSeen ? try Status(of: folder.path + "/run") : nil
      #expect(!isSeen || status?.exitCode == 66 && status?.cause == "the data are gone")
    }

    @Test("of a cause that a watchdog has told the line of the restart does not tell again")
    func causeOnce() throws {
      let folder = try Folder()
      let cause = "rank 0 on a ended without a word"
      let finished = try Lockstep.start(
        ["launch", "-n", "1", "--max-restarts", "2", "train", "ring", "--run", "run"], in: folder,
        with: "mpirun",
        doing: """
          case $* in *--resume) exit 75 ;; esac
          echo 'model: m' >&2
          echo 'lockstep: watchdog: \(cause)' >&2
          mkdir run && : > run/options.yaml
          echo '{"state":"failed","step":7,"exit_code":69,"cause":"\(cause)","start":"'$LOCKSTEP_START'"}' \
            > run/status.json
          exit 69
          """
      ).wait()
      let restart = "lockstep: restart 1 of 2 with 1 rank, after step 0"
      #expect(finished.messages == ["lockstep: watchdog: \(cause)", restart], "\(finished.errors)")
    }

    @Test(
      "a launcher that cannot begin the next start says so in one line and in status.json, and how to go on")
    func failingLauncher() throws {
      let folder = try Folder()
      try folder.write(Array("localhost slots=1\n203.0.113.77 slots=1\n".utf8), "hosts")
      try folder.writeScript("exit 255", "ssh")
      try folder.writeScript(
        """
        mkdir run && : > run/options.yaml
        echo '{"state":"failed","step":7,"exit_code":69,"start":"'$LOCKSTEP_START'"}' > run/status.json
        echo 'model: m' >&2
        exit 69
        """, "mpirun")
      // It is to list the hosts that are left in a file.
      let finished = try Job(
        [
          "/bin/sh", "-c",
          "PATH=\"$PWD:$PATH\" TMPDIR=\"$PWD/none\" exec '\(Lockstep.path!)' launch -n 1 --hostfile hosts "
            + "--max-restarts 2 train ring --run run",
        ], in: folder
      ).wait()
      #expect(finished.status == 73 && finished.messages.count == 1, "\(finished.errors)")
      #expect(finished.errors.contains("run again with --run run --resume"), "\(finished.errors)")
      let status = try Status(of: folder.path + "/run")
      #expect(status.exitCode == 73 && status.cause?.contains("temporary folder") == true)
    }

    /// Launches one rank by an mpirun that is a shell script.
    private func launch(_ words: [String], in folder: Folder, by script: String) throws -> Finished {
      try Lockstep.start(
        ["launch", "-n", "1", "train"] + words + ["--run", "run"], in: folder, with: "mpirun", doing: script
      ).wait()
    }

    @Test("a job that is given up takes with it what it has started")
    func givenUp() throws {
      let folder = try Folder()
      let program = folder.path + "/lockstep"
      try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: program)
      var job: Job? = try Job(["/bin/sh", "-c", "'\(program)' 60 & wait"], in: folder)
      try #require(try job?.wait { !Processes.withWord(program).isEmpty } == true)
      job = nil
      for _ in 0..<1000 where !Processes.withWord(program).isEmpty { usleep(2000) }
      #expect(Processes.withWord(program).isEmpty)
    }

    @Test(
      "a start that is ended from outside does not count against its checkpoint, one that fails does",
      arguments: [("kill -9 $$", false), ("exit 1", true)])
    func attempts(script: String, isCounted: Bool) throws {
      let folder = try Folder()
      let began = try Lockstep.run(
        ["train", "ring", "steps=3", "samples.every=0", "--run", "run"], in: folder)
      #expect(began.status == 0, "\(began.errors)")
      // As a rank counts its start.
      try folder.write(Array("step-00000003 1\n".utf8), "run/checkpoints/attempts")
      #expect(try launch(["steps=6", "--resume"], in: folder, by: script).status == 69)
      #expect(folder.has("run/checkpoints/attempts") == isCounted)
    }

    @Test("a second launch of a run is refused and leaves the first one and its status alone")
    func secondLaunch() throws {
      let folder = try Folder()
      let run = folder.path + "/run"
      let words = { ["launch", "-n", "1"] + $0 + ["train", "ring", "steps=1000000", "--run", run] }
      let job = try Lockstep.start(words(["--max-restarts", "1"]), in: folder)
      try #require(try job.wait { (try? Status(of: run).state) == "running" })
      let first = try folder.bytes("run/status.json")
      let refused = try Lockstep.run(words([]) + ["--resume"], in: folder)
      #expect(refused.status == 73 && refused.errors.contains("in use by"), "\(refused.errors)")
      #expect(try Status(of: run).state == "running" && Status(of: run).exitCode == nil)
      #expect(
        try folder.bytes("run/status.json").suffix(40) == first.suffix(40), "it is marked with its start")
      job.signal(SIGTERM)
      #expect(try job.wait().status == 75)
    }

    @Test(
      "a start that is refused says nothing of a run that had ended; a benchmark that is stopped is no lost rank"
    )
    func refusedStart() throws {
      let folder = try Folder()
      let run = folder.path + "/run"
      let words = ["launch", "-n", "1", "train", "ring", "steps=2", "samples.every=0", "--run", run]
      #expect(try Lockstep.run(words, in: folder).status == 0)
      #expect(try Lockstep.run(words, in: folder).status == 73)
      #expect(try Status(of: run).state == "done")

      let mark = "seed=\(getpid())"
      let job = try Lockstep.start(
        ["launch", "-n", "2", "--oversubscribe", "bench", "ring", "steps=1000000", mark], in: folder)
      try #require(try job.wait { Processes.withWord(mark).count > 2 })
      job.signal(SIGINT)
      let stopped = try job.wait()
      #expect(stopped.status == 130 && !stopped.errors.contains("--resume"), "\(stopped.errors)")
    }

    @Test("what is wrong with the run itself is not tried again")
    func notRestarted() throws {
      let folder = try Folder()
      let finished = try Lockstep.run(
        ["launch", "-n", "1", "--max-restarts", "3", "train", "dcgan", "batch=7", "--run", "run"], in: folder)
      #expect(finished.status == 78, "\(finished.errors)")
      #expect(!finished.errors.contains("restart"))
    }

    @Test("--dry-run prints the command and makes nothing; a bad hostfile is refused with line and column")
    func dryRun() throws {
      let folder = try Folder()
      let dry = try Job(
        ["/usr/bin/env", "-u", "OPENBLAS_NUM_THREADS", "LOCKSTEP_KERNELS=baseline", Lockstep.path!]
          + ["launch", "-n", "3", "--oversubscribe", "--dry-run", "train", "dcgan"], in: folder
      ).wait()
      #expect(dry.status == 0 && dry.output.hasPrefix("mpirun -n 3 --oversubscribe "), "\(dry.errors)")
      for variable in ["LOCKSTEP_KERNELS", "OPENBLAS_NUM_THREADS=1"] {
        #expect(dry.output.contains(" -x \(variable) "), "what other hosts must have too: \(dry.output)")
      }
      #expect(!folder.has("runs"))
      try folder.write(Array("localhost slot=1\n".utf8), "hosts")
      let bad = try Lockstep.run(["launch", "-n", "1", "--hostfile", "hosts", "train", "dcgan"], in: folder)
      #expect(bad.status == 78)
      #expect(bad.messages == ["lockstep: hosts:1:11: 'slot' is no key of a hostfile; did you mean slots=1?"])
      try folder.write(Array("localhost slots=2\n".utf8), "hosts")
      let many = try Lockstep.run(["launch", "-n", "3", "--hostfile", "hosts", "train", "dcgan"], in: folder)
      #expect(many.status == 78 && many.errors.contains("3 ranks on 2 slots"), "\(many.errors)")
    }
  }
}
