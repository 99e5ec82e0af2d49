package import Platform

/// What is wrong with a hostfile or the description of a cluster, or why there is no plan for it.
package struct ClusterError: ReportedError, Equatable, CustomStringConvertible {
  let isMissing: Bool
  /// One line for each problem.
  package let lines: [String]

  /// - Parameter lines: in the order of the file.
  init(lines: [String]) { (self.lines, isMissing) = (lines, false) }

  /// - Parameter isMissing: whether a file is not there.
  init(_ line: String, isMissing: Bool = false) { (lines, self.isMissing) = ([line], isMissing) }

  package var exitStatus: ExitStatus { isMissing ? .inputMissing : .configuration }

  package var description: String { lines.joined(separator: "\n") }
}
