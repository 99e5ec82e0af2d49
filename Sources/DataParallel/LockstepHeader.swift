/// Where a rank believes that all ranks are, and what it has to tell them.
public struct LockstepHeader: Sendable, Equatable {
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

  /// The compared part as 40 bytes, little-endian.
  var placeBytes: [UInt8] {
    [step, phase, elementCount, bucketCount, collective].flatMap { value in
      withUnsafeBytes(of: Int64(value).littleEndian) { Array($0) }
    }
  }

  /// The 56 bytes that travel: the compared part, then the buckets and the flags.
  var bytes: [UInt8] {
    placeBytes
      + [handed, flags.rawValue].flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
  }

  /// - Precondition: there are 56 bytes.
  init(bytes: [UInt8]) {
    precondition(bytes.count == 56, "a header has 56 bytes, not \(bytes.count)")
    let words = bytes.withUnsafeBytes { raw in
      (0..<7).map { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
    }
    self.init(
      step: Int(Int64(bitPattern: words[0])), phase: Int(Int64(bitPattern: words[1])),
      elementCount: Int(Int64(bitPattern: words[2])), bucketCount: Int(Int64(bitPattern: words[3])),
      collective: Int(Int64(bitPattern: words[4])), handed: words[5], flags: StatusFlags(rawValue: words[6]))
  }
}

/// What a rank tells all others at the start of a turn. The upper 32 bits are for the program's own use.
public struct StatusFlags: OptionSet, Sendable, Hashable {
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
