import Foundation
import Testing

extension EndToEnd {
  /// `cluster/slurm.sbatch` under the Slurm of the distribution, over two nodes.
  @Suite(
    .enabled(
      if: MPIRun.isAvailable && VirtualCluster.isAvailable && VirtualCluster.hasSlurm,
      "no Slurm over virtual nodes here: it needs root, namespaces, slurmctld, slurmd, slurm-client, munge"))
  struct SlurmTests {
    private let folder: Folder
    private let cluster: VirtualCluster

    init() throws {
      folder = try Folder()
      cluster = try VirtualCluster(nodes: 2, in: folder)
      try cluster.startSlurm()
    }

    private var run: String { cluster.shared + "/run" }
    private var output: String {
      get throws { try String(contentsOfFile: cluster.shared + "/output", encoding: .utf8) }
    }

    private func slurm(_ words: String...) throws -> String {
      try cluster.run(["exec", "node1"] + words).output
    }

    /// Submits a training of so many steps, and waits until it is in the middle.
    private func submit(steps: Int) throws -> String {
      let words = ["dcgan"] + narrow + ["steps=\(steps)", "log.every=1", "samples.count=4"]
      let submitted = try cluster.run(
        [
          "exec", "node1", "sbatch", "--parsable", "--output=\(cluster.shared)/output",
          "--export=ALL,LOCKSTEP=\(cluster.program),RUN=\(run)", Package.folder + "/cluster/slurm.sbatch",
        ] + words)
      let job = submitted.output.trimmingCharacters(in: .whitespacesAndNewlines)
      try wait(for: job, "a first dozen of steps") { cluster.loggedLines("run") >= 12 }
      return job
    }

    private func state(_ job: String) throws -> String {
      try slurm("scontrol", "show", "job", job).split { $0.isWhitespace }
        .first { $0.hasPrefix("JobState=") }.map { String($0.dropFirst(9)) } ?? ""
    }

    private func wait(for job: String, _ what: String, until condition: () throws -> Bool) throws {
      for _ in 0..<600 {
        if try condition() { return }
        usleep(100_000)
      }
      Issue.record("\(what) did not come in a minute: job \(try state(job)), \((try? output) ?? "no output")")
      throw CancellationError()
    }

    @Test("a job whose time is nearly up saves, queues itself, and goes on to the bits of an undisturbed run")
    func requeue() throws {
      let steps = 500
      let job = try submit(steps: steps)
      // What Slurm sends at the end of `--signal=B:USR1@120`.
      _ = try slurm("scancel", "--signal=USR1", "--batch", job)
      try wait(for: job, "the queue") { try state(job) == "PENDING" }
      let stopped = try Status(of: run)
      #expect(stopped.state == "stopped" && stopped.exitCode == 75)
      #expect(try #require(stopped.checkpoint) < steps)
      // Slurm would wait for two minutes; in the same second it takes the job's credential for the old one.
      sleep(2)
      _ = try slurm("scontrol", "update", "JobId=\(job)", "StartTime=now")
      try wait(for: job, "its end") { try state(job) == "COMPLETED" }
      #expect(try output.contains("resuming after step \(stopped.checkpoint!)"))
      let undisturbed = try Lockstep.train(
        ["dcgan"] + narrow + ["steps=\(steps)", "samples.count=4", "--run", "undisturbed"], ranks: 1,
        in: folder)
      #expect(undisturbed.status == 0, "\(undisturbed.errors)")
      #expect(
        try Lockstep.inspect(run, in: folder).hashes == Lockstep.inspect("undisturbed", in: folder).hashes)
    }

    @Test("a job that is cancelled saves, stays out of the queue and leaves no process")
    func cancel() throws {
      let job = try submit(steps: 1_000_000)
      _ = try slurm("scancel", job)
      try wait(for: job, "an empty queue") { try slurm("squeue", "--noheader").isEmpty }
      #expect(try state(job) == "CANCELLED")
      let stopped = try Status(of: run)
      #expect(stopped.state == "stopped" && stopped.exitCode == 75)
      #expect(try #require(stopped.checkpoint) >= 12)
      #expect(Processes.withWord(run).isEmpty)
    }
  }
}
