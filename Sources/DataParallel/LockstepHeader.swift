/// Where a rank believes that all ranks are, and what it has to tell them.
public struct LockstepHeader: BitwiseCopyable, Sendable, Equatable {
  /// The step about to be taken, counted from 0; in words from 1.
  public let step: Int
  /// The phase within the step, by its index in the schedule.
  public let phase: Int
  /// The number of elements about to be reduced in the whole phase.
  public let elementCount: Int
  /// The number of buckets that they are cut into.
  public let bucketCount: Int
  /// Counts the collectives of the phase, each of which sums up elements of one bucket.
  public let collective: Int
  /// The buckets that this rank has handed over, bit by bit; not part of the comparison.
  public let handed: UInt64
  /// What this rank tells the others; not part of the comparison.
  public let flags: StatusFlags

  /// A header for one turn.
  public init(
    step: Int, phase: Int, elementCount: Int, bucketCount: Int = 1, collective: Int = 0, handed: UInt64 = 0,
    flags: StatusFlags = []
  ) {
    self.step = step
    self.phase = phase
    self.elementCount = elementCount
    self.bucketCount = bucketCount
    self.collective = collective
    self.handed = handed
    self.flags = flags
  }

  /// - Parameter phases: the names that are known.
  func place(_ phases: [Int: String]) -> String {
    "step \(step + 1), \(DivergenceError.text(ofPhase: phase, phases)) with \(elementCount) elements"
      + (bucketCount > 1 ? " in \(bucketCount) buckets" : "")
      + (collective > 0 ? ", collective \(collective)" : "")
  }

  /// The compared part.
  var numbers: [Int] { [step, phase, elementCount, bucketCount, collective] }
}

/// What a rank tells all others at the start of a turn. The upper 32 bits are for the program's own use.
public struct StatusFlags: OptionSet, BitwiseCopyable, Sendable, Hashable {
  /// The flag word that travels.
  public let rawValue: UInt64

  /// Flags from their word.
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// A signal asks to save and to stop.
  public static let stopRequested = StatusFlags(rawValue: 1 << 0)
  /// This rank cannot go on.
  public static let failed = StatusFlags(rawValue: 1 << 1)
  /// A sum of this rank is not finite, or so large that the sum over all ranks may not be.
  public static let nonFinite = StatusFlags(rawValue: 1 << 2)
  /// This rank has written its part of the checkpoint that is being saved.
  public static let partWritten = StatusFlags(rawValue: 1 << 3)
  /// A sample that this rank needs in one of the next steps cannot be read.
  public static let dataFailing = StatusFlags(rawValue: 1 << 4)
}
