import Cluster
import Testing

@Suite("What launch says last")
struct LaunchAdviceTests {
  private func words(
    of command: String = "train", after code: Int32 = 255, judged verdict: String? = nil, restarts: Int = 0,
    outOf most: Int = 0, vain: Int = 1, _ answers: [HostProbe.Answer]?
  ) -> String? {
    LaunchAdvice(
      hostfile: "hosts", maxRestarts: most, TrainWords([command, "ring", "--run", "/no/such/run"])
    ).lastWords(
      LaunchOutcome(code: code, status: nil, noticed: nil, judged: verdict), restarts: restarts, vain: vain
    ) { answers }
  }

  private func answer(_ name: String, _ code: Int32?, _ output: String = "") -> HostProbe.Answer {
    HostProbe.Answer(host: Hostfile.Host(name: name, slots: 1), code: code, output: output, milliseconds: 1)
  }

  @Test("of a start that never began hosts that do not answer are named, with ssh's reason and what to do")
  func unreachable() {
    let refused = answer("node2", 255, "a banner\nPermission denied (publickey).\n")
    #expect(
      words([answer("node1", 0), refused, answer("node3", nil)])
        == "mpirun ended with code 255, before the ranks had begun: no way to node2 (Permission denied "
        + "(publickey).) and node3 (no answer within 4 s); make this work without a password: ssh node2 true, "
        + "or go on without: run again with --max-restarts")
    #expect(words([refused])?.hasSuffix("ssh node2 true") == true, "no host would be left")
    #expect(
      words([answer("node3", nil)])?.hasSuffix("check that it is on and in reach: ssh node3 true") == true)
    #expect(words(restarts: 2, outOf: 2, [answer("node1", 0), refused])?.hasSuffix("ssh node2 true") == true)
  }

  @Test("where all answer the doctor finds what is missing; where more is known one runs again")
  func reachable() {
    let doctor = "before the ranks had begun; `lockstep doctor --hostfile hosts` says what is missing"
    #expect(words([answer("node1", 0)]) == "mpirun ended with code 255, \(doctor)")
    #expect(words(restarts: 2, outOf: 2, [])?.contains("after 2 restarts, before") == true)
    #expect(words(restarts: 4, outOf: 9, vain: 5, nil)?.contains("5 times in a row \(doctor)") == true)
    #expect(words(nil) == "mpirun ended with code 255; run again, or with --max-restarts")
    #expect(words(after: 65, []) == nil)
  }

  @Test("of a command that does not train hosts are asked too, and no restart is advised")
  func notTraining() {
    let ended = "mpirun ended with code 255"
    #expect(words(of: "bench", nil) == "\(ended); run again")
    #expect(
      words(of: "bench", [answer("node1", 0)])
        == "\(ended); run again, or see `lockstep doctor --hostfile hosts`")
    #expect(
      words(of: "evaluate", outOf: 3, [answer("node1", 0), answer("node2", 255, "No route to host")])
        == "\(ended): no way to node2 (No route to host); make this work without a password: ssh node2 true")
  }

  @Test("a cause that a watchdog has just told is not told again")
  func told() {
    let verdict = "rank 1 on node2 ended without a word"
    #expect(words(judged: verdict, restarts: 2, outOf: 2, nil) == "given up after 2 restarts; run again")
    #expect(words(judged: verdict, nil) == "run again, or with --max-restarts")
  }

  @Test("a rank that crashed, a lost host and a rank's error explain an end; mpirun's code alone does not")
  func explained() {
    func isExplained(_ notice: LaunchNotice?, judged: String? = nil, said: String? = nil) -> Bool {
      LaunchOutcome(code: 255, status: nil, noticed: notice, judged: judged, said: said).isExplained
    }
    #expect(isExplained(.rankEnded(rank: "0", host: "vm", signal: "4")) && isExplained(.hostLost("vm")))
    #expect(isExplained(.stuck("x")) && isExplained(nil, judged: "x") && isExplained(nil, said: "x"))
    #expect(!isExplained(nil) && !isExplained(.notBegun(host: "vm")) && !isExplained(.notStarted))
  }
}
