import Cluster
import Glibc
import Platform
import TestSupport
import Testing
import Training

@Suite("What lockstep launch makes of mpirun")
struct LaunchTests {
  @Test("the command has what makes a run safe, and nothing that was not asked for")
  func command() {
    var command = LaunchCommand(ranks: 4, program: ["/opt/lockstep", "train", "dcgan", "data=a b"])
    #expect(
      !command.words.contains { ["--oversubscribe", "--allow-run-as-root", "--hostfile"].contains($0) })
    #expect(
      command.text.hasPrefix(
        "mpirun -n 4 --bind-to none --mca oob_tcp_keepalive_time 2 --mca oob_tcp_keepalive_intvl 1 "
          + "--mca oob_tcp_keepalive_probes 7 "))
    #expect(command.text.hasSuffix(" /opt/lockstep train dcgan 'data=a b'"))
    command.countsHardwareThreads = true
    #expect(command.words.contains("--use-hwthread-cpus"))
    command.countsHardwareThreads = false
    command.hostfile = "hosts"
    command.oversubscribes = true
    command.isRoot = true
    command.variables = ["OPENBLAS_NUM_THREADS=1"]
    #expect(
      command.text.hasPrefix(
        "mpirun -n 4 --hostfile hosts --oversubscribe --allow-run-as-root --bind-to none"))
    #expect(command.text.contains("-x OPENBLAS_NUM_THREADS=1 /opt/lockstep"))
  }

  @Test("the run folder's word goes before mpirun's exit code")
  func outcome() {
    func status(_ state: RunStatus.State, _ exit: Platform.ExitStatus?) -> RunStatus {
      RunStatus(state, step: 7, exitStatus: exit, cause: exit.map { "\($0)" })
    }
    let lost = LaunchOutcome(code: 205, status: status(.failed, .peerLost), noticed: .stuck("x"))
    #expect(lost.code == 69 && lost.cause == "peerLost" && lost.isRestartable)
    let wrong = LaunchOutcome(code: 1, status: status(.failed, .badData), noticed: nil)
    #expect(wrong.code == 65 && !wrong.isRestartable)
    let killed = LaunchOutcome(code: 137, status: status(.running, nil), noticed: .stuck("rank 1 on node2 …"))
    #expect(killed.code == 69 && killed.cause == "rank 1 on node2 …")
    // mpirun ends what is left of a lost host's job with SIGTERM, on which ranks save and stop.
    let ended = LaunchOutcome(code: 205, status: status(.stopped, .stopped), noticed: .hostLost("node2"))
    #expect(ended.code == 69 && ended.cause == "node2 is lost to mpirun" && ended.isRestartable)
    // Rank 0 saved, and another one that does not see the folder missed it.
    let saved = LaunchOutcome(code: 75, status: status(.stopped, .stopped), noticed: nil, judged: "x")
    #expect(saved.code == 75)
    // The watchdog has ended the daemon of a host that is there.
    let judged = LaunchOutcome(
      code: 137, status: nil, noticed: .hostLost("node2"), judged: "node1 has not answered")
    #expect(judged.code == 69 && judged.cause == "node1 has not answered")
    let wished = LaunchOutcome(
      code: 205, status: status(.stopped, .stopped), noticed: .hostLost("node2"), isStopWished: true)
    #expect(wished.code == 75 && !wished.isRestartable)
    #expect(LaunchOutcome(code: 75, status: status(.stopped, .stopped), noticed: nil).code == 75)
    #expect(LaunchOutcome(code: 78, status: nil, noticed: nil).code == 78)
    #expect(LaunchOutcome(code: 75, status: nil, noticed: nil).isRestartable == false)
    #expect(LaunchOutcome(code: 0, status: nil, noticed: nil).code == 0)
    #expect(LaunchOutcome(code: 255, status: nil, noticed: nil).isRestartable)
    // mpirun's own: no slots, a daemon that does not start.
    #expect(LaunchOutcome(code: 1, status: nil, noticed: nil).isRestartable)
    let absent = LaunchOutcome(code: 127, status: nil, noticed: nil)
    #expect(absent.code == 78 && absent.cause?.contains("cannot start the program") == true)
  }

  @Test("a rank that was killed and a host that was lost came from outside, a rank that crashed did not")
  func outside() {
    func isFromOutside(
      _ notice: LaunchNotice?, judged: String? = nil, code: Int32 = 137, cause: String? = nil
    ) -> Bool {
      let status = cause.map { RunStatus(.failed, step: 7, exitStatus: .peerLost, cause: $0) }
      return LaunchOutcome(code: code, status: status, noticed: notice, judged: judged).isFromOutside
    }
    func ended(by signal: String) -> LaunchNotice { .rankEnded(rank: "1", host: "node2", signal: signal) }
    #expect(isFromOutside(ended(by: "9")) && isFromOutside(ended(by: "15")))
    #expect(isFromOutside(.hostLost("node2")))
    #expect(!isFromOutside(ended(by: "11")) && !isFromOutside(.stuck("x"), code: 1))
    #expect(!isFromOutside(.hostLost("node2"), code: 65))
    // mpirun itself, by the same signals.
    #expect(isFromOutside(nil, code: 137) && isFromOutside(nil, code: 143) && !isFromOutside(nil, code: 139))
    let lost = WatchReport(hosts: ["node1", "node2"]).lost([1: .unreachable], places: [:])
    #expect(isFromOutside(nil, code: 205, cause: lost))
    #expect(!isFromOutside(nil, code: 205, cause: "rank 1 on node2 ended without a word"))
    // Watchdogs tell that a rank is gone before mpirun tells how.
    let gone = WatchReport(hosts: ["node1", "node2"]).lost([1: .ended], places: [:])
    #expect(isFromOutside(ended(by: "9"), judged: gone, cause: gone))
    #expect(!isFromOutside(ended(by: "11"), judged: gone, cause: gone))
    // An mpirun that does not end after a watchdog's verdict is killed.
    #expect(isFromOutside(nil, judged: lost) && isFromOutside(nil, judged: gone))
    #expect(!isFromOutside(nil, judged: "no progress for 300 s"))
  }

  @Test("a host that hangs a start is at fault, with ranks or without; one without ranks to take is not")
  func sweep() {
    func sweep(_ answers: String?..., ranked: Int) -> StartSweep {
      // From a block for documentation (RFC 5737).
      let hosts = ["203.0.113.1", "203.0.113.2"]
      return StartSweep(
        zip(hosts, answers).map { ($0, $1) }, ranked: Array(hosts.prefix(ranked)))
    }
    let up = "daemon 2\nrank S\n"
    for ranked in 1...2 {
      let hanging = sweep(up, "daemon 0\n", ranked: ranked)
      #expect(hanging.faulty == ["203.0.113.2"])
      #expect(hanging.text == "mpirun's daemon does not come up on 203.0.113.2")
      #expect(sweep(up, nil, ranked: ranked).text == "there is no answer from 203.0.113.2")
      #expect(sweep("daemon 2\nrank T\n", "daemon 0\n", ranked: ranked).faulty == ["203.0.113.1"])
      #expect(sweep("daemon 2\n", "daemon 2\n", ranked: ranked).text == "mpirun has started none")
    }
    #expect(sweep(up, "daemon 2\n", ranked: 1).faulty == [])
    #expect(sweep(up, "daemon 2\n", ranked: 1).text == "they run, and do not find each other")
    #expect(sweep(up, "daemon 2\n", ranked: 2).text == "no rank has begun on 203.0.113.2")
  }

  @Test("a status is replaced by one of its own start alone")
  func startMarks() throws {
    let scratch = TemporaryFolder()
    func status(_ state: RunStatus.State, of start: String) -> RunStatus {
      RunStatus(state, step: 3, start: start)
    }
    status(.running, of: "b").write(in: scratch.path)
    status(.failed, of: "a").writeOverOwn(in: scratch.path)
    #expect(RunStatus.read(in: scratch.path)?.state == .running)
    status(.stopped, of: "b").writeOverOwn(in: scratch.path)
    #expect(RunStatus.read(in: scratch.path)?.state == .stopped)
    #expect(RunStatus.read(in: scratch.path)?.start == "b")
    // One that is not there, or cut short, is written again.
    unlink(scratch.path + "/status.json")
    status(.running, of: "b").writeOverOwn(in: scratch.path)
    #expect(RunStatus.read(in: scratch.path)?.state == .running)
    // A rank that nobody waits for does not take an end back; one that saves says so.
    RunStatus(.failed, step: 3, exitStatus: .peerLost, start: "b").write(in: scratch.path)
    status(.running, of: "b").writeOverOwn(in: scratch.path)
    #expect(RunStatus.read(in: scratch.path)?.state == .failed)
    status(.stopped, of: "b").writeOverOwn(in: scratch.path)
    #expect(RunStatus.read(in: scratch.path)?.state == .stopped)
  }

  @Test("what a rank has said is the cause where nobody else knows one, of a failure alone")
  func said() {
    func cause(_ code: Int32, _ status: RunStatus? = nil) -> String? {
      LaunchOutcome(code: code, status: status, noticed: nil, said: "no such file, x").cause
    }
    #expect(cause(66) == "no such file, x" && cause(0) == nil && cause(75) == nil)
    #expect(cause(1, RunStatus(.failed, step: 0, exitStatus: .badData)) == "no such file, x")
    #expect(cause(1, RunStatus(.failed, step: 0, exitStatus: .badData, cause: "y")) == "y")
  }

  @Test("mpirun's own words name the rank, the host and the signal, a watchdog's the cause")
  func notices() {
    let crash =
      "mpirun noticed that process rank 3 with PID 122 on node node2 exited on signal 11 (Segmentation fault)."
    #expect(LaunchNotice(line: crash) == .rankEnded(rank: "3", host: "node2", signal: "11"))
    #expect(LaunchNotice(line: crash)?.text.hasPrefix("rank 3 on node2 was ended by signal 11") == true)
    let host = LaunchNotice(line: "  Remote daemon: [[19323,0],1] on node node2")
    #expect(host == .hostLost("node2") && host?.text == "node2 is lost to mpirun")
    let unbegun = LaunchNotice(
      line: "[node2:00028] Local abort before MPI_INIT completed completed successfully, but am not able to …"
    )
    #expect(unbegun == .notBegun(host: "node2") && unbegun?.text.contains("node2") == true)
    let verdict = "node1 (rank 0) has not answered for 7 s, last heard in step 104, discriminator"
    for (folder, isOverLimit, isRestarted, advice) in [
      ("/tmp/run", false, false, "; run again with --run /tmp/run --resume"),
      (nil, false, false, "; run again"),
      ("/tmp/run", true, false, "; run again with --run /tmp/run --resume (stallTimeout= sets the limit)"),
      ("/tmp/run", false, true, ""), ("/tmp/run", true, true, " (stallTimeout= sets the limit)"),
    ] {
      let line = WatchReport.verdict(
        verdict, folder: folder, isOverLimit: isOverLimit, isRestarted: isRestarted)
      #expect(line == "lockstep: watchdog: \(verdict)\(advice)")
      #expect(WatchReport.cause(ofVerdict: line) == verdict && LaunchNotice(line: line) == nil)
    }
    #expect(WatchReport.cause(ofVerdict: "lockstep: watchdog: \(verdict.prefix(9))") == "node1 (ra")
    #expect(LaunchNotice(line: "step 10/400") == nil)
    #expect(
      LaunchOutcome.isAbort("a non-zero exit code. Per user-direction, the job has been aborted."))
  }

  @Test("verdicts are left out with their line, and a terminal's line before them is continued")
  func withoutVerdicts() {
    func rest(_ text: String) -> String { WatchReport.withoutVerdicts(text) }
    let verdict = WatchReport.verdict("x", folder: "run", isOverLimit: false, isRestarted: false)
    #expect(rest("a\n\(verdict)\nb\n\n") == "a\nb\n\n" && rest("\(verdict)\n") == "" && rest("a") == "a")
    #expect(rest("step 1\r\u{1B}[K\(verdict)\nstep 1") == "step 1\r\u{1B}[Kstep 1")
  }

  @Test("status.json says again what was written, whatever the cause holds")
  func status() {
    let status = RunStatus(.failed, step: 12, exitStatus: .peerLost, cause: "a \"b\"\n\u{1B}é", worldSize: 3)
    #expect(RunStatus(json: status.json) == status)
    #expect(RunStatus(json: RunStatus(.running, step: 0).json)?.exitCode == nil)
    for text in ["", "{}", "[1]", #"{"state":"asleep","step":1}"#, #"{"state":"failed","step":1e99}"#] {
      #expect(RunStatus(json: text) == nil)
    }
  }

  @Test("a status whose code is none is one without a code")
  func statusNumbers() {
    let status = RunStatus(json: #"{"state":"failed","step":3,"exit_code":1e10,"world_size":1e99}"#)
    #expect(status?.step == 3 && status?.exitCode == nil && status?.worldSize == nil)
    #expect(LaunchOutcome(code: 9, status: status, noticed: nil).isRestartable)
  }

  @Test("the launcher finds recipe and run folder in train's words, and adds what is missing")
  func words() {
    let words = TrainWords(["train", "dcgan", "steps=4"])
    #expect(words.isTraining && words.recipe == "dcgan" && words.folder == nil)
    #expect(words.running(in: "r").words == ["train", "dcgan", "steps=4", "--run", "r"])
    #expect(words.running(in: "r").running(in: "s").folder == "r")
    #expect(words.resuming.resuming.words == ["train", "dcgan", "steps=4", "--resume"])
    #expect(TrainWords(["train", "--run=x", "--resume"]).folder == "x")
    #expect(TrainWords(["train", "--resume"]).recipe == nil)
    #expect(TrainWords(["train", "--trace", "steps=4", "--run", "a", "vae"]).recipe == "vae")
    #expect(TrainWords(["train", "dcgan", "--run", "a", "--run=b", "--run", "c"]).folder == "c")
    #expect(!TrainWords(["train", "-h"]).isTraining)
    #expect(!TrainWords(["bench", "dcgan"]).isTraining)
    #expect(TrainWords(["train", "dcgan", "--run", "a=b", "steps=4", "--trace"]).overrides == ["steps=4"])
  }

  @Test("a run that began with another one's state goes on with its own")
  func forks() {
    for words in [
      ["--from", "runs/a", "steps=4", "--run", "b"], ["--run", "b", "--from=runs/a", "steps=4"],
    ] {
      let fork = TrainWords(["train"] + words)
      #expect(
        fork.source == "runs/a" && fork.recipe == nil && fork.folder == "b" && fork.overrides == ["steps=4"])
      #expect(
        fork.resuming.source == nil && fork.resuming.isResuming && fork.resuming.overrides == ["steps=4"])
      #expect(fork.resuming.folder == "b" && fork.resuming.resuming == fork.resuming)
    }
  }

  @Test(
    "daemons of other hosts come with a guard, unless a shell would read the program's path as something else"
  )
  func daemons() {
    var command = LaunchCommand(ranks: 4, program: ["/opt/lockstep", "train", "dcgan"])
    #expect(!command.words.contains("orte_launch_agent"))
    command.hostfile = "hosts"
    #expect(command.text.contains("--mca orte_launch_agent '/opt/lockstep daemon'"))
    command.hasLaunchAgent = true
    #expect(!command.words.contains("orte_launch_agent"), "somebody knows better")
    command.sshArguments = ["-p", "2222"]
    #expect(
      command.words.contains(
        "-p 2222 -o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=2 -o ServerAliveCountMax=4"),
      "what the user has set stays")
    command.hasLaunchAgent = false
    for path in ["/opt/my lockstep", "/opt/$x/lockstep", "lockstep"] {
      command.program[0] = path
      #expect(!command.words.contains("orte_launch_agent"))
    }
  }

  @Test("a host is this one by its name and by any of its addresses")
  func local() {
    for own in ["localhost", "127.0.0.1", "127.0.1.7", "::1", "ada@localhost", "ada@127.0.0.1"] {
      #expect(HostProbe.isLocal(own), "\(own)")
    }
    #expect(IPAddress.ofThisHost.allSatisfy { !$0.isLoopback })
    // From a block for documentation (RFC 5737).
    #expect(!HostProbe.isLocal("203.0.113.77") && HostProbe.resolves("203.0.113.77"))
  }

  @Test("an address of four bytes is looked for as the kernel's table writes it")
  func tableAddresses() {
    #expect(DaemonGuard.tableAddress(of: "10.1.1.2") == "0201010A")
    #expect(DaemonGuard.tableAddress(of: "203.0.113.77") == "4D7100CB")
    #expect(DaemonGuard.tableAddress(of: "fe80::1") == nil && DaemonGuard.tableAddress(of: "node2") == nil)
  }

  @Test(
    "signals within a second of a wish repeat it, however many there are; later ones are wishes of their own")
  func wishes() {
    func wishes(_ times: [Int64]) -> [Int64] {
      times.reduce(into: []) { wishes, time in
        guard let last = wishes.last else { return wishes.append(time) }
        if StopSignals.isFurtherWish(at: time, after: last) { wishes.append(time) }
      }
    }
    #expect(wishes([5000, 5001, 5999]) == [5000])
    #expect(wishes([5000, 5900, 6800, 7700, 8600]) == [5000, 6800, 8600])
  }

  @Test("stallTimeout is that of a word, else of the run that goes on or is taken over")
  func stallTimeout() throws {
    let scratch = TemporaryFolder()
    let run = scratch.path + "/run"
    let options = try Options.resolve(recipe: "ring", overrides: ["stallTimeout=17"])
    _ = try RunFolder.create(at: run, options: options)
    func seconds(_ words: String...) -> Double? { TrainWords(["train"] + words).stallTimeout }
    #expect(seconds("--run", run, "--resume") == 17 && seconds("--from", run, "--run", "other") == 17)
    #expect(seconds("--run", run, "--resume", "stallTimeout=20") == 20)
    #expect(seconds("ring", "--run", run) == nil, "a run that begins has options of its own")
    #expect(seconds("--run", scratch.path + "/none", "--resume") == nil)
  }

  @Test("a guard waits ten seconds for a daemon to begin, and goes soon after one that has ended")
  func guardsPatience() {
    func looks(_ seen: Int...) -> Int? {
      var patience = DaemonGuard.Patience()
      return seen.indices.first { patience.isOver(seeing: seen[$0]) }.map { $0 + 1 }
    }
    #expect(looks(0, 0, 0, 0, 0, 0, 0, 0, 0, 0) == 10)
    #expect(looks(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0) == nil)
    #expect(looks(0, 1, 0, 1, 0, 0) == 6)
  }

  @Test(
    "a connection is lost that has repeated itself for more than six seconds, or its first message for seven")
  func lostConnections() {
    func line(_ state: String, _ repetitions: String, from: String = "0201010A:9CBB", socket: String = "4711")
      -> String
    {
      "   2: 0101010A:8C52 \(from) \(state) 0000001F:00000000 01:00000B2A \(repetitions)     0        0 "
        + "\(socket) 3 0000000000000000 201 4 30 10 -1\n"
    }
    let peer = DaemonGuard.Peer(
      ports: DaemonGuard.ports(ofContacts: [
        "-mca", "orte_hnp_uri", "\"4711.0;tcp://10.1.1.2,10.9.1.2:40123;tcp6://[fe80::1]:40124\"",
      ]), address: "0201010A")
    func isLost(_ line: String, to peer: DaemonGuard.Peer = peer) -> Bool {
      DaemonGuard.isLost(line, of: ["4711"], to: peer)
    }
    #expect(isLost(line("01", "00000005")) && isLost(line("01", "0000000A")))
    #expect(isLost(line("01", "00000005", from: "0000000000000000FFFF00000201010A:9CBC")))
    #expect(!isLost(line("01", "00000004")))
    #expect(isLost(line("02", "00000003")) && !isLost(line("02", "00000002")))
    #expect(!isLost(line("02", "00000009", from: "0209010A:9CBB")), "an address that may lead nowhere")
    #expect(!isLost(line("01", "00000009", from: "0201010A:9CBD")), "it is no connection to mpirun")
    #expect(isLost(line("01", "00000009", from: "0201010A:9CBD"), to: .init(ports: [], address: nil)))
    #expect(!isLost(line("0A", "00000009")), "it listens")
    #expect(!isLost(line("01", "00000009", socket: "471")), "it is another's")
    #expect(!isLost("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt"))
  }
}
