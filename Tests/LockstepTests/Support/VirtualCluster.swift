import Foundation

/// Nodes of `cluster/virtual` for one test, gone with it.
final class VirtualCluster {
  private static let script = Package.folder + "/cluster/virtual"

  /// Whether one comes up here: it needs root, namespaces, iproute2 and an ssh server.
  static let isAvailable: Bool = {
    guard getuid() == 0, let folder = try? Folder() else { return false }
    return (try? VirtualCluster(nodes: 1, in: folder)) != nil
  }()

  private let state = "/run/lockstep-test-\(UUID().uuidString.prefix(8))"
  private let folder: Folder

  /// The folder that all nodes see.
  var shared: String { state + "/shared" }
  /// The program, where all nodes see it.
  var program: String { shared + "/lockstep" }
  var hostfile: String { shared + "/hosts" }

  init(nodes: Int, slots: Int = 1, in folder: Folder) throws {
    self.folder = folder
    try run(["up", "\(nodes)"])
    try FileManager.default.copyItem(atPath: Lockstep.path!, toPath: program)
    let hosts = try run(["hostfile", "\(slots)"]).output
    try Data(hosts.utf8).write(to: URL(fileURLWithPath: hostfile))
  }

  deinit { _ = try? job(["down"]).wait() }

  /// Runs the script and waits for its end.
  @discardableResult
  func run(_ words: [String]) throws -> Finished {
    let finished = try job(words).wait()
    guard finished.status == 0 else { throw Unexpected(finished) }
    return finished
  }

  /// Starts `lockstep launch` on the first node.
  func launch(_ words: [String]) throws -> Job {
    try job(["exec", "node1", program, "launch", "--hostfile", hostfile] + words)
  }

  /// Runs `lockstep doctor` on the first node.
  func doctor() throws -> Finished {
    try job(["exec", "node1", program, "doctor", "--hostfile", hostfile, "--run", shared]).wait()
  }

  /// Runs `cluster/deploy` on the first node, to a path on every host.
  func deploy(to target: String) throws -> Finished {
    let script = shared + "/deploy"
    if !FileManager.default.fileExists(atPath: script) {
      try FileManager.default.copyItem(atPath: Package.folder + "/cluster/deploy", toPath: script)
    }
    return try job(["exec", "node1", "/usr/bin/env", "LOCKSTEP=\(program)", script, hostfile, target]).wait()
  }

  /// Starts Slurm over all nodes.
  func startSlurm() throws { try run(["slurm"]) }

  /// Whether the distribution's Slurm is installed.
  static let hasSlurm = ["slurmctld", "slurmd", "sbatch", "munged"].allSatisfy { tool in
    ["/usr/sbin/", "/usr/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + tool) }
  }

  /// Takes another hostfile.
  func useHostfile(_ path: String) throws {
    try FileManager.default.removeItem(atPath: hostfile)
    try FileManager.default.copyItem(atPath: path, toPath: hostfile)
  }

  private func job(_ words: [String]) throws -> Job {
    try Job(["/usr/bin/env", "LOCKSTEP_CLUSTER=\(state)", Self.script] + words, in: folder)
  }

  /// The lines of a run's log in the shared folder.
  func loggedLines(_ run: String) -> Int {
    let log = FileManager.default.contents(atPath: "\(shared)/\(run)/log.jsonl") ?? Data()
    return log.count { $0 == 10 }
  }
}

/// What the tests read of `status.json`.
struct Status: Decodable {
  let state: String
  let exitCode: Int?
  let cause: String?
  let worldSize: Int?
  let checkpoint: Int?

  init(of run: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(Status.self, from: Data(contentsOf: URL(fileURLWithPath: run + "/status.json")))
  }
}
