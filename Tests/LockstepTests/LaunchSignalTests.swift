import Foundation
import Testing

extension EndToEnd {
  /// What wishes to stop do to `lockstep launch`.
  @Suite(.enabled(if: MPIRun.isAvailable, "mpirun is absent"))
  struct LaunchSignalTests {
    @Test(
      "a wish to stop that comes before the ranks are there is kept, and ends with 75",
      arguments: [0, 60, 200])
    func earlySignal(milliseconds: UInt32) throws {
      let folder = try Folder()
      let run = folder.path + "/run"
      let words = ["launch", "-n", "2", "--oversubscribe", "train", "ring", "steps=1000000", "--run", run]
      let job = try Lockstep.start(words, in: folder)
      // Before the program has begun nobody can keep it.
      try #require(
        try job.wait { Processes.withWord(run).first.map { Processes.catches(SIGTERM, $0) } ?? false })
      usleep(1000 * milliseconds)
      job.signal(SIGTERM)
      let finished = try job.wait()
      #expect(finished.status == 75, "\(finished.errors)")
      #expect(Processes.withWord(run).isEmpty)
      if folder.has("run") { #expect(try Status(of: run).state == "stopped") }
    }

    @Test("a wish to stop reaches the ranks also where nobody takes what launch writes")
    func heldErrors() throws {
      let folder = try Folder()
      try folder.writeScript(
        """
        trap 'exit 75' USR1
        echo 'model: m' >&2
        : > begun
        while :; do sleep 0.1; done
        """, "mpirun")
      let job = try Job(
        [
          "/bin/sh", "-c",
          """
          mkfifo held
          exec 3<> held
          timeout 1 cat /dev/zero >&3
          export PATH="$PWD:$PATH"
          exec '\(Lockstep.path!)' launch -n 1 train ring --run run 2>&3 3>&-
          """,
        ], in: folder, seconds: 60)
      try #require(try job.wait { folder.has("begun") })
      usleep(500_000)
      job.signal(SIGTERM)
      #expect(try job.wait().status == 75)
    }

    @Test("a second wish, which ends the ranks before they have saved, is how the run ended")
    func stoppedAtOnce() throws {
      let folder = try Folder()
      let job = try Lockstep.start(
        ["launch", "-n", "1", "train", "ring", "--run", "run"], in: folder, with: "mpirun",
        doing: """
          trap ': > told' USR1
          trap 'echo "lockstep: watchdog: rank 0 on a ended without a word" >&2; exit 69' TERM
          mkdir run && : > run/options.yaml
          echo '{"state":"running","step":7,"exit_code":null,"start":"'$LOCKSTEP_START'"}' > run/status.json
          echo 'model: m' >&2
          : > begun
          while :; do sleep 0.1; done
          """, seconds: 30)
      try #require(try job.wait { folder.has("begun") })
      // The launcher reads the line a little later.
      usleep(500_000)
      job.signal(SIGINT)
      try #require(try job.wait { folder.has("told") })
      // Sooner it would be the same wish.
      usleep(1_200_000)
      job.signal(SIGTERM)
      let finished = try job.wait()
      #expect(finished.status == 143)
      #expect(
        finished.messages == ["lockstep: stopped at once by signal 15; run again with --run run --resume"],
        "\(finished.errors)")
      let status = try Status(of: folder.path + "/run")
      #expect(status.state == "failed" && status.exitCode == 143)
      #expect(status.cause == "stopped at once by signal 15")
    }

    @Test("a second wish to stop ends an mpirun that does not heed the first")
    func secondWish() throws {
      let folder = try Folder()
      let job = try Lockstep.start(
        ["launch", "-n", "1", "bench", "ring"], in: folder, with: "mpirun",
        doing: "trap '' TERM; : > begun; exec sleep 60", seconds: 30)
      try #require(try job.wait { folder.has("begun") })
      job.signal(SIGINT)
      // Sooner it would be the same wish.
      usleep(1_500_000)
      job.signal(SIGINT)
      #expect(try job.wait().status == 130)
    }

    @Test("a start that is ended by two wishes leaves no daemon, and what tells of its end is not told")
    func endedStart() throws {
      let folder = try Folder()
      let job = try Lockstep.start(
        ["launch", "-n", "1", "train", "ring", "--run", "run"], in: folder, with: "mpirun",
        doing: "trap '' TERM; cp /bin/sleep orted; ./orted 60 & echo $! > daemon; wait; echo late >&2",
        seconds: 30)
      func daemon() -> pid_t? {
        (try? folder.bytes("daemon")).flatMap {
          pid_t(String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        }
      }
      try #require(try job.wait { daemon() != nil })
      job.signal(SIGINT)
      // Sooner it would be the same wish.
      usleep(1_500_000)
      job.signal(SIGINT)
      let finished = try job.wait()
      #expect(finished.status == 75 && !finished.errors.contains("late"), "\(finished.errors)")
      // One that nobody has asked after yet has no words any more.
      let words = FileManager.default.contents(atPath: "/proc/\(try #require(daemon()))/cmdline")
      #expect(words?.isEmpty != false)
    }
  }
}
