import Cluster
import DataParallel
import Models
import Platform
import TestSupport
import Testing
import Training

@Suite("A step, played through")
struct StepPredictionTests {
  private static let discriminator = PhaseCost(
    name: "discriminator", opening: 1, forward: 0.5, backward: 1.5,
    buckets: [.init(bytes: 8, update: 0.5, left: 0)], reads: [[0], [0]])
  private static let generator = PhaseCost(
    name: "generator", opening: 0, forward: 2, backward: 1,
    buckets: [.init(bytes: 4, update: 0.25, left: 0)], reads: [[0], [0]])
  private static let whole = [discriminator, generator]

  /// The same vectors in buckets.
  private static var cut: [PhaseCost] {
    var (discriminator, generator) = (discriminator, generator)
    discriminator.buckets = [
      .init(bytes: 1, update: 0.1, left: 0), .init(bytes: 3, update: 0.2, left: 0.4),
      .init(bytes: 4, update: 0.2, left: 1.2),
    ]
    generator.buckets = [.init(bytes: 1, update: 0.05, left: 0), .init(bytes: 3, update: 0.2, left: 0.7)]
    discriminator.reads = [[], [0, 0.2]]
    generator.reads = [[0, 0.3, 1.5], []]
    return [discriminator, generator]
  }

  private func graph(
    _ costs: [PhaseCost] = whole, microBatchesPerPass: Int = 1, isOverlapped: Bool = true
  ) throws -> StepGraph {
    let options = try Options.resolve(recipe: "dcgan", overrides: [])
    let model = options.makeModel()
    return StepGraph(
      options.schedule(of: model), costs, microBatchesPerPass: microBatchesPerPass,
      isOverlapped: isOverlapped)
  }

  /// Of sums that take half a second a byte, and of that a share of a core.
  private func predicted(
    _ graph: StepGraph, shares: [Int] = [1], work: Double = 0, partBytes: Double = .infinity
  ) -> StepPrediction {
    StepPrediction(graph, shares: shares, sharesCores: work > 0, partBytes: partBytes) {
      .init(seconds: $0 / 2, work: work * $0 / 2)
    }
  }

  @Test("the generator's sum hides behind the discriminator's opening, the discriminator's is waited for")
  func overlap() throws {
    let found = predicted(try graph())
    // Opening 1, rest of the wait 2 - 1, update 0.25, rest 2, wait 4, update 0.5, generator 3.
    #expect(abs(found.seconds - 11.75) < 1e-9 && abs(found.exposed - 5) < 1e-9)
    #expect(abs(found.exposedBySum[0] - 4) < 1e-9 && abs(found.exposedBySum[1] - 1) < 1e-9)
    #expect(abs(found.computing - 6.75) < 1e-9)
  }

  @Test("without overlap every sum is waited for, however it is cut")
  func blocking() throws {
    let found = predicted(try graph(isOverlapped: false))
    #expect(abs(found.exposed - 6) < 1e-9 && abs(found.seconds - 12.75) < 1e-9)
    // But for updates, which are made while later buckets travel.
    let cut = predicted(try graph(Self.cut, isOverlapped: false))
    #expect(cut.seconds < found.seconds && cut.seconds >= 12)
  }

  @Test("a vector in one bucket is handed over at the end, wherever its pass is cut")
  func oneBucket() throws {
    var costs = Self.whole
    for split in [0, 0.7, 2] {
      costs[0].forward = split
      costs[0].backward = 2 - split
      costs[0].buckets[0].left = 0.1
      #expect(abs(predicted(try graph(costs)).seconds - 11.75) < 1e-9)
    }
  }

  @Test("buckets hide what a whole vector exposes")
  func buckets() throws {
    let cut = predicted(try graph(Self.cut))
    let whole = predicted(try graph(Self.cut.cut([BucketPlan(count: 2), BucketPlan(count: 1)])))
    #expect(cut.seconds < whole.seconds - 1 && cut.exposed < whole.exposed - 1)
    #expect(abs(cut.computing - whole.computing) < 1e-9)
  }

  @Test("buckets are merged with all that they hold: handed over with the last, read with the first")
  func merging() {
    let costs = [
      PhaseCost(
        name: "a", opening: 0, forward: 3, backward: 3,
        buckets: [
          .init(bytes: 40, update: 1, left: 0), .init(bytes: 400, update: 2, left: 1),
          .init(bytes: 80, update: 3, left: 2),
        ], reads: [[0, 1, 2]])
    ]
    let parameters = [0..<10, 10..<110, 110..<130]
    let all = BucketPlan(count: 130, parameters: parameters, length: 10)
    #expect(costs.cut([all]) == costs)
    let two = costs.cut([BucketPlan(count: 130, parameters: parameters, length: 50)])[0]
    #expect(
      two.buckets == [
        .init(bytes: 40, update: 1, left: 0), .init(bytes: 480, update: 5, left: 1),
      ])
    #expect(two.reads == [[0, 1]])
    let one = costs.cut([BucketPlan(count: 130)])[0]
    #expect(one.buckets == [.init(bytes: 520, update: 6, left: 0)] && one.reads == [[0]])
  }

  /// A last bucket that leaves a second before a first one, which is waited for at once.
  private let urgent = StepGraph(
    stages: [
      .init(name: "a", secondsPerMicroBatch: 1, hands: [.init(1, of: 0)]),
      .init(name: "b", secondsPerMicroBatch: 1, hands: [.init(0, of: 0)]),
      .init(name: "c", secondsPerMicroBatch: 2, waitsFor: [.init(0, of: 0)]),
      .init(name: "d", secondsPerMicroBatch: 0, waitsFor: [.init(1, of: 0)]),
    ],
    sums: [.init(name: "sum", bytes: [2, 4], updates: [0, 0])])

  @Test("the first bucket overtakes what is left of a later one, a part of it at a time")
  func urgency() {
    let inParts = predicted(urgent, partBytes: 1)
    #expect(abs(inParts.exposed - 1) < 1e-9 && abs(inParts.seconds - 5) < 1e-9)
    let whole = predicted(urgent)
    #expect(abs(whole.exposed - 2) < 1e-9 && abs(whole.seconds - 6) < 1e-9)
  }

  @Test("nothing is applied before the slowest rank has handed everything over")
  func agreement() {
    // The slower rank hands over at 3 and at 6, and waits for the first bucket until 7.
    let found = predicted(urgent, shares: [1, 3])
    #expect(abs(found.seconds - 13) < 1e-9, "\(found)")
    #expect(abs(found.exposedBySum[0] - 1) < 1e-9 && abs(found.exposed - 9) < 1e-9)
  }

  @Test("the rank with most micro-batches sets the pace, the others wait for it")
  func shares() throws {
    let found = predicted(try graph(), shares: [2, 3])
    // Opening 3, update 0.25, rest 6, wait 4, update 0.5, generator 9; the generator's sum of 2 is hidden.
    #expect(abs(found.seconds - 22.75) < 1e-9, "\(found)")
    #expect(abs(found.exposedBySum[0] - 4) < 1e-9 && found.exposedBySum[1] == 0)
    #expect(found.exposed > 4, "who has less waits more")
  }

  @Test("a sum that is hidden takes the time of a core where all cores compute")
  func work() throws {
    let free = predicted(try graph())
    let shared = predicted(try graph(), work: 0.5)
    // The generator's sum takes half of the core that the opening needs.
    #expect(abs(shared.seconds - free.seconds) < 1e-9, "what it delays it would have waited for")
    let long = predicted(try graph(), shares: [4], work: 0.5)
    #expect(abs(long.seconds - predicted(try graph(), shares: [4]).seconds - 1) < 1e-9)
  }

  @Test("every micro-batch is computed once, in passes of any length")
  func passes() throws {
    let each = Self.cut.reduce(0) { $0 + $1.computation }
    let updates = Self.cut.reduce(0) { $0 + $1.update }
    for length in [1, 2, 4] {
      let graph = try graph(Self.cut, microBatchesPerPass: length)
      for share in 1...9 {
        #expect(abs(predicted(graph, shares: [share]).computing - Double(share) * each - updates) < 1e-9)
      }
    }
  }

  @Test("longer passes hide more, since only the last one hands over and only the first one waits")
  func longPasses() throws {
    let short = predicted(try graph(Self.cut), shares: [4])
    let long = predicted(try graph(Self.cut, microBatchesPerPass: 4), shares: [4])
    #expect(long.exposed < short.exposed)
  }

  @Test(
    "no step is shorter than its computation or its sums, and no more is exposed than sums take",
    arguments: 0..<50)
  func bounds(seed: Int) throws {
    var generator = SplitMix64(state: UInt64(seed))
    func random(_ range: ClosedRange<Double>) -> Double { .random(in: range, using: &generator) }
    let counts = [Int.random(in: 1...5, using: &generator), Int.random(in: 1...5, using: &generator)]
    let costs = ["discriminator", "generator"].enumerated().map { index, name in
      PhaseCost(
        name: name, opening: random(0...2), forward: random(0...2), backward: random(0...2),
        buckets: (0..<counts[index]).map { _ in
          .init(bytes: random(1...9), update: random(0...0.2), left: random(0...2))
        },
        reads: counts.map { count in (0..<count).map { _ in random(0...2) } })
    }
    let share = Int.random(in: 1...8, using: &generator)
    let (work, part) = (random(0...1), random(0.1...4))
    let found = predicted(
      try graph(costs, microBatchesPerPass: 2), shares: [share], work: work, partBytes: part)
    let sums = costs.reduce(0) { $0 + $1.bytes / 2 }
    let computation = costs.reduce(0) { $0 + $1.computation * Double(share) + $1.update }
    #expect(found.seconds >= computation - 1e-9 && found.seconds >= sums - 1e-9)
    #expect(found.exposed <= sums + 1e-9)
    #expect(found.seconds <= computation + sums + 1e-9, "a core does one thing or the other, or both")
    #expect(abs(found.seconds - found.exposed - found.computing) < 1e-9)
  }
}
