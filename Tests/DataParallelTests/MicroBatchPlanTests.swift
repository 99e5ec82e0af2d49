import DataParallel
import Testing

@Suite("A plan shares out micro-batches")
struct MicroBatchPlanTests {
  @Test("every micro-batch has exactly one owner, ranges are contiguous and differ by at most one")
  func ownership() throws {
    let pairs = (0...8).map { 1 << $0 }.flatMap { count in (1...count).map { (count, $0) } }
    for (microBatches, worldSize) in pairs {
      let plans = try (0..<worldSize).map {
        try MicroBatchPlan(
          batch: microBatches * 3, microBatches: microBatches, worldSize: worldSize, rank: $0)
      }
      #expect(plans.flatMap { Array($0.local) } == Array(0..<microBatches), "\(microBatches) on \(worldSize)")
      let counts = plans.map(\.local.count)
      #expect(counts.max()! - counts.min()! <= 1 && counts.min()! >= 1, "\(counts)")
    }
  }

  @Test("micro-batches cut the global batch into equal parts, whatever the world size")
  func samples() throws {
    for worldSize in 1...8 {
      let plan = try MicroBatchPlan(batch: 64, microBatches: 8, worldSize: worldSize, rank: 0)
      #expect(plan.microBatchSize == 8)
      #expect((0..<8).flatMap { Array(plan.samples(of: $0)) } == Array(0..<64))
    }
  }

  @Test("a plan that cannot be says which values could")
  func errors() {
    func description(_ batch: Int, _ microBatches: Int, _ worldSize: Int) -> String? {
      do {
        _ = try MicroBatchPlan(batch: batch, microBatches: microBatches, worldSize: worldSize, rank: 0)
        return nil
      } catch {
        return error.description
      }
    }
    #expect(description(64, 8, 8) == nil)
    #expect(
      description(64, 12, 1)
        == "microBatches=12 is not a power of two; for batch=64 set microBatches to 1, 2, 4, 8, 16, 32 or 64")
    #expect(
      description(60, 8, 1)
        == "batch=60 is not divisible by microBatches=8; set batch to 56 or 64, or microBatches to 1, 2 or 4")
    #expect(
      description(5, 8, 1)
        == "batch=5 is not divisible by microBatches=8; set batch to 8, or microBatches to 1")
    #expect(
      description(64, 8, 9)
        == "9 ranks for microBatches=8 leave some without work; "
        + "start at most 8 ranks, or set microBatches to 16, 32 or 64, which changes the result")
    #expect(
      description(8, 8, 9)
        == "9 ranks for microBatches=8 leave some without work; "
        + "start at most 8 ranks, or choose a batch that a power of two of at least 9 divides")
    #expect(description(0, 8, 1)?.hasPrefix("batch=0 holds no sample") == true)
    #expect(description(64, 0, 1)?.hasPrefix("microBatches=0 is not a power of two") == true)
    #expect(description(64, -8, 1)?.hasPrefix("microBatches=-8 is not a power of two") == true)
  }

  @Test(
    "a plan for more samples than there are says which batch its ranks could share",
    arguments: [
      (1, "set batch to at most 10, such as batch=8 microBatches=4"),
      (5, "set batch to at most 10, such as batch=8 microBatches=8"),
      (9, "start at most 8 ranks, and set batch to at most 10, such as batch=8 microBatches=8"),
    ])
  func tooFew(worldSize: Int, advice: String) throws {
    let plan = try MicroBatchPlan(batch: 128, microBatches: 16, worldSize: worldSize, rank: 0)
    let error = #expect(throws: PlanError.self) { try plan.check(sampleCount: 10) }
    #expect(error?.description == "batch=128 is more than the 10 samples of the data; \(advice)")
  }

  @Test("passes cover a rank's micro-batches with complete subtrees of at most so many samples")
  func passes() throws {
    for worldSize in 1...8 {
      for samples in [0, 3, 4, 8, 13, 1000] {
        for rank in 0..<worldSize {
          let plan = try MicroBatchPlan(batch: 64, microBatches: 16, worldSize: worldSize, rank: rank)
          let passes = plan.passes(ofAtMost: samples)
          #expect(passes.flatMap { Array($0) } == Array(plan.local))
          #expect(passes.allSatisfy { plan.tree.pieces(of: $0).count == 1 })
          #expect(passes.allSatisfy { $0.count == 1 || $0.count * plan.microBatchSize <= samples })
        }
      }
    }
    let whole = try MicroBatchPlan(batch: 64, microBatches: 16, worldSize: 1, rank: 0)
    #expect(whole.passes(ofAtMost: 64) == [0..<16] && whole.passes(ofAtMost: 63) == [0..<8, 8..<16])
  }
}
