import Foundation
import Testing

extension EndToEnd {
  /// Runs over several hosts, and hosts that are lost on the way.
  @Suite(
    .enabled(
      if: MPIRun.isAvailable && VirtualCluster.isAvailable,
      "no virtual cluster here: it needs root, namespaces, iproute2, openssh-server and mpirun"))
  struct ClusterTests {
    private func words(_ run: String, steps: Int) -> [String] {
      ["train", "dcgan"] + narrow + course(steps: steps, threads: 1) + ["--run", run]
    }

    @Test(
      "two nodes end with the bits of one rank, evenly and unevenly loaded",
      arguments: [("two-nodes", 4), ("uneven", 3)])
    func sameBits(hostfile: String, ranks: Int) throws {
      let folder = try Folder()
      let cluster = try VirtualCluster(nodes: 2, in: folder)
      try cluster.useHostfile(Package.folder + "/hostfiles/\(hostfile)")
      let run = cluster.shared + "/run"
      let finished = try cluster.launch(["-n", "\(ranks)"] + words(run, steps: 12)).wait()
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(try Lockstep.inspect(run, in: folder).hashes == Reference.narrow("dcgan"))
      let status = try Status(of: run)
      #expect(status.state == "done" && status.worldSize == ranks)
    }

    @Test(
      "compressed gradients make other weights, the same over the same nodes: whole, in two parts, on more ranks",
      arguments: ["bfloat16", "powersgd"])
    func compressed(wire: String) throws {
      let folder = try Folder()
      let cluster = try VirtualCluster(nodes: 2, slots: 2, in: folder)
      func train(_ name: String, _ layout: [String], steps: Int, _ more: [String] = []) throws -> [String] {
        let run = cluster.shared + "/" + name
        let words = self.words(run, steps: steps) + ["wire=\(wire)"] + more
        let finished = try cluster.launch(layout + words).wait()
        #expect(finished.status == 0, "\(finished.errors)")
        return try Lockstep.inspect(run, in: folder).hashes
      }
      let whole = try train("whole", ["-n", "4"], steps: 12)
      _ = try train("parts", ["-n", "4"], steps: 6)
      #expect(try train("parts", ["-n", "4"], steps: 12, ["--resume"]) == whole)
      // What is stored names the wire, weights do not.
      #expect(try whole[0] != Reference.narrow("dcgan")[0])
      let single = folder.path + "/single"
      try Data(cluster.run(["hostfile", "1"]).output.utf8).write(to: URL(fileURLWithPath: single))
      try cluster.useHostfile(single)
      #expect(try train("single", ["-n", "2"], steps: 12)[0] == whole[0])
    }

    @Test("the doctor finds nothing that fails on two nodes, and names the one that is off")
    func doctor() throws {
      let folder = try Folder()
      let cluster = try VirtualCluster(nodes: 2, in: folder)
      let whole = try cluster.doctor()
      #expect(whole.status == 0, "\(whole.output)\(whole.errors)")
      #expect(whole.output.contains("node2 run folder") && whole.output.contains("renaming works"))
      #expect(!whole.output.contains("FAIL"), "\(whole.output)")
      try cluster.run(["power-off", "node2"])
      let broken = try cluster.doctor()
      #expect(broken.status == 69 && broken.output.contains("node2 ssh"), "\(broken.output)")
    }

    @Test("cluster/deploy puts one program on every host, and names hosts that have none in the end")
    func deploy() throws {
      let folder = try Folder()
      let cluster = try VirtualCluster(nodes: 2, in: folder)
      // Each node has a /run of its own.
      let target = "/run/deployed/lockstep"
      let whole = try cluster.deploy(to: target)
      #expect(whole.status == 0, "\(whole.output)\(whole.errors)")
      for node in ["node1", "node2"] {
        #expect(whole.output.contains("OK    \(node)  \(target)"), "\(whole.output)")
        #expect(try cluster.run(["exec", node, target, "--version"]).status == 0)
      }
      let folderNamed = try cluster.deploy(to: "/run/deployed")
      #expect(folderNamed.status == 69 && folderNamed.output.contains("is a folder"), "\(folderNamed.output)")
      #expect(try cluster.run(["exec", "node1", "ls", "/run/deployed"]).output == "lockstep\n")
      // No name becomes an option of ssh.
      try Data("node1 slots=1\n-oProxyCommand=mkdir${IFS}/run/taken slots=1\n".utf8).write(
        to: URL(fileURLWithPath: cluster.hostfile))
      let odd = try cluster.deploy(to: target)
      #expect(odd.status == 69 && odd.output.contains("OK    node1"), "\(odd.output)\(odd.errors)")
      #expect(odd.output.contains("FAIL  -oProxyCommand"), "\(odd.output)")
      #expect(throws: Unexpected.self) { try cluster.run(["exec", "node1", "test", "-e", "/run/taken"]) }
    }

    @Test("a node that loses power ends the job, and is named with its ranks and step")
    func powerOff() throws {
      let folder = try Folder()
      let cluster = try VirtualCluster(nodes: 2, slots: 2, in: folder)
      let run = cluster.shared + "/run"
      let job = try cluster.launch(["-n", "4"] + words(run, steps: 1_000_000))
      try #require(try job.wait { cluster.loggedLines("run") >= 20 })
      try cluster.run(["power-off", "node2"])
      let finished = try job.wait()
      #expect(finished.status == 69, "\(finished.errors)")
      let status = try Status(of: run)
      #expect(status.state == "failed" && status.exitCode == 69 && status.worldSize == 4)
      #expect(status.cause?.hasPrefix("node2 (ranks 2-3) has not answered") == true, "\(status)")
      // The power may go while a checkpoint is written.
      #expect(
        finished.messages.contains {
          $0.contains("node2 (ranks 2-3)") && ($0.contains("in step") || $0.contains("after step"))
        }, "\(finished.errors)")
      #expect(Processes.withWord(run).isEmpty, "no rank survives")
    }

    @Test("where the launcher's node loses power nothing of the job is left on the other")
    func launcherOff() throws {
      let folder = try Folder()
      let cluster = try VirtualCluster(nodes: 2, slots: 2, in: folder)
      let run = cluster.shared + "/run"
      let job = try cluster.launch(["-n", "4"] + words(run, steps: 1_000_000))
      // Only the loss of the node is to end it.
      defer { withExtendedLifetime(job) {} }
      try #require(try job.wait { cluster.loggedLines("run") >= 20 })
      #expect(try !daemons(of: "node2", in: cluster).isEmpty)
      try cluster.run(["power-off", "node1"])
      #expect(try isLeft(by: run, of: "node2", in: cluster))
      let status = try Status(of: run)
      #expect(status.cause?.hasPrefix("node1 (ranks 0-1) has not answered") == true, "\(status)")
    }

    @Test("where it does while ranks are being started nothing is left there either")
    func launcherOffAtStart() throws {
      let folder = try Folder()
      let cluster = try VirtualCluster(nodes: 2, slots: 2, in: folder)
      let run = cluster.shared + "/run"
      let job = try cluster.launch(["-n", "4"] + words(run, steps: 1_000_000))
      // Only the loss of the node is to end it.
      defer { withExtendedLifetime(job) {} }
      try #require(try job.wait { (try? daemons(of: "node2", in: cluster))?.isEmpty == false })
      try cluster.run(["power-off", "node1"])
      #expect(try isLeft(by: run, of: "node2", in: cluster))
    }

    /// The daemons of mpirun on a node.
    private func daemons(of node: String, in cluster: VirtualCluster) throws -> String {
      try cluster.run([
        "exec", node, "sh", "-c",
        "for p in /proc/[0-9]*; do [ \"$(readlink $p/ns/uts)\" = \"$(readlink /proc/self/ns/uts)\" ] && "
          + "grep -x orted $p/comm 2>/dev/null; done; true",
      ]).output
    }

    /// Whether a run's ranks and daemons leave a node in the time that noticing a lost host takes.
    private func isLeft(by run: String, of node: String, in cluster: VirtualCluster) throws -> Bool {
      for _ in 0..<140 {
        usleep(100_000)
        if try Processes.withWord(run).isEmpty && daemons(of: node, in: cluster).isEmpty { return true }
      }
      return false
    }

    /// What is lost in the middle of a run.
    enum Loss: CaseIterable { case rank, node }

    @Test(
      "a run that loses a rank or a node goes on by itself and ends with the bits of one that did not",
      arguments: Loss.allCases)
    func restart(loss: Loss) throws {
      let folder = try Folder()
      let cluster = try VirtualCluster(nodes: 2, slots: 2, in: folder)
      let run = cluster.shared + "/run"
      // Slow enough to be caught in the middle.
      try cluster.run(["rate", "node2", "20"])
      let job = try cluster.launch(["-n", "4", "--max-restarts", "2"] + words(run, steps: 40))
      try #require(try job.wait { cluster.loggedLines("run") >= 7 }, "the run ended before the moment")
      switch loss {
      case .rank: kill(try #require(Processes.withWord(run).last), SIGKILL)
      case .node: try cluster.run(["power-off", "node2"])
      }
      let finished = try job.wait()
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(finished.errors.contains("restart 1 of 2"), "\(finished.errors)")
      let inspected = try Lockstep.inspect(run, in: folder)
      #expect(try inspected.hashes == Reference.long())
      #expect(inspected.worldSizeWritten == (loss == .rank ? 4 : 2))
      #expect(try Status(of: run).state == "done")
    }

    @Test("a cable that is out for four seconds does not end a run")
    func blip() throws {
      let folder = try Folder()
      let cluster = try VirtualCluster(nodes: 2, in: folder)
      let run = cluster.shared + "/run"
      try cluster.run(["rate", "node2", "20"])
      let job = try cluster.launch(["-n", "2"] + words(run, steps: 40))
      try #require(try job.wait { cluster.loggedLines("run") >= 7 }, "the run ended before the moment")
      try cluster.run(["cut", "node2"])
      sleep(4)
      try cluster.run(["heal", "node2"])
      let finished = try job.wait()
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(try Lockstep.inspect(run, in: folder).hashes == Reference.long())
    }
  }
}
