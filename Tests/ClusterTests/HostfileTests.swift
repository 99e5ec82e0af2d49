import Cluster
import Platform
import TestSupport
import Testing
import Training

@Suite("Hostfiles")
struct HostfileTests {
  private func problems(_ text: String) -> [String] {
    do throws(ClusterError) {
      _ = try Hostfile(text: text, path: "hosts")
      return []
    } catch {
      return error.lines
    }
  }

  @Test("hosts, slots, users, ports and comments are read")
  func whole() throws {
    let file = try Hostfile(
      text: "# two racks\nnode1 slots=4  # the head\n\n\tnode-2.rack.example max_slots=8 slots=2\n"
        + "ten cpu=1 username=ada port=2222",
      path: "hosts")
    #expect(file.hosts.map(\.name) == ["node1", "node-2.rack.example", "ten"])
    #expect(file.hosts.map(\.slots) == [4, 2, 1] && file.slots == 7)
    #expect(file.hosts[0].sshWords == ["--", "node1"])
    #expect(file.hosts[2].sshWords == ["-p", "2222", "--", "ada@ten"])
    #expect(file.taken(by: 4).map(\.name) == ["node1"])
    #expect(file.taken(by: 5).map(\.name) == ["node1", "node-2.rack.example"])
    #expect(file.taken(by: 99).count == 3)
    #expect(
      file.filter { $0 != "node1" }.text
        == "node-2.rack.example max_slots=8 slots=2\nten cpu=1 username=ada port=2222\n")
  }

  @Test(
    "every mistake is named with line, column and what to write instead",
    arguments: [
      (
        "node1 slots=2\nnode2 port=2222",
        "hosts:2:1: node2 has no slots=; write how many ranks it takes: node2 slots=2"
      ),
      (
        "node1 slots=2 cpus=2",
        "hosts:1:15: 'cpus' is no key of a hostfile; did you mean cpu=2?"
      ),
      ("node1 slots=2 port=abc", "hosts:1:20: 'abc' is no port; write a number from 1 to 65535"),
      (
        "node1 slots=2 username=-oProxyCommand=x",
        "hosts:1:24: '-oProxyCommand=x' is no user's name; use letters, digits, dots and hyphens"
      ),
      ("node1 slot=1", "hosts:1:7: 'slot' is no key of a hostfile; did you mean slots=1?"),
      (
        "a slots=1\nnode1  slots=abc",
        "hosts:2:14: 'abc' is no number of slots; write how many ranks the host takes, at least 1"
      ),
      (
        "node1 slots=-1",
        "hosts:1:13: '-1' is no number of slots; write how many ranks the host takes, at least 1"
      ),
      (
        "node1 slots=0",
        "hosts:1:13: '0' is no number of slots; write how many ranks the host takes, at least 1"
      ),
      (
        "node1 slots=+2",
        "hosts:1:13: '+2' is no number of slots; write how many ranks the host takes, at least 1"
      ),
      ("node1 slots=2 port=+22", "hosts:1:20: '+22' is no port; write a number from 1 to 65535"),
      ("node1 slots=2 port=22 port=23", "hosts:1:23: the port is given twice; keep one"),
      (
        "node1 slots=2 max_slots=4 max-slots=5", "hosts:1:27: the most slots are given twice; keep one"
      ),
      ("node1 slots=2 username=a user_name=b", "hosts:1:26: the user is given twice; keep one"),
      ("node1:0", "hosts:1:1: 'node1:0' is no host name; write: node1 slots=1"),
      ("node1:1", "hosts:1:1: 'node1:1' is no host name; write: node1 slots=1"),
      (
        "a slots=1\nb slots=1\na slots=2",
        "hosts:3:1: a stands in line 1 already; name each host once, with all of its slots"
      ),
      (
        "node1 slots=2\r\nnode2 slots=2\r\n",
        "hosts:1:14: the line ends with a carriage return, as on Windows; mend the file: sed -i 's/\\r$//' hosts"
      ),
      (
        "\u{FEFF}node1 slots=2",
        "hosts:1:1: the file begins with a byte order mark, as on Windows; mend the file: "
          + "sed -i '1s/^\\xEF\\xBB\\xBF//' hosts"
      ),
      ("node1 slots = 2", "hosts:1:7: 'slots' is no key=value word; write it without spaces: slots=2"),
      ("slots=2", "hosts:1:1: the line begins with 'slots=2'; begin it with the host's name"),
      (
        "node1 max_slots=1 slots=2",
        "hosts:1:19: 2 slots are more than max_slots=1; write slots=1, or raise max_slots"
      ),
      (
        "node1 slots=2 max-slots=x",
        "hosts:1:25: 'x' is no number of slots; write how many ranks the host takes at most, at least 1"
      ),
      (
        "a slots=1\nada@a",
        "hosts:2:1: a stands in line 1 already; name each host once, with all of its slots"
      ),
      (
        "fd00::2 slots=2",
        "hosts:1:1: 'fd00::2' is an IPv6 address, which mpirun does not read here; give it a name in /etc/hosts, and write the name"
      ),
      ("ada@", "hosts:1:1: 'ada@' is no host name; write host, or user@host"),
      ("-Fconf slots=2", "hosts:1:1: '-Fconf' is no host name; begin it with a letter or a digit"),
      ("ada@-Fconf slots=2", "hosts:1:1: 'ada@-Fconf' is no host name; begin it with a letter or a digit"),
      ("# nobody\n", "hosts:1:1: the file names no host; write one a line: node1 slots=2"),
    ])
  func mistakes(text: String, message: String) {
    #expect(problems(text).first == message)
  }

  @Test("all mistakes are told at once")
  func several() {
    #expect(problems("node1 slot=1\nnode2:2\nnode3 slots=x\n").count == 3)
  }

  /// The same texts in every run.
  @Test("any bytes are read or refused, never a crash")
  func hostile() {
    var generator = SplitMix64(state: 7)
    let alphabet = Array("ab=:#\r\n\t slots=12-9999999999999999999999\u{0}\u{1B}é")
    for _ in 0..<2000 {
      let text = String(
        (0..<Int.random(in: 0..<40, using: &generator)).map { _ in alphabet.randomElement(using: &generator)!
        })
      _ = problems(text)
    }
  }

  @Test("a file that is not there is an input that is missing")
  func missing() {
    let error = #expect(throws: ClusterError.self) { try Hostfile.read("/nowhere/hosts") }
    #expect(error?.exitStatus == .inputMissing && error?.lines.count == 1)
  }
}

@Suite("What lockstep doctor makes of a host's answers")
struct HostFactsTests {
  private let reference = HostFacts.Reference(program: "abc", path: "/opt/lockstep", folder: "/shared")

  private func facts() -> HostFacts {
    var facts = HostFacts(Hostfile.Host(name: "node2", slots: 2))
    facts.sshCode = 0
    facts.answers = [
      "program": "abc", "cores": "4", "orted": "/usr/bin/orted", "free": "104857600",
      "temporary-free": "4096",
    ]
    facts.sharesFolder = true
    facts.clockOffset = 0
    facts.bandwidth = 940
    return facts
  }

  private func verdicts(_ change: (inout HostFacts) -> Void) -> [String] {
    var facts = facts()
    change(&facts)
    return facts.checks(reference).filter { $0.verdict != .ok }.map { "\($0.verdict.rawValue) \($0.name)" }
  }

  @Test("a host that has all is well, and each thing that is missing is named")
  func judgement() {
    #expect(verdicts { _ in } == [])
    #expect(verdicts { $0.resolves = false } == ["FAIL node2 name"])
    #expect(verdicts { $0.sshCode = nil } == ["FAIL node2 ssh"])
    #expect(verdicts { $0.sshCode = 255 } == ["FAIL node2 ssh"])
    #expect(verdicts { $0.answers["program"] = "abd" } == ["FAIL node2 program"])
    #expect(verdicts { $0.answers["program"] = nil } == ["FAIL node2 program"])
    #expect(verdicts { $0.answers["orted"] = nil } == ["FAIL node2 MPI"])
    #expect(verdicts { $0.slots = 5 } == ["WARN node2 cores"])
    #expect(verdicts { $0.answers["temporary-free"] = "4095" } == ["FAIL node2 temporary folder"])
    #expect(
      verdicts { $0.answers["temporary-refused"] = "Read-only file system" } == [
        "FAIL node2 temporary folder"
      ])
    #expect(
      verdicts {
        ($0.answers["temporary-free"], $0.answers["temporary-refused"]) = (nil, "No such file or directory")
      } == ["FAIL node2 temporary folder"])
    #expect(verdicts { $0.bandwidth = 90 } == ["WARN node2 network"])
    #expect(verdicts { $0.bandwidth = nil } == ["WARN node2 network"], "slower than can be measured")
    #expect(verdicts { ($0.bandwidth, $0.isLocal) = (nil, true) } == [])
    #expect(verdicts { $0.clockOffset = -70 } == ["WARN node2 clock"])
    #expect(verdicts { $0.sharesFolder = false } == ["WARN node2 run folder"])
  }

  @Test("what to do about a host that does not answer has the user and the port of the hostfile")
  func unreachable() throws {
    let host = try #require(
      try Hostfile(text: "node2 slots=1 port=2222 user_name=ada", path: "hosts").hosts.first)
    var facts = HostFacts(host)
    let ssh = "ssh -p 2222 ada@node2 true"
    #expect(facts.checks(reference).map(\.advice) == ["check that it is on and in reach: \(ssh)"])
    facts.sshCode = 255
    #expect(facts.checks(reference).map(\.advice) == ["make this work without a password: \(ssh)"])
  }

  @Test("a host that stands there under several names is told once")
  func doubles() {
    let machines = [
      ("node1", "a node1"), ("node2", "a node2"), ("x", nil), ("10.77.0.2", "a node2"), ("y", nil),
    ]
    let hosts = machines.map { name, machine in
      var facts = HostFacts(Hostfile.Host(name: name, slots: 1))
      facts.answers["machine"] = machine
      return facts
    }
    let checks = HostFacts.doubles(among: hosts)
    #expect(checks.map(\.detail) == ["node2 and 10.77.0.2 are one host"])
    #expect(checks.first?.verdict == .warn)
  }

  @Test("a run folder that a host sees and cannot write is shared, and the reason is told")
  func readOnly() {
    var facts = facts()
    facts.sharesFolder = false
    func detail() -> String? { facts.checks(reference).last?.detail }
    #expect(detail()?.hasPrefix("/shared is not shared") == true)
    facts.answers["refused"] = "Read-only file system"
    #expect(detail() == "/shared is shared, and cannot be written there: Read-only file system")
  }
}

@Suite("How fast a host sends")
struct FlowTests {
  @Test("time is taken from the first bytes on, which are not counted; a few bytes make no figure")
  func bandwidth() throws {
    let start = ContinuousClock.now
    var flow = Flow()
    flow.add(100, at: start)
    flow.add(8000, at: start + .seconds(1))
    #expect(flow.bandwidth == nil)
    flow.add(65_535, at: start + .seconds(2))
    #expect(flow.bandwidth == nil)
    // A link of 10 Mbit/s.
    flow.add(1_250_000 - 65_535, at: start + .seconds(2))
    #expect(abs(try #require(flow.bandwidth) - 10) < 1e-9)
  }
}

@Suite("The hostfiles of the repository")
struct HostfileExampleTests {
  @Test("each is whole and says how it is used", arguments: ["localhost", "two-nodes", "uneven"])
  func example(name: String) throws {
    let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/hostfiles"
    let file = try Hostfile.read("/\(folder)/\(name)")
    #expect(!file.hosts.isEmpty && file.slots >= file.hosts.count)
  }
}
