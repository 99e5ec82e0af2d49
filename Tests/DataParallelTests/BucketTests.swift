import Conformance
import DataParallel
import MessagePassing
import TensorCore
import Testing

@Suite("A vector is cut into buckets")
struct BucketTests {
  @Test("which cover it, begin at parameters, and leave a small vector whole")
  func cut() {
    let parameters = [0..<30, 30..<40, 40..<140, 140..<145, 145..<345, 345..<350]
    let plan = BucketPlan(count: 360, parameters: parameters, length: 100)
    // Small ones follow the large one that they come after; so does what is not a parameter.
    #expect(plan.ranges == [0..<40, 40..<145, 145..<360] && plan.count == 360)
    #expect(BucketPlan(count: 360, parameters: parameters, length: 400).ranges == [0..<360])
    #expect(BucketPlan(count: 360, parameters: parameters).ranges == [0..<360])
    #expect(BucketPlan(count: 7).ranges == [0..<7])
    let small = (0..<30).map { $0 * 10..<$0 * 10 + 10 }
    #expect(
      BucketPlan(count: 300, parameters: small, length: 100).ranges == [0..<100, 100..<200, 200..<300])
  }

  @Test("of which there are never more than bits in a word", arguments: [64, 65, 1000, 4096])
  func limit(parameters: Int) {
    let even = (0..<parameters).map { $0 * 5..<$0 * 5 + 5 }
    for length in [1, 2, 5, 6] {
      let plan = BucketPlan(count: 5 * parameters, parameters: even, length: length)
      #expect((2...64).contains(plan.ranges.count))
      #expect(plan.ranges.flatMap(Array.init) == Array(0..<5 * parameters))
    }
  }

  @Test("and elements are found in the buckets that hold them")
  func indices() {
    let plan = BucketPlan(count: 60, parameters: [0..<20, 20..<40, 40..<60], length: 20)
    #expect(plan.indices(of: 0..<1) == 0..<1 && plan.indices(of: 19..<21) == 0..<2)
    #expect(plan.indices(of: 20..<40) == 1..<2 && plan.indices(of: 0..<60) == 0..<3)
    #expect(plan.indices(of: 60..<60).isEmpty)
  }

  @Test(
    "each is handed out when its last element is there, and its sum has the bits of one rank",
    arguments: 1...8, [1, 16, 100])
  func sums(worldSize: Int, length: Int) throws {
    let count = 303
    let parameters = stride(from: 0, to: 300, by: 50).map { $0..<$0 + 50 }
    let buckets = BucketPlan(count: count, parameters: parameters, length: length)
    let leaves = (0..<8).map { ReductionConformance.leaf($0, count: count, step: 0) }
    let expected = ReductionConformance.fold(leaves[...])
    let results = try ThreadCommunicator.run(size: worldSize) { communicator in
      let plan = try MicroBatchPlan(batch: 8, microBatches: 8, worldSize: worldSize, rank: communicator.rank)
      let reducer = GradientReducer(plan: plan, count: count)
      let result = TensorStorage(count: count)
      // The second time as the first: the reducer begins anew.
      for _ in 0..<2 {
        for microBatch in plan.local.dropLast() {
          reducer.add(Tensor(leaves[microBatch], shape: [count]), at: microBatch)
        }
        let last = plan.local.upperBound - 1
        var written: Set<Int> = []
        var ready: [(Int, PartialSums)] = []
        reducer.finish(with: last..<last + 1, in: buckets) { vector, whenWritten in
          for range in [300..<303] + parameters.reversed() {
            for index in range { vector.pointer[index] = leaves[last][index] }
            written.formUnion(range)
            whenWritten(range)
          }
        } whenReady: { bucket, sums in
          #expect(written.isSuperset(of: buckets.ranges[bucket]))
          ready.append((bucket, sums))
        }
        #expect(ready.map(\.0) == buckets.ranges.indices.reversed())
        for (bucket, sums) in ready {
          // In two parts, as between nodes.
          let range = buckets.ranges[bucket]
          let half = range.count / 2
          for part in [0..<half, half..<range.count] {
            try sums.part(part).reduce(
              over: communicator, into: result.pointer + range.lowerBound + part.lowerBound)
          }
        }
      }
      return Tensor(viewOf: result, offset: 0, shape: [count]).scalars
    }
    #expect(results.allSatisfy { $0 == expected })
  }

  @Test("and sums too large to be added, infinities and NaNs are told from others")
  func bound() throws {
    let plan = try MicroBatchPlan(batch: 1, microBatches: 1, worldSize: 1, rank: 0)
    // The longest is looked at in two parts.
    ComputeThreads.count = 2
    defer { ComputeThreads.count = 1 }
    for count in [1, 16, 37, 40_000] {
      for place in [0, count - 1] {
        let cases: [(value: Float, isWithin: Bool)] = [
          (0, true), (100, true), (-100, true), (100.1, false), (-100.1, false), (.nan, false),
          (-.nan, false),
          (-.infinity, false),
        ]
        for (value, isWithin) in cases {
          var values = [Float](repeating: -1, count: count)
          values[place] = value
          let reducer = GradientReducer(plan: plan, count: count)
          reducer.add(Tensor(values, shape: [count]), at: 0)
          #expect(reducer.finish().isWithin(100) == isWithin)
        }
      }
    }
  }
}
