/// Where a rank believes that all ranks are, and what it has to tell them.
public struct LockstepHeader: Sendable, Equatable {
  /// The step about to be taken.
  public let step: Int
  /// The phase within the step, by its index in the schedule.
  public let phase: Int
  /// The number of elements about to be reduced.
  public let elementCount: Int
  /// What this rank tells the others; not part of the comparison.
  public let flags: StatusFlags

  /// A header for one turn.
  public init(step: Int, phase: Int, elementCount: Int, flags: StatusFlags = []) {
    self.step = step
    self.phase = phase
    self.elementCount = elementCount
    self.flags = flags
  }

  var place: String { "step \(step), phase \(phase) with \(elementCount) elements" }

  /// The compared part as 24 bytes, little-endian.
  var placeBytes: [UInt8] {
    [step, phase, elementCount].flatMap { value in
      withUnsafeBytes(of: Int64(value).littleEndian) { Array($0) }
    }
  }

  /// The 32 bytes that travel: the compared part, then the flags.
  var bytes: [UInt8] {
    placeBytes + withUnsafeBytes(of: flags.rawValue.littleEndian) { Array($0) }
  }

  /// - Precondition: there are 32 bytes.
  init(bytes: [UInt8]) {
    precondition(bytes.count == 32, "a header has 32 bytes, not \(bytes.count)")
    let words = bytes.withUnsafeBytes { raw in
      (0..<4).map { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
    }
    self.init(
      step: Int(Int64(bitPattern: words[0])), phase: Int(Int64(bitPattern: words[1])),
      elementCount: Int(Int64(bitPattern: words[2])), flags: StatusFlags(rawValue: words[3]))
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
  /// This rank found a value that is not finite.
  public static let nonFinite = StatusFlags(rawValue: 1 << 2)
}
