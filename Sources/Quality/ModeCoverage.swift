import Glibc

/// How many of the data's modes fakes reach, and how evenly, by Srivastava et al. 2017 (VEEGAN, section 4.1)
/// and Lin et al. 2018 (PacGAN, section 4.2): a mode is covered if a fake is told to be of it.
public struct ModeCoverage: Equatable, Sendable {
  /// Modes with a fake.
  public let covered: Int
  /// The modes that there are.
  public let count: Int
  /// Σ p ln(p / q) over the modes, p their shares among fakes and q among real samples, in nats; infinite if
  /// fakes are of a mode that the data do not have.
  public let reverseKL: Double

  /// - Parameters:
  ///   - modes: the mode of each fake.
  ///   - shares: the share of each mode among real samples.
  /// - Precondition: there is a fake.
  public init(modes: [Int], shares: [Double]) {
    precondition(!modes.isEmpty, "a coverage by fakes")
    let histogram = Self.histogram(modes, count: shares.count)
    covered = histogram.count { $0 > 0 }
    count = shares.count
    reverseKL = zip(histogram, shares).reduce(0) { sum, mode in
      guard mode.0 > 0 else { return sum }
      let share = mode.0 / Double(modes.count)
      return sum + share * log(share / mode.1)
    }
  }

  /// How often each mode occurs.
  public static func histogram(_ modes: [Int], count: Int) -> [Double] {
    modes.reduce(into: [Double](repeating: 0, count: count)) { $0[$1] += 1 }
  }
}
