/// The limits of the control groups that this process is in, which containers and batch systems set.
///
/// A group is held to its own limit and to those of all groups above it. A container may see its own group as
/// the top one, so that the path which the system names is not there: all folders up to the top are asked.
package struct ControlGroup {
  /// The folders of one controller, from the process's own group up, and whether they are of version 2.
  private struct Chain {
    let folders: [String]
    let isUnified: Bool
  }

  /// `/proc/self/cgroup`.
  private let membership: String
  private let root: String

  /// - Parameters:
  ///   - membership: the text of `/proc/self/cgroup`: `number:controllers:path`, no controllers in version 2.
  ///   - root: where the groups are mounted.
  package init(membership: String, root: String) {
    self.membership = membership
    self.root = root
  }

  /// This process's.
  package static var own: ControlGroup {
    ControlGroup(membership: Files.head("/proc/self/cgroup") ?? "", root: "/sys/fs/cgroup")
  }

  /// The cores that all processes of the group have together: those of its set, or as many as its share of
  /// processor time is worth, rounded up; nil where there is no limit. What a launcher binds a single process
  /// to does not show here.
  package var cores: Int? {
    let share = least("cpu") { folder, isUnified in
      let limit =
        isUnified
        ? Files.head("\(folder)/cpu.max")
        : Files.head("\(folder)/cpu.cfs_quota_us").flatMap { quota in
          Files.head("\(folder)/cpu.cfs_period_us").map { "\(quota) \($0)" }
        }
      return limit.flatMap(Self.cores(ofLimit:))
    }
    let set = least("cpuset") { folder, isUnified in
      let names = isUnified ? ["cpus.effective"] : ["effective_cpus", "cpus"]
      return names.compactMap { Files.head("\(folder)/cpuset.\($0)") }.first.flatMap(Cores.count(ofList:))
    }
    return [share, set].compactMap { $0 }.min()
  }

  /// Bytes of memory; nil where there is no limit.
  package var memory: Int? {
    least("memory") { folder, isUnified in
      Files.head("\(folder)/\(isUnified ? "memory.max" : "memory.limit_in_bytes")")
        .flatMap(Self.bytes(ofLimit:))
    }
  }

  private func least(_ controller: String, _ limit: (_ folder: String, _ isUnified: Bool) -> Int?) -> Int? {
    chains(of: controller).flatMap { chain in chain.folders.compactMap { limit($0, chain.isUnified) } }.min()
  }

  private func chains(of controller: String) -> [Chain] {
    membership.split(whereSeparator: \.isNewline).compactMap { line in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return nil }
      let isUnified = fields[1].isEmpty
      guard isUnified || fields[1].split(separator: ",").contains(controller[...]) else { return nil }
      let top = isUnified ? root : "\(root)/\(controller)"
      var path = fields[2] == "/" ? "" : fields[2]
      var folders = [top + path]
      while let slash = path.lastIndex(of: "/") {
        path = path[..<slash]
        folders.append(top + path)
      }
      return Chain(folders: folders, isUnified: isUnified)
    }
  }

  /// The cores, rounded up, of a limit such as `400000 100000`: microseconds of processor time in each
  /// period; nil of `max 100000` and `-1 100000`, which are none.
  package static func cores(ofLimit text: String) -> Int? {
    let numbers = text.split { $0.isWhitespace }.map { Int($0) }
    guard numbers.count == 2, let time = numbers[0], let period = numbers[1], time > 0, period > 0 else {
      return nil
    }
    return max(1, (time - 1) / period + 1)
  }

  /// The bytes of a limit; nil of what is no number (`max`) or larger than any memory, which is none.
  package static func bytes(ofLimit text: String) -> Int? {
    text.split { $0.isWhitespace }.first.flatMap { Int($0) }.flatMap { $0 < 1 << 60 ? $0 : nil }
  }
}
