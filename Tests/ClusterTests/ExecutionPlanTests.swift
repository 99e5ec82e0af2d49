import Autograd
import Cluster
import DataParallel
import Foundation
import Models
import Platform
import Testing
import Training

@Suite("What a step would take on a cluster")
struct ExecutionPlanTests {
  @Test("a node sends 2(M - 1)/M of the vector where its micro-batches are one subtree, more where not")
  func bytes() throws {
    let machine = ReductionCost.Machine(copy: 0, wire: 0, message: 0)
    func sent(_ nodes: [Int], microBatches: Int, as format: WireFormat = .float32) throws -> Double {
      let plan = try MicroBatchPlan(
        batch: microBatches, microBatches: microBatches, worldSize: nodes.reduce(0, +), rank: 0)
      return ReductionCost(.init(megabits: 1000, latency: 0), machine, nodes: nodes, plan, as: format)
        .bytesSent(of: 1)
    }
    for nodes in [2, 4, 8, 64, 1024] {
      let expected = 2 * Double(nodes - 1) / Double(nodes)
      #expect(try sent(Array(repeating: 1, count: nodes), microBatches: 1024) == expected)
      #expect(try sent(Array(repeating: 2, count: nodes), microBatches: 2048) == expected)
    }
    #expect(try sent([1], microBatches: 8) == 0)
    #expect(try sent([2, 1], microBatches: 8) > 1)
    #expect(try sent([1, 1], microBatches: 8, as: .bfloat16) == 0.5)
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
    // Sent and received.
    let packets = ReductionCost(
      .init(megabits: .infinity, latency: 0, packet: 1e-6), machine, nodes: [1, 1], plan)(bytes: 4e6)
    #expect(abs(packets.work - free.work - 2 * 4e6 / 1448 * 1e-6) < 1e-9)
    #expect(
      ReductionCost(.init(megabits: 1, latency: 1), machine, nodes: [2], plan)(bytes: 4e6).seconds < 0.003)
  }

  @Test("copies, short messages and latency count as often as a sum of 4 MB copies, sends and waits")
  func terms() throws {
    func seconds(_ nodes: [Int], copy: Double = 0, message: Double = 0, latency: Double = 0) throws -> Double
    {
      let plan = try MicroBatchPlan(batch: 8, microBatches: 8, worldSize: nodes.reduce(0, +), rank: 0)
      let link = ReductionCost.Link(megabits: .infinity, latency: latency)
      let machine = ReductionCost.Machine(copy: copy, wire: 0, message: message)
      return ReductionCost(link, machine, nodes: nodes, plan)(bytes: 4e6).seconds
    }
    // A piece where memory is shared, the sum, and 1.5 times a part of it.
    #expect(try seconds([2], copy: 1) == 2.75 * 4e6)
    #expect(try seconds([1, 1], copy: 1) == 1.75 * 4e6)
    #expect(try seconds([2, 2], copy: 1) == 2.375 * 4e6)
    // Two for the header's every doubling; two in each exchange, of which there are 4 rounds and one more, or
    // 5 blocks and two more.
    #expect(try seconds([2], message: 1) == 2)
    #expect(try seconds([1, 1], message: 1) == 2 + 5 * 2)
    #expect(try seconds([2, 2], message: 1) == 4 + 7 * 2)
    // Three in each exchange.
    #expect(try seconds([2], latency: 1) == 0)
    #expect(try seconds([1, 1], latency: 1) == 2 + 5 * 3)
    #expect(try seconds([2, 2], latency: 1) == 2 + 7 * 3)
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

  private static let narrow = ["batch=16", "model.generatorFeatures=4", "model.discriminatorFeatures=4"]

  @Test("a recipe is calibrated by training it, and a calibration is read back from a plan")
  func calibration() throws {
    let options = try Options.resolve(recipe: "dcgan", overrides: Self.narrow)
    let found = try Calibration(options, threads: 1, beside: 0)
    let model = options.makeModel()
    #expect(found.phases.map(\.name) == ["discriminator", "generator"])
    for (phase, network) in zip(found.phases, [1, 0]) {
      #expect(phase.forward > 0 && phase.backward > 0 && phase.update > 0)
      #expect(phase.bytes >= Double(4 * model.networks[network].store.count))
      #expect(phase.bytes < Double(5 * model.networks[network].store.count))
    }
    #expect(found.phases[0].opening > 0 && found.phases[1].opening == 0)

    var cluster = ClusterDescription()
    (cluster.nodes, cluster.cores, cluster.bandwidth) = (2, 1, 100)
    let machine = ReductionCost.Machine(copy: 1e-10, wire: 4e-10, message: 1e-5)
    let plan = try ExecutionPlan(options, on: cluster, calibrations: [found], machine: machine)
    #expect(
      plan.rows.map(\.nodes) == [1, 2, 4, 8] && plan.rows.map(\.isWithin) == [true, true, false, false])
    #expect(plan.best.nodes <= 2 && plan.best.microBatches == 8)
    #expect(CalibrationRecord(planJSON: plan.json) == CalibrationRecord([found], machine))
    #expect(CalibrationRecord(planJSON: "{}") == nil)
    // No work for a ninth rank.
    cluster.nodes = 9
    #expect(
      try ExecutionPlan(options, on: cluster, calibrations: [found], machine: machine).rows.map(\.nodes) == [
        1, 2, 4, 8,
      ])
    // Nor any for more ranks on the first node than there are micro-batches.
    (cluster.nodes, cluster.slots) = (2, [16, 16])
    #expect(throws: ClusterError.self) {
      try ExecutionPlan(options, on: cluster, calibrations: [found], machine: machine)
    }
  }

  @Test(
    "a calibration tells when a pass reads each bucket, in order, and when it hands its own over, in reverse")
  func bucketTimes() throws {
    let options = try Options.resolve(
      recipe: "dcgan", overrides: ["batch=16", "model.discriminatorFeatures=32"])
    let phases = try Calibration(options, threads: 1, beside: 0).phases
    for (phase, other) in [(phases[0], 1), (phases[1], 0)] {
      #expect(phase.buckets.count > 1)
      #expect(phase.buckets.map(\.left) == phase.buckets.map(\.left).sorted())
      #expect(phase.buckets.allSatisfy { $0.left < phase.backward })
      // Each turn's pass reads the other network, its own having been read by that one's turn.
      #expect(phase.reads[1 - other].isEmpty && phase.reads[other].count == phases[other].buckets.count)
      #expect(phase.reads[other] == phase.reads[other].sorted())
      #expect(phase.reads[other].allSatisfy { $0 < phase.forward })
    }
  }

  @Test("what one node computes otherwise is calibrated for itself, and taken for its row alone")
  func oneNode() throws {
    let options = try Options.resolve(recipe: "dcgan", overrides: Self.narrow)
    #expect(try Calibration.dependsOnNodes(options), "several micro-batches a pass between nodes")
    #expect(
      try Calibration.dependsOnNodes(Options.resolve(recipe: "ring", overrides: [])), "terms are joined")
    #expect(try !Calibration.dependsOnNodes(Options.resolve(recipe: "vae", overrides: [])))

    let plan = try Self.plan(
      options, Self.calibration(1), Self.calibration(0.25, acrossNodes: false),
      on: ClusterDescription(text: "nodes: 2\ncores: 1", path: "c"))
    #expect(abs(plan.rows[0].prediction.seconds - 8) < 1e-9)
    #expect(abs(plan.rows[1].prediction.seconds - 16) < 1e-9)
  }

  /// Of two phases whose micro-batches take so many seconds forward and as many backward.
  private static func calibration(
    _ seconds: Double, update: Double = 0, microBatches: Int = 8, acrossNodes: Bool = true
  ) -> Calibration {
    let phases = ["discriminator", "generator"].map { name in
      PhaseCost(
        name: name, opening: 0, forward: seconds, backward: seconds,
        buckets: [.init(bytes: 4000, update: update, left: 0)], reads: [[0], [0]])
    }
    return Calibration(
      microBatches: microBatches, threads: 1, beside: 0, acrossNodes: acrossNodes, microBatchesPerPass: 1,
      phases: phases)
  }

  /// Where sums take no time.
  private static func plan(
    _ options: Options, _ calibrations: Calibration..., on cluster: ClusterDescription
  ) throws -> ExecutionPlan {
    var cluster = cluster
    (cluster.bandwidth, cluster.latency) = (.infinity, 0)
    return try ExecutionPlan(
      options, on: cluster, calibrations: calibrations, machine: .init(copy: 0, wire: 0, message: 0))
  }

  @Test("nodes are worth it as long as twice as many gain a tenth, whatever a number between them gains")
  func worthwhile() throws {
    let options = try Options.resolve(recipe: "dcgan", overrides: Self.narrow)
    // 6 nodes are as fast as 4: of 8 micro-batches some have two.
    let plan = try Self.plan(
      options, Self.calibration(1), on: ClusterDescription(text: "nodes: 6\ncores: 1", path: "c"))
    #expect(plan.rows.map(\.nodes) == [1, 2, 4, 6, 8] && plan.worthwhileNodes == 8)
    #expect(
      plan.rows[3].limit == "ranks with 2 micro-batches beside others with fewer",
      "it stands behind `limited by`")
  }

  @Test("a change too small for its digits has no sign")
  func changes() {
    let texts = [2.04, 0.04, 0, -0.04, -2.06].map(ExecutionPlan.change)
    #expect(texts == ["+2.0 %", "0.0 %", "0.0 %", "0.0 %", "-2.1 %"])
  }

  @Test("slower cores take longer for all, ranks of a node share an update")
  func speed() throws {
    let options = try Options.resolve(recipe: "dcgan", overrides: Self.narrow)
    let plan = try Self.plan(
      options, Self.calibration(1, update: 0.25),
      on: ClusterDescription(text: "cores: 2\nspeed: 0.5", path: "c"))
    // Two phases, each of 4 micro-batches forward and backward, and half an update.
    #expect(plan.rows[0].ranks == 2 && abs(plan.rows[0].prediction.seconds - 2 * (4 * 4 + 0.25)) < 1e-9)
  }

  @Test(
    "speed is told in what the samples of the recipe are called",
    arguments: [("dcgan", "images/s"), ("ring", "samples/s"), ("voxel-gan", "volumes/s")])
  func units(recipe: String, unit: String) throws {
    let options = try Options.resolve(recipe: recipe, overrides: ["batch=16", "microBatches=8"])
    let text = try Self.plan(options, Self.calibration(1), on: ClusterDescription()).text
    #expect(text.components(separatedBy: unit).count > 2, "\(text)")
    #expect(unit == "images/s" || !text.contains("images/s"), "\(text)")
  }

  @Test("where nothing but computation takes time the cores of uneven nodes are efficient")
  func efficiency() throws {
    let options = try Options.resolve(recipe: "dcgan", overrides: ["batch=128", "microBatches=64"])
    var cluster = ClusterDescription()
    (cluster.slots, cluster.nodes, cluster.cores) = ([2, 1], 2, 2)
    let plan = try Self.plan(options, Self.calibration(1, microBatches: 64), on: cluster)
    #expect(plan.rows.map(\.ranks) == [2, 3])
    #expect(plan.efficiency(plan.rows[0]) == 1)
    // Of 64 micro-batches a rank of three has 22.
    #expect(abs(plan.efficiency(plan.rows[1]) - 64.0 / 66) < 1e-9)
  }

  @Test("a rank is timed beside as many as a node will have, as far as there are cores")
  func beside() {
    var request = PlanRequest(recipe: "dcgan", cluster: ClusterDescription())
    #expect(request.defaultBeside == min(Cores.usable, Cores.onNode) - 1)
    (request.cluster.cores, request.cluster.slots) = (64, [1, 1])
    #expect(request.defaultBeside == 0)
    request.cluster.slots = [1, 2]
    #expect(request.defaultBeside == min(Cores.usable, 2) - 1)
  }

  @Test("processes that have no room side by side are refused before one is started")
  func memory() throws {
    var request = PlanRequest(
      recipe: "dcgan", cluster: try ClusterDescription(text: "nodes: 2\ncores: 2", path: "cluster"))
    (request.words, request.beside) = (["batch=32768"], 1024)
    let error = #expect(throws: ClusterError.self) { _ = try request.plan() }
    #expect(error?.description.contains("1025 processes") == true, "\(String(describing: error))")
  }

  @Test("a plan with compressed gradients is refused in one line")
  func compressed() throws {
    var request = PlanRequest(
      recipe: "dcgan", cluster: try ClusterDescription(text: "nodes: 2\ncores: 1", path: "cluster"))
    request.words = ["wire=powersgd"]
    let error = #expect(throws: ClusterError.self) { _ = try request.plan() }
    #expect(error?.description.contains("wire=powersgd") == true)
  }

  @Test("numbers of micro-batches that other options do not allow are left out, not tried")
  func otherOptions() throws {
    var cluster = ClusterDescription()
    (cluster.nodes, cluster.cores) = (1, 2)
    for word in ["model.packing=128", "replay.size=4"] {
      var request = PlanRequest(recipe: "ring", cluster: cluster)
      (request.words, request.beside) = ([word, "threads=1"], 0)
      #expect(try request.plan().rows.isEmpty == false, "\(word)")
    }
  }
}
