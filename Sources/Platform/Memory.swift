import Glibc

/// The memory of this machine and of this process, in bytes.
package enum Memory {
  /// What the kernel could still give away; nil where it does not say.
  package static var free: Int? { entry("MemAvailable:") }

  /// What each rank of this machine can have; nil where the system does not say.
  package static func available(ranksOnNode: Int) -> Int? {
    available(
      ranksOnNode: ranksOnNode, installed: entry("MemTotal:"), group: ControlGroup.own.memory,
      addressSpace: addressSpaceLimit)
  }

  /// The same where so much is installed: the ranks share that, or what their control group may have, and
  /// each is held to the limit of its address space by itself.
  package static func available(ranksOnNode: Int, installed: Int?, group: Int?, addressSpace: Int?) -> Int? {
    let shared = [installed, group].compactMap { $0 }.min().map { $0 / max(ranksOnNode, 1) }
    return [shared, addressSpace].compactMap { $0 }.min()
  }

  /// The most that this process has had at a time.
  package static var peak: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  /// `ulimit -v`; nil for none.
  package static var addressSpaceLimit: Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
    return limit.rlim_cur < 1 << 60 ? Int(limit.rlim_cur) : nil
  }

  /// An entry of `/proc/meminfo`.
  private static func entry(_ name: String) -> Int? {
    guard let text = Files.head("/proc/meminfo") else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      let number = line.dropFirst(name.count).drop { $0 == " " }.prefix { $0.isNumber }
      return Int(number).map { $0 * 1024 }
    }
    return nil
  }
}
