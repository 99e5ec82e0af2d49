import Checkpoints
import DataParallel
import Foundation
import MessagePassing
import Platform
import Synchronization
import Testing
import Training

@Suite("What fails on one rank ends all with one message and one code")
struct CoordinationTests {
  private let wrong = PlanError.emptyBatch(batch: 0)

  /// The code of every rank, and the ranks that print.
  private func ends<T>(_ results: [Result<T, any Error>]) -> (codes: [ExitStatus], speakers: [Int]) {
    let codes = results.map { $0.error.map { ExitStatus(of: $0) } ?? .done }
    let speakers = results.indices.filter { rank in
      guard let error = results[rank].error else { return false }
      return (error as? CoordinationError)?.isReportedHere ?? true
    }
    return (codes, speakers)
  }

  @Test("the coordinator's bytes reach every rank, and only rank 0 works")
  func bytes() throws {
    let answers = try ThreadCommunicator.run(size: 3) { communicator in
      let rank = communicator.rank
      return try communicator.fromCoordinator {
        #expect(rank == 0)
        return Array("sixteen".utf8)
      }
    }
    #expect(answers == Array(repeating: Array("sixteen".utf8), count: 3))
  }

  @Test("an error of the coordinator is its own there and a code elsewhere")
  func coordinatorFails() {
    let results = ThreadCommunicator.results(size: 3) { communicator in
      try communicator.fromCoordinator { throw PlanError.emptyBatch(batch: 0) }
    }
    #expect(results[0].error as? PlanError == wrong)
    let (codes, speakers) = ends(results)
    #expect(codes == [.configuration, .configuration, .configuration] && speakers == [0])
  }

  @Test(
    "an error on some ranks is spoken by the first of them alone, with its rank, and ends all with its code",
    arguments: [[0], [2], [1, 2], [0, 1, 2, 3]])
  func together(failing: [Int]) throws {
    let results = ThreadCommunicator.results(size: 4) { communicator in
      let rank = communicator.rank
      return try communicator.together {
        if rank == failing[0] { throw PlanError.emptyBatch(batch: 0) }
        // Later ranks fail for another reason: the first one's code is everyone's.
        if failing.contains(rank) { throw CommunicationError.stalled(waits: "") }
        return rank
      }
    }
    let (codes, speakers) = ends(results)
    #expect(codes == Array(repeating: .configuration, count: 4) && speakers == [failing[0]])
    let message = "\(try #require(results[failing[0]].error))"
    #expect(message.hasPrefix(wrong.description))
    #expect(message.contains("[rank \(failing[0]) on ") == (failing[0] > 0))
  }

  @Test("the options that rank 0 resolves are those of every rank, and what is wrong with them ends all")
  func options() throws {
    let names = try ThreadCommunicator.run(size: 3) { communicator in
      let rank = communicator.rank
      return try communicator.options {
        #expect(rank == 0)
        return try Options.resolve(recipe: "ring", overrides: ["steps=7"])
      }.canonicalYAML
    }
    #expect(names[0].contains("steps: 7") && Set(names).count == 1)
    let results = ThreadCommunicator.results(size: 3) { communicator in
      try communicator.options { try Options.resolve(recipe: "ring", overrides: ["nonsense=1"]) }
    }
    let (codes, speakers) = ends(results)
    #expect(codes == Array(repeating: .configuration, count: 3) && speakers == [0])
  }

  @Test("ranks that meet before they end learn what the one tells that has failed where they could not")
  func meeting() throws {
    let told = ThreadCommunicator.results(size: 4) { communicator in
      let rank = communicator.rank
      do {
        try communicator.together { if rank >= 2 { throw PlanError.emptyBatch(batch: rank) } }
        return String?.none
      } catch {
        #expect(error.isKnownToAll(on: rank))
        return try communicator.meetAtEnd(after: error)
      }
    }
    let host = SoloCommunicator().processorName
    let text = "\(PlanError.emptyBatch(batch: 2)) [rank 2 on \(host)]"
    #expect(try told.map { try $0.get() } == Array(repeating: text, count: 4))
    let nothing = try ThreadCommunicator.run(size: 2) { try $0.meetAtEnd() }
    #expect(nothing == [nil, nil])
  }

  @Test(
    "a rank that is done is watched until all are, whether they have done their work or failed alike",
    arguments: [false, true])
  func untilAllEnd(isFailing: Bool) throws {
    let boards = Mutex([ProgressBoard?](repeating: nil, count: 2))
    let results = ThreadCommunicator.results(size: 2) { communicator in
      let rank = communicator.rank
      let watchdog = try Watchdog(over: communicator, layout: try communicator.nodeLayout(), timeout: 100)
      defer { watchdog.end() }
      boards.withLock { $0[rank] = watchdog.board }
      let watched = WatchedCommunicator(communicator, telling: watchdog.board)
      return try watchdog.untilAllEnd(over: watched) {
        var isAwaited = false
        // Until the other rank waits, or for ten seconds.
        for _ in 0..<5000 where rank == 0 && !isAwaited {
          usleep(2000)
          isAwaited = boards.withLock { $0[1]?.place.activity == .gathering }
        }
        if isFailing, rank == 1 || isAwaited {
          throw WatchError(verdict: .collapsed, step: 9, rewinds: 1, refuge: 5)
        }
        return isAwaited
      }
    }
    if isFailing {
      #expect(results.allSatisfy { $0.error is WatchError })
    } else {
      #expect(try results.map { try $0.get() } == [true, false])
    }
  }

  @Test("what succeeds on all ranks gives each its own value")
  func success() throws {
    let values = try ThreadCommunicator.run(size: 3) { communicator in
      let rank = communicator.rank
      return try communicator.together { rank * 10 }
    }
    #expect(values == [0, 10, 20])
  }

  /// The message of rank 0 where rank 2 of 3 shakes hands differently; checks that all end alike.
  private func difference(_ handshake: @escaping @Sendable (_ isOther: Bool) -> Handshake) throws -> String {
    let results = ThreadCommunicator.results(size: 3) { communicator in
      try handshake(communicator.rank == 2).verify(over: communicator)
    }
    let (codes, speakers) = ends(results)
    #expect(codes == Array(repeating: .disagreement, count: 3) && speakers == [0])
    return "\(try #require(results[0].error))"
  }

  @Test(
    "a handshake that differs names what, which rank and which host",
    arguments: [
      ("the rounding of exp, log, sin or a product", 0), ("what OpenBLAS computes", 1),
      ("the options", 2), ("the data", 3),
    ])
  func handshake(subject: String, field: Int) throws {
    let message = try difference { isOther in
      var fields = ["a", "b", "o", "d"]
      if isOther { fields[field] += "'" }
      return Handshake(arithmetic: fields[0], blas: fields[1], options: fields[2], data: fields[3])
    }
    let host = SoloCommunicator().processorName
    #expect(message.hasPrefix("\(subject) of rank 2 on \(host) differs from rank 0's"))
  }

  @Test("a rank of another program is named, also where it says less than this one asks")
  func otherProgram() throws {
    let host = SoloCommunicator().processorName
    #expect(
      try difference { Handshake(program: $0 ? "p'" : "p") }
        .hasPrefix("the program of rank 2 on \(host) differs from rank 0's"))
    #expect(
      try difference { Handshake(program: "p", words: ["train", $0 ? "ring" : "grid"]) }
        .hasPrefix("the command line of rank 2 on \(host) differs from rank 0's"))
    let message = try difference {
      $0 ? Handshake(program: "a") : Handshake(arithmetic: "a", blas: "b", options: "o", data: "d")
    }
    #expect(message.contains("the data of rank 2"))
  }

  @Test("ranks with the same program, options and data shake hands")
  func agreement() throws {
    let digest = Handshake.programDigest()
    #expect(digest.count == 64 && ArithmeticProbe.digest.count == 64)
    _ = try ThreadCommunicator.run(size: 3) { communicator in
      try Handshake(program: digest).verify(over: communicator)
      try Handshake(arithmetic: ArithmeticProbe.digest, blas: "b", options: "o", data: "d").verify(
        over: communicator)
    }
  }
}
