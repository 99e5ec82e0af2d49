import Foundation
import Testing

extension EndToEnd {
  /// `Tests/FaultInjection/run` in a short form: a few of the points of which the script itself takes every
  /// one.
  struct FaultInjectionTests {
    private static let script = Package.folder + "/Tests/FaultInjection/run"

    /// Whether what the script is made of is here.
    private static let isAvailable = ["python3", "cc"].allSatisfy { tool in
      (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)")
      }
    }

    @Test(
      "killed at, failed in, or cheated of any call of a save, a run keeps a whole generation and its bits",
      .enabled(if: isAvailable, "python3 or a C compiler is absent"),
      arguments: [
        ["kill", "--every", "37"], ["strace", "--every", "11"], ["errors", "--every", "29"],
        ["shared", "--every", "13"], ["full", "--every", "6"],
        ["flips", "--every", "400"], ["cuts", "--every", "300"], ["loop", "--runs", "2"],
      ])
    func short(words: [String]) throws {
      let program = ["/usr/bin/env", "LOCKSTEP=\(Lockstep.path!)", Self.script]
      let folder = try Folder()
      let finished = try Job(program + words, in: folder, seconds: 300).wait()
      #expect(finished.status == 0, "\(finished.output)\(finished.errors)")
      // The script says "skipped" where it can do nothing, and what it counted where it can.
      #expect(finished.output.contains(words[0] + ": "), "\(finished.output)")
      // Whether this user may trace and mount the script alone finds out.
      if !["strace", "full"].contains(words[0]) {
        let can = !["shared", "loop"].contains(words[0]) || MPIRun.isAvailable
        #expect(finished.output.contains("skipped") != can, "\(finished.output)")
      }
      print(finished.output, terminator: "")
    }

    @Test(
      "where locks are those of NFS, a run folder that another process holds is told as such",
      .enabled(if: isAvailable, "a C compiler is absent"))
    func locksOfNFS() throws {
      let folder = try Folder()
      let source = Package.folder + "/Tests/FaultInjection/faults.c"
      let words = ["/usr/bin/env", "cc", "-shared", "-fPIC", "-O1", "-o", "faults.so", source]
      #expect(try Job(words, in: folder).wait().status == 0)
      #expect(try Lockstep.run(["train", "ring", "steps=1", "--run", "run"], in: folder).status == 0)
      let lock = open(folder.path + "/run/.lock", O_RDWR)
      defer { close(lock) }
      #expect(flock(lock, LOCK_EX) == 0)
      let again = ["train", "ring", "steps=1", "--run", "run"]
      let finished = try Job(
        ["/usr/bin/env", "LD_PRELOAD=\(folder.path)/faults.so", "FAULTS_NFS=1", Lockstep.path!] + again,
        in: folder
      ).wait()
      #expect(finished.status == 73 && finished.errors.contains("in use by"), "\(finished.errors)")
    }
  }
}
