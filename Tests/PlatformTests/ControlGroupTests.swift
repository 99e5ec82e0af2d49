import Glibc
import Platform
import TestSupport
import Testing

@Suite("Limits of control groups")
struct ControlGroupTests {
  /// The limits of a process with this membership among these files.
  private func limits(_ membership: String, _ files: [String: String]) throws -> (cores: Int?, memory: Int?) {
    let scratch = TemporaryFolder()
    for (path, text) in files.sorted(by: { $0.key < $1.key }) {
      var folder = scratch.path
      for name in path.split(separator: "/").dropLast() {
        folder += "/\(name)"
        mkdir(folder, 0o700)
      }
      scratch.write(text, to: path)
    }
    let group = ControlGroup(membership: membership, root: scratch.path)
    return (group.cores, group.memory)
  }

  @Test("a process is held to the least limit of its group and of those above it")
  func leastOfAll() throws {
    let limits = try limits(
      "0::/slurm/job_7/step_0\n",
      [
        "slurm/cpu.max": "800000 100000\n", "slurm/job_7/cpu.max": "350000 100000\n",
        "slurm/job_7/step_0/cpu.max": "max 100000\n", "slurm/job_7/memory.max": "8589934592\n",
        "slurm/memory.max": "max\n", "slurm/job_7/step_0/memory.max": "17179869184\n",
        "slurm/job_8/memory.max": "1024\n", "slurm/job_8/cpu.max": "100000 100000\n",
      ])
    #expect(limits.cores == 4)
    #expect(limits.memory == 8 << 30)
  }

  @Test("a container that is shown its own group as the top one finds its limits there")
  func container() throws {
    let top = ["cpu.max": "200000 100000\n", "memory.max": "1073741824\n"]
    for membership in ["0::/docker/5f3a\n", "0::/\n", "0::/../../kubepods/pod1\n"] {
      let limits = try limits(membership, top)
      #expect(limits.cores == 2, "\(membership)")
      #expect(limits.memory == 1 << 30, "\(membership)")
    }
  }

  @Test("version 1 has a folder for each controller, and each its own group")
  func versionOne() throws {
    let limits = try limits(
      "12:memory:/a\n4:cpu,cpuacct:/b\n1:name=systemd:/c\n",
      [
        "memory/a/memory.limit_in_bytes": "4096\n", "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/b/memory.limit_in_bytes": "512\n", "cpu/b/cpu.cfs_quota_us": "150000\n",
        "cpu/b/cpu.cfs_period_us": "100000\n", "cpu/cpu.cfs_quota_us": "-1\n",
        "cpu/cpu.cfs_period_us": "100000\n", "cpu/a/cpu.cfs_quota_us": "1000\n",
        "cpu/a/cpu.cfs_period_us": "100000\n",
      ])
    #expect(limits.cores == 2)
    #expect(limits.memory == 4096)
  }

  @Test("a group has no more cores than its set, if that is told; with a set and a share it has the fewer")
  func sets() throws {
    let two = [
      "slurm/cpuset.cpus.effective": "0-63\n", "slurm/job_7/cpuset.cpus.effective": "8-9,40-41\n",
      "slurm/job_7/step_0/cpuset.cpus.effective": "\n", "slurm/job_8/cpuset.cpus.effective": "0\n",
      "slurm/cpu.max": "800000 100000\n", "slurm/job_8/cpu.max": "50000 100000\n",
      "slurm/job_9/cpu.max": "200000 100000\n",
    ]
    for (job, cores) in [("job_7/step_0", 4), ("job_8", 1), ("job_9", 2), ("job_6", 8)] {
      #expect(try limits("0::/slurm/\(job)\n", two).cores == cores, "\(job)")
    }
    let one = [
      "cpuset/cpuset.cpus": "0-15\n", "cpuset/a/cpuset.cpus": "0-7\n",
      "cpuset/a/cpuset.effective_cpus": "2-4\n",
      "cpuset/b/cpuset.cpus": "0-4\n",
    ]
    for (group, cores) in [("a", 3), ("b", 5), ("c", 16)] {
      #expect(try limits("4:cpu,cpuacct:/a\n3:cpuset:/\(group)\n", one).cores == cores, "\(group)")
    }
  }

  @Test("where nothing is said there is no limit", arguments: ["", "0::/\n", "nonsense", "0::/a:b\n"])
  func nothing(membership: String) throws {
    let limits = try limits(membership, [:])
    #expect(limits.cores == nil)
    #expect(limits.memory == nil)
  }

  @Test("a share of processor time counts as cores, rounded up; none is no limit")
  func shares() {
    #expect(ControlGroup.cores(ofLimit: "400000 100000\n") == 4)
    #expect(ControlGroup.cores(ofLimit: "250000 100000") == 3)
    #expect(ControlGroup.cores(ofLimit: "5000 100000") == 1)
    for text in ["max 100000\n", "-1\n 100000\n", "", "1 0"] {
      #expect(ControlGroup.cores(ofLimit: text) == nil, "\(text)")
    }
  }

  @Test("bytes beyond any memory and words are no limit")
  func bytes() {
    #expect(ControlGroup.bytes(ofLimit: "1073741824\n") == 1 << 30)
    for text in ["max\n", "9223372036854771712", "", "99999999999999999999"] {
      #expect(ControlGroup.bytes(ofLimit: text) == nil, "\(text)")
    }
  }
}
