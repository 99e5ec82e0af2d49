extension Moments {
  /// The Fréchet distance between the normal distributions with these moments (Dowson and Landau 1982; Heusel
  /// et al. 2017, eq. 6): |μ₁ - μ₂|² + tr(C₁ + C₂ - 2 (C₁^½ C₂ C₁^½)^½), with unbiased covariances. Infinite
  /// if a value is not.
  public func frechetDistance(to other: Moments) -> Double {
    let (first, second) = (covariance, other.covariance)
    guard first.values.allSatisfy(\.isFinite), second.values.allSatisfy(\.isFinite) else { return .infinity }
    let root = first.symmetricRoot
    let inner = root.product(second).product(root)
    let crossed = inner.eigen(wantsVectors: false).values.reduce(0) { $0 + max(0, $1).squareRoot() }
    let shift = zip(mean, other.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return max(0, shift + first.trace + second.trace - 2 * crossed)
  }
}
