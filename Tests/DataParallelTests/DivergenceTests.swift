import Conformance
import DataParallel
import MessagePassing
import Testing

@Suite("A divergence is named")
struct DivergenceTests {
  @Test("on every rank alike", arguments: [1, 2, 3, 4, 8])
  func threads(size: Int) throws {
    _ = try ThreadCommunicator.run(size: size) { try DivergenceConformance.run(on: $0) }
  }

  @Test("with step, counted from 1, phase, rank and what to do, in one line")
  func description() throws {
    let errors = try ThreadCommunicator.run(size: 4) { communicator in
      do {
        let count = communicator.rank == 2 ? 12 : 10
        _ = try LockstepChecker.verify(
          LockstepHeader(step: 812, phase: 1, elementCount: count), over: communicator)
        return ""
      } catch {
        return "\(error)"
      }
    }
    let expected =
      "rank 2 of 4 out of lockstep at step 813, phase 1: rank 2 is at step 813, phase 1 with 12 elements, "
      + "the others are at step 813, phase 1 with 10 elements; "
      + "resume from the last checkpoint and check that all nodes run the same program on the same data"
    #expect(errors == Array(repeating: expected, count: 4))
  }

  @Test("ranks at one place are named together, four places at most, phases by name where that is known")
  func manyRanks() throws {
    let errors = try ThreadCommunicator.run(size: 16) { communicator in
      // Eight ranks are where they should be, two at step 9, the others each at a step of their own.
      let rank = communicator.rank
      let step = rank < 8 ? 7 : rank < 10 ? 9 : 10 + rank
      do {
        _ = try LockstepChecker.verify(
          LockstepHeader(step: step, phase: rank < 8 ? 1 : 0, elementCount: 4), over: communicator)
        return ""
      } catch let error as DivergenceError {
        return "\(error.naming(phase: 1, "generator"))"
      }
    }
    let expected =
      "ranks 8-15 of 16 out of lockstep at step 8, phase 1 (generator): "
      + "ranks 8-9 are at step 10, phase 0 with 4 elements, rank 10 is at step 21, phase 0 with 4 elements, "
      + "rank 11 is at step 22, phase 0 with 4 elements, rank 12 is at step 23, phase 0 with 4 elements, "
      + "3 ranks elsewhere, the others are at step 8, phase 1 (generator) with 4 elements; "
    #expect(errors.allSatisfy { $0.hasPrefix(expected) })
  }

  @Test("whichever number of the place differs", arguments: 0..<5)
  func fields(field: Int) throws {
    let found = try ThreadCommunicator.run(size: 3) { communicator -> [Int] in
      func value(_ place: Int) -> Int { place == field && communicator.rank == 1 ? 8 : 9 }
      do {
        _ = try LockstepChecker.verify(
          LockstepHeader(
            step: value(0), phase: value(1), elementCount: value(2), bucketCount: value(3),
            collective: value(4)), over: communicator)
        return []
      } catch let error as DivergenceError {
        return error.ranks
      }
    }
    #expect(found == [[1], [1], [1]])
  }

  @Test("all ranks learn the flags of all ranks")
  func flags() throws {
    let agreed = try ThreadCommunicator.run(size: 3) { communicator in
      try LockstepChecker.verify(
        LockstepHeader(
          step: 1, phase: 0, elementCount: 4,
          flags: [[], [.nonFinite], [.nonFinite, .stopRequested]][communicator.rank]),
        over: communicator)
    }
    #expect(agreed.allSatisfy { $0 == agreed[0] })
    #expect(agreed[0].union == [.nonFinite, .stopRequested])
    #expect(agreed[0].ranks(with: .nonFinite) == [1, 2])
    #expect(agreed[0].intersection == [])
    #expect(agreed[0].ranks(with: .failed) == [])
  }
}
