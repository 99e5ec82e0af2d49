#if canImport(Glibc)
  import Glibc
#endif

/// The cores that this process may use.
package enum Cores {
  /// Cores of the node, or as many as its container's share of processor time is worth.
  package static var onNode: Int { min(online, quota ?? online) }

  private static var online: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Cores that the launcher, the batch system or the container left to this process.
  package static var usable: Int { min(allowed, quota ?? allowed) }

  /// `Cpus_allowed_list` of `/proc/self/status`.
  private static var allowed: Int {
    guard let file = fopen("/proc/self/status", "r") else { return onNode }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 4096)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("Cpus_allowed_list:") { return count(ofList: text.dropFirst(18)) ?? onNode }
    }
    return onNode
  }

  /// Cores' worth of time that control groups leave to this process, as Kubernetes sets its limits: the least
  /// from its own group up; nil where there is no limit.
  private static var quota: Int? {
    let groups = Files.head("/proc/self/cgroup") ?? ""
    var least: Int?
    for line in groups.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let isUnified = fields[1].isEmpty
      guard isUnified || fields[1].split(separator: ",").contains("cpu") else { continue }
      let root = "/sys/fs/cgroup" + (isUnified ? "" : "/cpu")
      var group = fields[2] == "/" ? "" : String(fields[2])
      while true {
        let limit =
          isUnified
          ? Files.head("\(root)\(group)/cpu.max")
          : Files.head("\(root)\(group)/cpu.cfs_quota_us").flatMap { quota in
            Files.head("\(root)\(group)/cpu.cfs_period_us").map { "\(quota) \($0)" }
          }
        if let cores = limit.flatMap({ cores(ofLimit: $0) }) { least = min(least ?? cores, cores) }
        guard let slash = group.lastIndex(of: "/") else { break }
        group = String(group[..<slash])
      }
    }
    return least
  }

  /// The cores, rounded up, of a limit such as `400000 100000`: microseconds of processor time in each period;
  /// nil of `max 100000` and `-1 100000`, which are none.
  package static func cores(ofLimit text: String) -> Int? {
    let numbers = text.split { $0.isWhitespace }.map { Int($0) }
    guard numbers.count == 2, let time = numbers[0], let period = numbers[1], time > 0, period > 0 else {
      return nil
    }
    return max(1, (time - 1) / period + 1)
  }

  /// The number of cores in a list such as `0-3,8`.
  package static func count(ofList list: some StringProtocol) -> Int? {
    var total = 0
    for part in list.split(separator: ",") {
      let digits = String(part).filter { !$0.isWhitespace }
      let ends = digits.split(separator: "-").map { Int($0) }
      switch ends.count {
      case 1: if ends[0] == nil { return nil } else { total += 1 }
      case 2:
        guard let first = ends[0], let last = ends[1], first <= last else { return nil }
        total += last - first + 1
      default: return nil
      }
    }
    return total > 0 ? total : nil
  }

  /// Threads for each of the ranks of a node: its cores shared out, but no more than the process may use.
  package static func threads(ranksOnNode: Int) -> Int {
    max(1, min(usable, onNode / max(ranksOnNode, 1)))
  }
}
