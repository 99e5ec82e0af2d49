import DataParallel
import Foundation
import MessagePassing
import Testing
import Training

@Suite("Ranks that wait for another one say so, and that one does not")
struct RankExchangeTests {
  /// Where rank 1 of 3 is when the others wait for it, and what the watchdog would say of all.
  private final class Late: Sendable {
    let boards = (0..<3).map { _ in ProgressBoard() }

    /// Comes late if this is rank 1: when the others say that they wait, or after ten seconds.
    /// - Returns: what a watchdog would say then.
    func come(_ rank: Int) -> String {
      guard rank == 1 else { return "" }
      for _ in 0..<5000 where !areAwaited { usleep(2000) }
      let places = boards.map(\.place)
      return WatchReport(hosts: ["a", "b", "b"]).stalled(
        places: [0: places[0], 1: places[1], 2: places[2]], silent: [])
    }

    private var areAwaited: Bool { [0, 2].allSatisfy { boards[$0].place.activity == .gathering } }
  }

  @Test(
    "in an exchange, of the training thread's own or by the communication thread", arguments: [false, true])
  func exchange(byThread: Bool) throws {
    let late = Late()
    @Sendable func text(_ exchange: RankExchange, _ board: ProgressBoard) throws -> String {
      let text = late.come(exchange.rank)
      let all = try exchange.allGather([exchange.rank])
      #expect(all == [[0], [1], [2]])
      #expect(board.place.activity == .saving)
      return text
    }
    let told = try ThreadCommunicator.run(size: 3) { communicator in
      let board = late.boards[communicator.rank]
      board.begin(phase: 0)
      board.completed(step: 13)
      board.enter(.saving)
      guard byThread else { return try text(RankExchange(communicator, telling: board), board) }
      let thread = CommunicationThread(communicator)
      defer { thread.finish() }
      return try text(RankExchange(thread, telling: board), board)
    }
    #expect(told[1] == "rank 1 on b is measuring, drawing or saving after step 13")
  }

  @Test("while the others have done what may fail, or wait for the coordinator")
  func starting() throws {
    let late = Late()
    let told = try ThreadCommunicator.run(size: 3) { communicator in
      let rank = communicator.rank
      let watched = WatchedCommunicator(communicator, telling: late.boards[rank])
      let text = try watched.together { late.come(rank) }
      #expect(late.boards[rank].place.activity == .starting)
      return text
    }
    #expect(told[1] == "rank 1 on b is starting before the first step")
  }
}
