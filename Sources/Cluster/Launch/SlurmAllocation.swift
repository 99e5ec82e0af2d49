import Platform

/// What Slurm has given this job.
package enum SlurmAllocation {
  /// The slots that `mpirun` finds in it; nil where its environment does not tell.
  static var slots: Int? { Files.environment("SLURM_TASKS_PER_NODE").flatMap(slots) }

  /// The sum of tasks on all nodes.
  /// - Parameter tasksPerNode: such as `2(x3),1`, two on each of three nodes and one on a fourth.
  /// - Returns: nil for what is no such text.
  package static func slots(_ tasksPerNode: String) -> Int? {
    var sum = 0
    for part in tasksPerNode.split(separator: ",", omittingEmptySubsequences: false) {
      let numbers = part.split { "(x)".contains($0) }.map { Int($0) ?? 0 } + [1]
      guard (2...3).contains(numbers.count), numbers.allSatisfy((1...1_000_000).contains) else { return nil }
      sum += numbers[0] * numbers[1]
    }
    return sum
  }
}
