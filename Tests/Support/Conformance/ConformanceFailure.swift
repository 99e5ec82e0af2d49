/// A claim about communication that did not hold on a rank.
package struct ConformanceFailure: Error, CustomStringConvertible {
  package let description: String

  package init(description: String) {
    self.description = description
  }
}

/// Throws a ``ConformanceFailure`` unless `condition` holds.
package func require(_ condition: Bool, _ claim: @autoclosure () -> String) throws {
  if !condition { throw ConformanceFailure(description: claim()) }
}
