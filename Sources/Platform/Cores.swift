import Glibc

/// The cores that this process may use.
package enum Cores {
  /// Cores of the node that its ranks have together: all, or those of the container or of the batch system's
  /// job.
  package static var onNode: Int { min(online, ControlGroup.own.cores ?? online) }

  private static var online: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Cores that the launcher, the batch system or the container left to this process.
  package static var usable: Int { min(allowed, ControlGroup.own.cores ?? allowed) }

  /// `Cpus_allowed_list` of `/proc/self/status`.
  private static var allowed: Int {
    let name = "Cpus_allowed_list:"
    let line = Files.head("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix(name) }
    return line.flatMap { count(ofList: $0.dropFirst(name.count)) } ?? onNode
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
    threads(ranksOnNode: ranksOnNode, cores: onNode, usable: usable)
  }

  /// The same for a node of `cores`, of which a process may use `usable`.
  package static func threads(ranksOnNode: Int, cores: Int, usable: Int) -> Int {
    max(1, min(usable, cores / max(ranksOnNode, 1)))
  }
}
