import Foundation
import Testing

extension EndToEnd {
  /// Machines on which ranks cannot share memory as they would.
  struct NodeMemoryTests {
    private static let words =
      ["dcgan"] + narrow + ["steps=4", "samples.count=4", "samples.every=0", "checkpoint.every=2"]

    /// Whether this user may put another file system in the place of /dev/shm, for a process of its own.
    private static let mayMount: Bool = {
      let trial = Process()
      trial.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      trial.arguments = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /dev/shm"]
      trial.standardError = FileHandle.nullDevice
      guard (try? trial.run()) != nil else { return false }
      trial.waitUntilExit()
      return trial.terminationStatus == 0
    }()

    @Test(
      "where /dev/shm is full or cannot be written, ranks add by other ways, to the same bits",
      .enabled(if: MPIRun.isAvailable && mayMount, "mpirun, or the right to mount, is absent"),
      // To Open MPI one without a limit is full.
      arguments: [("size=1m", "float32"), ("ro", "float32"), ("size=0", "float32"), ("size=1m", "bfloat16")])
    func sharedMemory(options: String, wire: String) throws {
      let folder = try Folder()
      let words = Self.words + ["wire=\(wire)"]
      let alone = try Lockstep.train(words + ["--run", "alone"], ranks: 1, in: folder)
      #expect(alone.status == 0, "\(alone.errors)")
      let job = [MPIRun.path!, "--oversubscribe", "--bind-to", "none", "-n", "3", Lockstep.path!, "train"]
      let mount = "mount -t tmpfs -o \(options) tmpfs /dev/shm && exec \"$@\""
      let finished = try Job(
        ["/usr/bin/env", "unshare", "--mount", "sh", "-c", mount, "sh"] + job + words + ["--run", "run"],
        in: folder
      ).wait()
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(try Lockstep.inspect("run", in: folder).hashes == Lockstep.inspect("alone", in: folder).hashes)
    }
  }
}
