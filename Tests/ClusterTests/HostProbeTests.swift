import Cluster
import Testing

@Suite("What hosts are asked")
struct HostProbeTests {
  private func hosts(_ count: Int) -> [Hostfile.Host] {
    Array(repeating: Hostfile.Host(name: "localhost", slots: 1), count: count)
  }

  @Test("a host that does not answer in time is silent, whatever it has said, and others have answered")
  func silent() {
    let answers = HostProbe.run(on: hosts(3), seconds: 1) {
      ["echo there; exit 3", "echo half; exec sleep 60", "exec sleep 60"][$0]
    }
    #expect(answers.map(\.code) == [3, nil, nil])
    #expect(answers.map(\.output) == ["there\n", "half\n", ""])
    #expect(answers[2].milliseconds < 30_000)
  }

  @Test("more hosts than are asked at once all answer, in their order")
  func many() {
    let answers = HostProbe.run(on: hosts(150), seconds: 60) { "echo \($0)" }
    #expect(answers.map(\.output) == (0..<150).map { "\($0)\n" } && answers.allSatisfy { $0.code == 0 })
  }
}
