import Conformance
import DataParallel
import Foundation
import MessagePassing
import Models
import TensorCore
import Testing
import Training

@Suite("The sum of a turn travels in buckets")
struct TurnSumTests {
  /// Two buckets of 32 elements and one of 160.
  private static let buckets = BucketPlan(
    count: 224, parameters: [0..<32, 32..<64, 64..<224], length: 32)
  private static let phase = Phase(index: 0, name: "only", network: 0, statistics: [])

  /// A rank's sums of one micro-batch, `rank + 1` everywhere, by bucket.
  private static func sums(
    _ plan: MicroBatchPlan, poison: (element: Int, value: Float)? = nil
  ) -> [PartialSums] {
    var sums: [PartialSums] = []
    let reducer = GradientReducer(plan: plan, count: buckets.count)
    reducer.finish(with: plan.rank..<plan.rank + 1, in: buckets) { vector, whenWritten in
      for index in 0..<buckets.count { vector.pointer[index] = Float(plan.rank + 1) }
      if let poison, plan.rank == 0 { vector.pointer[poison.element] = poison.value }
      whenWritten(0..<buckets.count)
    } whenReady: {
      sums.append($1)
    }
    return sums
  }

  private static func plan(_ communicator: any Communicator) throws -> MicroBatchPlan {
    try MicroBatchPlan(
      batch: communicator.size, microBatches: communicator.size, worldSize: communicator.size,
      rank: communicator.rank)
  }

  @Test("what is needed first overtakes what is large, between two of its parts")
  func priority() throws {
    let sent = try ThreadCommunicator.run(size: 2) { communicator in
      let plan = try Self.plan(communicator)
      let sums = Self.sums(plan)
      let sum = TurnSum(
        TurnSum.Place(step: 0, phase: Self.phase), in: Self.buckets, of: plan,
        by: TurnSum.Transport(partLength: 64))
      sum.hand(sums[2], of: 2)
      let watched = WatchedCommunicator(communicator) { exchange in
        // Within the first part of the large bucket.
        if exchange == 0 {
          sum.hand(sums[1], of: 1)
          sum.hand(sums[0], of: 0)
        }
      }
      if let error = sum.run(over: watched, after: nil) { throw error }
      for bucket in 0..<3 {
        let arrived = try sum.wait(for: bucket)
        #expect(arrived.fault == nil && arrived.vector.scalars == [Float](repeating: 3, count: 224))
      }
      return watched.sentBytes
    }
    // Of each part half its bytes leave as a piece, then half as a sum: 64 elements, then 32 and 32, then the
    // other 96.
    let expected = [64, 32, 32, 96].flatMap { [2 * $0, 2 * $0] }
    #expect(sent == [expected, expected])
  }

  @Test("ranks that hand over in different orders agree on what comes next", arguments: [2, 3, 4])
  func orders(size: Int) throws {
    let sums = try ThreadCommunicator.run(size: size) { communicator in
      let plan = try MicroBatchPlan(batch: 4, microBatches: 4, worldSize: size, rank: communicator.rank)
      let reducer = GradientReducer(plan: plan, count: Self.buckets.count)
      for microBatch in plan.local.dropLast() {
        reducer.add(Tensor(repeating: 1, shape: [Self.buckets.count]), at: microBatch)
      }
      var own: [PartialSums] = []
      reducer.finish(with: plan.local.suffix(1), in: Self.buckets) { vector, whenWritten in
        vector.pointer.update(repeating: 1, count: Self.buckets.count)
        whenWritten(0..<Self.buckets.count)
      } whenReady: {
        own.append($1)
      }
      let rank = communicator.rank
      let thread = CommunicationThread(communicator)
      defer { thread.finish() }
      let sum = TurnSum(
        TurnSum.Place(step: 0, phase: Self.phase), in: Self.buckets, of: plan,
        by: TurnSum.Transport(partLength: 16))
      thread.enqueue { sum.run(over: $0, after: $1) }
      for position in 0..<3 { sum.hand(own[(position + rank) % 3], of: (position + rank) % 3) }
      return try (0..<3).flatMap { try sum.wait(for: $0).vector.scalars[Self.buckets.ranges[$0]] }
    }
    #expect(sums.allSatisfy { $0 == [Float](repeating: 4, count: 224) })
  }

  @Test(
    "nothing is moved by a sum that is not finite anywhere, whichever bucket is waited for",
    arguments: [Float.nan, .infinity, 3e38], [false, true])
  func fault(value: Float, isScattered: Bool) throws {
    let faults = try ThreadCommunicator.run(size: 2, nodes: isScattered ? [[0, 1]] : []) { communicator in
      let plan = try Self.plan(communicator)
      var sums = Self.sums(plan, poison: (200, value))
      // Two large numbers of which only the sum is infinite.
      if value == 3e38, plan.rank == 1 {
        let reducer = GradientReducer(plan: plan, count: 224)
        reducer.finish(with: 1..<2, in: Self.buckets) { vector, whenWritten in
          vector.pointer.update(repeating: 3e38, count: 224)
          whenWritten(0..<224)
        } whenReady: {
          sums[$0] = $1
        }
      }
      return try Self.fault(of: sums, plan, over: communicator, isScattered: isScattered)
    }
    #expect(faults[0] == faults[1] && faults[0]?.element == 200)
    #expect(faults[0]?.ranks == (value == 3e38 ? [] : [0]))
  }

  /// What is wrong with the sum over all ranks, of which 210 elements are gradient.
  private static func fault(
    of sums: [PartialSums], _ plan: MicroBatchPlan, over communicator: sending any Communicator,
    isScattered: Bool
  ) throws -> TurnSum.Fault? {
    let thread = CommunicationThread(communicator)
    defer { thread.finish() }
    let sum = TurnSum(
      TurnSum.Place(step: 0, phase: phase), in: buckets, of: plan,
      by: TurnSum.Transport(exactFrom: 210, isScattered: isScattered))
    thread.enqueue { sum.run(over: $0, after: $1) }
    for bucket in [2, 1, 0] { sum.hand(sums[bucket], of: bucket) }
    return try sum.wait(for: 0).fault
  }

  @Test("of what is not finite in the slices of several ranks the first is named")
  func firstFault() throws {
    let faults = try ThreadCommunicator.run(size: 2, nodes: [[0, 1]]) { communicator in
      let plan = try Self.plan(communicator)
      // The first is in a slice of rank 1, the second in one of rank 0.
      var sums = Self.sums(plan, poison: (20, .nan))
      sums[2] = Self.sums(plan, poison: (70, .nan))[2]
      return try Self.fault(of: sums, plan, over: communicator, isScattered: true)
    }
    #expect(faults.map { $0?.element } == [20, 20])
  }

  @Test("what is no gradient is looked at too where each rank has a slice")
  func faultBesideGradient() throws {
    let faults = try ThreadCommunicator.run(size: 2, nodes: [[0, 1]]) { communicator in
      let plan = try Self.plan(communicator)
      let sums = Self.sums(plan, poison: (215, .nan))
      return try Self.fault(of: sums, plan, over: communicator, isScattered: true)
    }
    #expect(faults.allSatisfy { $0?.element == 215 })
  }

  @Test("nothing is read before all has been handed over, of which the last may not be finite")
  func lateFault() throws {
    let faults = try ThreadCommunicator.run(size: 2) { communicator in
      let plan = try Self.plan(communicator)
      let sums = Self.sums(plan, poison: (200, .nan))
      let thread = CommunicationThread(communicator)
      defer { thread.finish() }
      let sum = TurnSum(TurnSum.Place(step: 0, phase: Self.phase), in: Self.buckets, of: plan)
      thread.enqueue { sum.run(over: $0, after: $1) }
      for bucket in [0, 1] { sum.hand(sums[bucket], of: bucket) }
      let last = sums[2]
      Thread.detachNewThread {
        Thread.sleep(forTimeInterval: 0.2)
        sum.hand(last, of: 2)
      }
      return try sum.wait(for: 0).fault
    }
    #expect(faults.allSatisfy { $0?.element == 200 })
  }

  @Test("numbers are rounded between nodes, whether ranks ask for slices or not", arguments: [false, true])
  func rounded(isScattered: Bool) throws {
    let sums = try ThreadCommunicator.run(size: 4, nodes: [[0, 1], [2, 3]]) { communicator in
      let plan = try Self.plan(communicator)
      let own = Self.sums(plan, poison: (5, 1.001))
      let thread = CommunicationThread(communicator)
      defer { thread.finish() }
      let sum = TurnSum(
        TurnSum.Place(step: 0, phase: Self.phase), in: Self.buckets, of: plan,
        by: TurnSum.Transport(format: .bfloat16, exactFrom: 210, isScattered: isScattered))
      thread.enqueue { sum.run(over: $0, after: $1) }
      for bucket in [2, 1, 0] { sum.hand(own[bucket], of: bucket) }
      return try sum.wait(for: 0).vector.scalars[5]
    }
    #expect(sums == [10, 10, 10, 10])
  }

  @Test("ranks with other buckets, or at another collective, are told so")
  func divergence() {
    let results = ThreadCommunicator.results(size: 4) { communicator in
      let plan = try Self.plan(communicator)
      let isOdd = communicator.rank == 1
      let buckets = isOdd ? BucketPlan(count: 224) : Self.buckets
      let sum = TurnSum(TurnSum.Place(step: 4, phase: Self.phase), in: buckets, of: plan)
      let reducer = GradientReducer(plan: plan, count: 224)
      reducer.finish(with: plan.rank..<plan.rank + 1, in: buckets) { vector, whenWritten in
        vector.pointer.update(repeating: 1, count: 224)
        whenWritten(0..<224)
      } whenReady: {
        sum.hand($1, of: $0)
      }
      if let error = sum.run(over: communicator, after: nil) { throw error }
    }
    for result in results {
      let error = result.error as? DivergenceError
      #expect(error?.ranks == [1] && error?.step == 4)
      #expect("\(error as Any)".contains("in 3 buckets"))
    }
  }

  @Test("a rank that is lost between two buckets ends all, whatever they wait for", arguments: 0..<6)
  func loss(exchange: Int) {
    let results = ThreadCommunicator.results(size: 2) { communicator in
      let plan = try Self.plan(communicator)
      let sums = Self.sums(plan)
      let isLost = communicator.rank == 1
      let watched = WatchedCommunicator(communicator) { (number) throws(CommunicationError) in
        if isLost && number == exchange { throw .stalled(waits: "lost") }
      }
      let thread = CommunicationThread(watched)
      defer { thread.finish() }
      let sum = TurnSum(
        TurnSum.Place(step: 0, phase: Self.phase), in: Self.buckets, of: plan,
        by: TurnSum.Transport(partLength: 64))
      thread.enqueue { sum.run(over: $0, after: $1) }
      for bucket in [2, 1, 0] { sum.hand(sums[bucket], of: bucket) }
      for bucket in 0..<3 { _ = try sum.wait(for: bucket) }
      // What follows fails as well.
      let next = TurnSum(TurnSum.Place(step: 1, phase: Self.phase), in: Self.buckets, of: plan)
      thread.enqueue { next.run(over: $0, after: $1) }
      _ = try next.wait(for: 0)
    }
    for result in results { #expect(result.error is CommunicationError) }
  }
}
