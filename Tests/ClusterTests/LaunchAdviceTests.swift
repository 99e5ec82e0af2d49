import Cluster
import Testing

@Suite("What launch says last")
struct LaunchAdviceTests {
  private func words(
    after code: Int32 = 255, restarts: Int = 0, of most: Int = 0, vain: Int = 1,
    _ answers: [HostProbe.Answer]?
  ) -> String? {
    LaunchAdvice(
      hostfile: "hosts", maxRestarts: most, TrainWords(["train", "ring", "--run", "/no/such/run"])
    ).lastWords(
      LaunchOutcome(code: code, status: nil, noticed: nil), restarts: restarts, vain: vain
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
    #expect(words(restarts: 2, of: 2, [answer("node1", 0), refused])?.hasSuffix("ssh node2 true") == true)
  }

  @Test("where all answer the doctor finds what is missing; where more is known one runs again")
  func reachable() {
    let doctor = "before the ranks had begun; `lockstep doctor --hostfile hosts` says what is missing"
    #expect(words([answer("node1", 0)]) == "mpirun ended with code 255, \(doctor)")
    #expect(words(restarts: 2, of: 2, [])?.contains("after 2 restarts, before") == true)
    #expect(words(restarts: 4, of: 9, vain: 5, nil)?.contains("5 times in a row \(doctor)") == true)
    #expect(words(nil) == "mpirun ended with code 255; run again, or with --max-restarts")
    #expect(words(after: 65, []) == nil)
  }
}
