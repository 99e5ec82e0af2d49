import Glibc

/// How different samples are from one another.
public struct Diversity: Equatable, Sendable {
  /// The root of the mean squared distance of two samples: √(2 tr C).
  public let spread: Double
  /// The effective rank of the features' covariance (Roy and Vetterli 2007): e to the entropy of its
  /// eigenvalues' shares. 1 if all samples lie on a line, d if every direction has as much variance; NaN
  /// if the eigenvalues are not found.
  public let effectiveRank: Double
  /// The mean of the features.
  public let centre: [Double]

  /// The diversity of the rows of `features`, `[n, d]`. If a value is not finite, the spread is infinite, the
  /// effective rank 0, and the centre not finite either.
  public init(of features: Matrix) {
    let moments = Moments(of: features)
    centre = moments.mean
    let covariance = moments.covariance
    guard covariance.values.allSatisfy(\.isFinite) else {
      (spread, effectiveRank) = (.infinity, 0)
      return
    }
    let variance = max(0, covariance.trace)
    spread = (2 * variance).squareRoot()
    guard variance > 0 else {
      effectiveRank = 1
      return
    }
    let values = covariance.eigen(wantsVectors: false)?.values
    let entropy = values?.filter { $0 > 0 }.reduce(0) { $0 - $1 / variance * log($1 / variance) }
    effectiveRank = entropy.map(exp) ?? .nan
  }

  /// The distance of the centres of two sets of samples.
  public func shift(from other: Diversity) -> Double {
    squaredDistance(centre, other.centre).squareRoot()
  }
}
