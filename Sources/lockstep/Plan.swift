import ArgumentParser
import Cluster
import Training

struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predict how fast a recipe trains on a cluster, and recommend ranks and threads.",
    discussion: """
      Times the recipe's phases on this machine for a few seconds, then works out
      steps on a cluster of given nodes, bandwidth and latency: what each turn
      computes, which sums it waits for and which are hidden.

        lockstep plan dcgan64 --cluster cluster.txt
        lockstep plan dcgan batch=256 --hostfile hosts --bandwidth 1000 --json

      A cluster file has lines of key: value.

      \(ClusterDescription.keys.map { "  \($0.name): \($0.help)" }.joined(separator: "\n"))

      With --hostfile the nodes and their slots are the file's. --calibration takes
      the timing of an earlier plan --json, from a node of the cluster perhaps.
      Rows in brackets are of more nodes than there are. Let nothing else run
      meanwhile.

      Exit codes: 0, 66 a file is missing, 78 wrong options, cluster or hostfile.
      """)

  @Argument(help: "A recipe's name or file.", completion: .list(Recipes.names))
  var recipe: String

  @Argument(help: "key=value words.")
  var words: [String] = []

  @Option(help: "A file that describes the cluster.", completion: .file())
  var cluster: String?

  @Option(help: "The hosts and their slots.", completion: .file())
  var hostfile: String?

  @Option(help: "Mbit/s of a node's link each way; overrides the cluster file.")
  var bandwidth: Double?

  @Option(help: "Milliseconds a short message takes one way; overrides the cluster file.")
  var latency: Double?

  @Option(help: "Take the timing from the JSON of an earlier plan.", completion: .file())
  var calibration: String?

  @Option(
    help:
      "Processes that do the same while one is timed; by default one on each other core or slot of a node."
  )
  var beside: Int?

  @Flag(help: "Print one JSON object.")
  var json = false

  /// What a process does that is started beside a calibration.
  @Flag(help: .hidden)
  var keepBusy = false

  func validate() throws {
    guard cluster == nil || hostfile == nil else {
      throw ValidationError("--cluster and --hostfile both name nodes; give one.")
    }
    guard (bandwidth ?? 1) > 0, (0...10_000).contains(latency ?? 0) else {
      throw ValidationError("--bandwidth is positive, --latency is 0 to 10000 ms.")
    }
    guard (0...1024).contains(beside ?? 0) else {
      throw ValidationError("--beside lies between 0 and 1024.")
    }
    guard beside == nil || calibration == nil else {
      throw ValidationError("--calibration is of an earlier timing; leave out --beside.")
    }
    let threads = words.last { $0.hasPrefix("threads=") }.flatMap { Int($0.dropFirst("threads=".count)) }
    guard beside ?? 0 == 0 || threads ?? 1 == 1 else {
      throw ValidationError(
        "A rank of several threads is timed alone; leave out --beside, or give threads=1.")
    }
  }

  func run() throws {
    alone {
      var description = try cluster.map { try ClusterDescription.read($0) } ?? ClusterDescription()
      if let hostfile {
        description.slots = try Hostfile.read(hostfile).hosts.map(\.slots)
        description.nodes = description.slots?.count ?? 1
        description.cores = max(description.cores, description.slots?.max() ?? 1)
      }
      if let bandwidth { description.bandwidth = bandwidth }
      if let latency { description.latency = latency }
      var request = PlanRequest(recipe: recipe, cluster: description)
      request.words = words
      request.calibration = calibration
      request.beside = beside
      if keepBusy { return try request.keepBusy() }
      let plan = try request.plan()
      print(json ? plan.json : plan.text)
    }
  }
}
