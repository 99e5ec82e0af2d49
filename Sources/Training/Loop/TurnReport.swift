import Models

/// What a turn of a phase reported: means over the global batch.
package struct TurnReport {
  /// The phase.
  let phase: Phase
  /// The step of the run; nil before the phase's first turn.
  let step: Int?
  /// The values of the phase's statistics: not numbers before its first turn, 0 of lazy ones that the turn did
  /// not compute.
  package let values: [Float]

  init(phase: Phase, step: Int, values: [Float]) {
    (self.phase, self.step, self.values) = (phase, step, values)
  }

  /// What stands for a report before the phase's first turn.
  init(before phase: Phase) {
    (self.phase, step, values) = (phase, nil, phase.statistics.map { _ in .nan })
  }

  /// The value of a statistic; nil if the phase does not report it.
  subscript(_ statistic: Statistic) -> Float? {
    phase.statistics.firstIndex { $0.key == statistic.key }.map { values[$0] }
  }
}
