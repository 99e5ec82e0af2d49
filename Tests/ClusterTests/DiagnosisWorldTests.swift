import Cluster
import MessagePassing
import Platform
import Testing
import Training

@Suite("The doctor compares the ranks and prints what it found")
struct DiagnosisWorldTests {
  private func rank(_ host: String, cores: Int = 4, usable: Int = 4) -> RankFacts {
    RankFacts(
      host: host, program: String(repeating: "a", count: 64), version: "0.1.0", kernels: "baseline AVX2 FMA",
      arithmetic: "0123",
      mpi: "Open MPI v4.1.4", blas: "OpenBLAS", cores: cores, usableCores: usable)
  }

  private func checks(_ ranks: [RankFacts?]) -> [String: DiagnosisCheck] {
    let checks = WorldFacts(ranks: ranks).checks
    return Dictionary(uniqueKeysWithValues: checks.map { ($0.name, $0) })
  }

  @Test("ranks that agree are listed by node")
  func agreement() {
    let checks = checks([rank("a"), rank("a"), rank("b")])
    #expect(checks["ranks"]?.detail == "3 ranks on 2 nodes: a 2, b 1")
    #expect(checks["cores of a"]?.detail == "2 ranks x 2 threads on 4 cores")
    #expect(checks.values.allSatisfy { $0.verdict == .ok })
  }

  @Test("another program or rounding is named with its rank and host, and ends with code 76")
  func disagreement() throws {
    let changes: [(String, (inout RankFacts) -> Void)] = [
      ("program", { $0.program = "b" }), ("program", { $0.version = "0.2.0" }),
      ("arithmetic", { $0.arithmetic = "4567" }),
    ]
    for (name, change) in changes {
      let check = try #require(checks([rank("a"), odd(change), rank("b")])[name])
      #expect(check.verdict == .fail && check.failureStatus == .disagreement)
      #expect(check.detail.contains("rank 1 on c"))
    }
    let unreadable = try #require(checks([rank("a"), nil])["program"])
    #expect(unreadable.verdict == .fail && unreadable.detail.contains("rank 1"))
  }

  @Test(
    "other kernels, another MPI or BLAS, which training does not refuse, are a warning that names the rank")
  func otherLibraries() throws {
    let changes: [(String, (inout RankFacts) -> Void)] = [
      ("kernels", { $0.kernels = "wide" }), ("MPI versions", { $0.mpi = "MPICH" }),
      ("BLAS versions", { $0.blas = "reference" }),
    ]
    for (name, change) in changes {
      let check = try #require(checks([rank("a"), odd(change), rank("b")])[name])
      #expect(check.verdict == .warn && check.detail.contains("rank 1 on c"))
    }
  }

  private func odd(_ change: (inout RankFacts) -> Void) -> RankFacts {
    var facts = rank("c")
    change(&facts)
    return facts
  }

  @Test(
    "more ranks than cores, and ranks bound to fewer than their share, are warnings with the flag that helps")
  func cores() throws {
    let many = try #require(checks(Array(repeating: rank("a", cores: 2, usable: 1), count: 3))["cores of a"])
    #expect(many.verdict == .warn && many.advice?.contains("slots=2") == true)
    let bound = try #require(checks([rank("a", usable: 1), rank("a", usable: 1)])["cores of a"])
    #expect(bound.verdict == .warn && bound.detail.hasPrefix("2 ranks x 1 thread on 4 cores"))
    #expect(bound.advice == "mpirun --bind-to none, or --map-by slot:PE=2")
  }

  @Test("a rank's record comes back as it was sent, line breaks aside; anything else is none")
  func record() {
    var facts = rank("a\nb")
    let sent = facts.record
    facts.host = "a b"
    #expect(RankFacts(record: sent) == facts)
    #expect(RankFacts(record: Array("a\nb".utf8)) == nil)
    #expect(RankFacts(record: []) == nil)
  }

  @Test("every rank's facts reach every rank")
  func gathering() throws {
    let worlds = try ThreadCommunicator.run(size: 2) { communicator in
      try WorldFacts.gather(over: communicator)
    }
    #expect(worlds[0] == worlds[1] && worlds[0].ranks.count == 2)
    #expect(worlds[0].ranks.allSatisfy { $0?.program.count == 64 })
  }

  private var diagnosis: Diagnosis {
    Diagnosis(
      WorldFacts(ranks: [
        rank("a\u{1B}[2J"), rank("b", cores: 1, usable: 1), rank("b", cores: 1, usable: 1), nil,
      ]).checks
        + WorldFacts(ranks: [rank("a\u{1B}[2J"), rank("b", cores: 1), rank("b", cores: 1)]).checks)
  }

  @Test("the table is aligned, escapes what it quotes, and is coloured only where wanted")
  func table() {
    let text = diagnosis.text(hasColours: false)
    #expect(!text.contains("\u{1B}") && text.contains("a\\u{1b}[2J 1"))
    #expect(text.hasPrefix("FAIL  program "))
    #expect(text.contains("\n        ") && text.contains("do: copy one program to every host\n"))
    #expect(text.hasSuffix("9 checks: 1 failure, 1 warning"))
    #expect(diagnosis.text(hasColours: true).hasPrefix("\u{1B}[31mFAIL\u{1B}[0m  program "))
  }

  @Test("the JSON object has every check with its status, and the exit code")
  func json() {
    let json = diagnosis.json
    #expect(json.hasPrefix(#"{"checks":[{"name":"program","status":"FAIL","detail":"#))
    #expect(
      json.contains(#""advice":"copy one program to every host"}"#) && json.contains(#""advice":null}"#))
    #expect(json.hasSuffix(#"],"exit_code":76}"#) && !json.contains("\u{1B}"))
  }
}
