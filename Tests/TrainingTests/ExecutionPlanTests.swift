import Autograd
import DataParallel
import Models
import Testing
import Training

@Suite("What a step would take on a cluster")
struct ExecutionPlanTests {
  private let costs = [
    PhaseCost(name: "discriminator", opening: 1, rest: 2, update: 0.5, bytes: 8),
    PhaseCost(name: "generator", opening: 0, rest: 3, update: 0.25, bytes: 4),
  ]

  private func graph(isOverlapped: Bool = true) throws -> StepGraph {
    let options = try Options.resolve(recipe: "dcgan", overrides: [])
    let model = options.family.makeModel(options)
    return StepGraph(options.schedule(of: model), costs, isOverlapped: isOverlapped)
  }

  /// Of sums that take a second for each of two bytes.
  private func predicted(_ graph: StepGraph, shares: [Int] = [1], work: Double = 0) -> StepPrediction {
    StepPrediction(graph, shares: shares, sharesCores: work > 0) {
      .init(seconds: $0.bytes / 2, work: work)
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

  @Test("without overlap every sum is waited for")
  func blocking() throws {
    let found = predicted(try graph(isOverlapped: false))
    #expect(abs(found.exposed - 6) < 1e-9 && abs(found.seconds - 12.75) < 1e-9)
  }

  @Test(
    "buckets are data: a bucket that leaves before the turn ends, and one that is needed late, are hidden")
  func buckets() {
    let graph = StepGraph(
      stages: [
        .init(name: "a", secondsPerMicroBatch: 3, waitsFor: [1], hands: [0]),
        .init(name: "b", secondsPerMicroBatch: 2, waitsFor: [], hands: [1]),
        .init(name: "c", secondsPerMicroBatch: 1, waitsFor: [0], hands: []),
      ],
      sums: [.init(name: "first", bytes: 4, update: 0), .init(name: "second", bytes: 2, update: 0)])
    let found = predicted(graph)
    #expect(abs(found.seconds - 6) < 1e-9 && found.exposed == 0)
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
    let shared = predicted(try graph(), work: 1)
    // Half of the generator's sum runs behind the opening of one second.
    #expect(abs(shared.seconds - free.seconds) < 1e-9, "what it delays it would have waited for")
    let long = predicted(try graph(), shares: [4], work: 1)
    #expect(abs(long.seconds - predicted(try graph(), shares: [4]).seconds - 1) < 1e-9)
  }

  @Test("a node sends 2(M - 1)/M of the vector where its micro-batches are one subtree, more where not")
  func bytes() throws {
    let machine = ReductionCost.Machine(copy: 0, wire: 0, message: 0)
    func sent(_ nodes: [Int], microBatches: Int) throws -> Double {
      let plan = try MicroBatchPlan(
        batch: microBatches, microBatches: microBatches, worldSize: nodes.reduce(0, +), rank: 0)
      return ReductionCost(.init(megabits: 1000, latency: 0), machine, nodes: nodes, plan).bytesSent(of: 1)
    }
    for nodes in [2, 4, 8, 64, 1024] {
      let expected = 2 * Double(nodes - 1) / Double(nodes)
      #expect(try sent(Array(repeating: 1, count: nodes), microBatches: 1024) == expected)
      #expect(try sent(Array(repeating: 2, count: nodes), microBatches: 2048) == expected)
    }
    #expect(try sent([1], microBatches: 8) == 0)
    #expect(try sent([2, 1], microBatches: 8) > 1)
  }

  @Test("4 MB over two nodes at 1 Gbit/s take what the wire takes, and what nothing limits takes work")
  func wire() throws {
    let plan = try MicroBatchPlan(batch: 8, microBatches: 8, worldSize: 2, rank: 0)
    let machine = ReductionCost.Machine(copy: 1e-10, wire: 4e-10, message: 1e-5)
    let gigabit = ReductionCost(.init(megabits: 1000, latency: 2e-5), machine, nodes: [1, 1], plan)(
      bytes: 4e6)
    #expect(gigabit.seconds > 0.0333 && gigabit.seconds < 0.036)
    let free = ReductionCost(.init(megabits: .infinity, latency: 0), machine, nodes: [1, 1], plan)(bytes: 4e6)
    #expect(free.seconds < 0.004 && abs(free.seconds - free.work) < 1e-4)
    #expect(
      ReductionCost(.init(megabits: 1, latency: 1), machine, nodes: [2], plan)(bytes: 4e6).seconds < 0.003)
  }

  @Test("cluster files are read, and every mistake is told with its line")
  func files() throws {
    let whole = try ClusterDescription(
      text: "# a rack\nnodes: 4\n cores : 16\nbandwidth: 10000 # ten gigabits\nlatency: 0.02\nspeed: 0.5\n",
      path: "c")
    #expect(whole.nodes == 4 && whole.cores == 16 && whole.bandwidth == 10_000 && whole.speed == 0.5)
    #expect(try ClusterDescription(text: "bandwidth: unlimited", path: "c").bandwidth == .infinity)
    let error = #expect(throws: ClusterError.self) {
      try ClusterDescription(
        text: "node: 2\nnodes 3\nlatency: -1\nbandwidth: 5\nbandwidth: 6\ncores: 1e3\nlatency: nan", path: "c"
      )
    }
    #expect(
      error?.lines.map { String($0.prefix { $0 != ";" }) } == [
        "c:1: 'node' is no key of a cluster", "c:2: 'nodes 3' is no 'key: value' line",
        "c:3: '-1' is no value of latency", "c:5: bandwidth is given twice",
        "c:6: '1e3' is no value of cores",
        "c:7: latency is given twice",
      ])
    #expect(error.map { ExitStatus(of: $0) } == .configuration)
  }

  @Test("a recipe is calibrated by training it, and a calibration is read back from a plan")
  func calibration() throws {
    let options = try Options.resolve(
      recipe: "dcgan",
      overrides: ["batch=16", "model.generatorFeatures=4", "model.discriminatorFeatures=4"])
    let found = try Calibration(options, threads: 1, beside: 0)
    let model = options.family.makeModel(options)
    #expect(found.phases.map(\.name) == ["discriminator", "generator"])
    for (phase, network) in zip(found.phases, [1, 0]) {
      #expect(phase.rest > 0 && phase.update > 0)
      #expect(phase.bytes >= Double(4 * model.networks[network].store.count))
      #expect(phase.bytes < Double(5 * model.networks[network].store.count))
    }
    #expect(found.phases[0].opening > 0 && found.phases[1].opening == 0)

    var cluster = ClusterDescription()
    (cluster.nodes, cluster.cores, cluster.bandwidth) = (2, 1, 100)
    let machine = ReductionCost.Machine(copy: 1e-10, wire: 4e-10, message: 1e-5)
    let plan = ExecutionPlan(options, on: cluster, calibrations: [found], machine: machine)
    #expect(
      plan.rows.map(\.nodes) == [1, 2, 4, 8] && plan.rows.map(\.isWithin) == [true, true, false, false])
    #expect(plan.best.nodes <= 2 && plan.best.microBatches == 8)
    #expect(CalibrationRecord(planJSON: plan.json) == CalibrationRecord([found], machine))
    #expect(CalibrationRecord(planJSON: "{}") == nil)
    // No work for a ninth rank.
    cluster.nodes = 9
    #expect(
      ExecutionPlan(options, on: cluster, calibrations: [found], machine: machine).rows.map(\.nodes) == [
        1, 2, 4, 8,
      ])
  }
}
