import Foundation
import Testing

extension EndToEnd {
  /// What `lockstep launch` and `lockstep doctor` find out of hosts.
  @Suite(.enabled(if: MPIRun.isAvailable, "mpirun is absent"))
  struct LaunchHostTests {
    @Test("a start that never began ends with the hosts that do not answer")
    func unreachableHost() throws {
      let folder = try Folder()
      try folder.write(Array("localhost slots=1\n203.0.113.77 slots=1\n".utf8), "hosts")
      try folder.writeScript("echo 'Permission denied (publickey).' >&2; exit 255", "ssh")
      let finished = try Lockstep.start(
        ["launch", "-n", "2", "--hostfile", "hosts", "train", "ring", "--run", "run"], in: folder,
        with: "mpirun", doing: "exit 255"
      ).wait()
      #expect(finished.status == 69 && finished.messages.count == 1, "\(finished.errors)")
      #expect(
        finished.errors.contains("no way to 203.0.113.77 (Permission denied (publickey).); make"),
        "\(finished.errors)")
    }

    @Test("a host that hangs the start is named and left out of the next one, also where no rank goes there")
    func hangingHost() throws {
      let folder = try Folder()
      // From a block for documentation (RFC 5737).
      try folder.write(Array("localhost slots=1\n203.0.113.77 slots=1\n".utf8), "hosts")
      let finished = try Lockstep.start(
        ["launch", "-n", "1", "--hostfile", "hosts", "--max-restarts", "1", "train", "ring", "steps=2"]
          + ["samples.every=0", "stallTimeout=10", "--run", "run"],
        in: folder, with: "ssh",
        // It brings no daemon, and any other command to this host.
        doing: """
          case "$*" in *' daemon start='*) exec sleep 30 ;; esac
          for word; do :; done
          exec sh -c "$word"
          """
      ).wait()
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(
        finished.errors.contains(
          "daemon does not come up on 203.0.113.77; restart 1 of 1 with 1 rank on the hosts that are left, "
            + "without 203.0.113.77"
        ), "\(finished.errors)")
    }

    @Test("hosts that are one are refused, and one without an address, unless a run may go on without it")
    func oddHosts() throws {
      let folder = try Folder()
      func launch(on host: String, _ words: String...) throws -> Finished {
        try folder.write(Array("localhost slots=1\n\(host) slots=1\n".utf8), "hosts")
        return try Lockstep.run(
          ["launch", "-n", "1", "--hostfile", "hosts"] + words
            + ["train", "ring", "steps=2", "samples.every=0", "--run", "run"], in: folder)
      }
      let double = try launch(on: "127.0.0.1")
      #expect(double.status == 78 && double.errors.contains("are one host"), "\(double.errors)")
      let unknown = try launch(on: "no-such-host.invalid")
      #expect(unknown.status == 78 && unknown.errors.contains("has no address"), "\(unknown.errors)")
      let left = try launch(on: "no-such-host.invalid", "--max-restarts", "1")
      #expect(left.status == 0 && left.errors.contains("left out"), "\(left.errors)")
      #expect(!left.errors.contains("restart"), "\(left.errors)")
    }

    @Test("the doctor counts cores, not OpenMP's threads, and measures a link without ssh's compression")
    func doctor() throws {
      let folder = try Folder()
      try folder.write(Array("203.0.113.77 slots=1\n".utf8), "hosts")
      let doctor = try Lockstep.start(
        ["doctor", "--hostfile", "hosts"], in: folder, with: "ssh",
        doing: """
          echo "$*" >> words
          for word; do :; done
          exec env OMP_NUM_THREADS=7777 sh -c "$word"
          """
      ).wait()
      #expect(
        doctor.output.contains(" 1 slot on ") && !doctor.output.contains(" 7777 cores"), "\(doctor.output)")
      let words = String(decoding: try folder.bytes("words"), as: UTF8.self).split(separator: "\n")
      #expect(words.contains { $0.hasPrefix("-o Compression=no ") && $0.contains(" head -c ") }, "\(words)")
    }

    @Test("hosts that are more than this process may have descriptors for are all asked")
    func manyHosts() throws {
      let folder = try Folder()
      let hosts = (1...60).map { "203.0.113.\($0) slots=1\n" }.joined()
      try folder.write(Array(hosts.utf8), "hosts")
      try folder.writeScript("echo x >> asked; sleep 0.1; exit 9", "ssh")
      let doctor = try Job(
        [
          "/bin/sh", "-c",
          "ulimit -Sn 40; PATH=\"$PWD:$PATH\"; '\(Lockstep.path!)' doctor --hostfile hosts",
        ], in: folder
      ).wait()
      #expect(try folder.bytes("asked").count == 2 * 60, "\(doctor)")
      #expect(!doctor.output.contains("cannot be started"), "\(doctor)")
    }
  }
}
