extension Moments {
  /// The Fréchet distance between the normal distributions with these moments (Dowson and Landau 1982; Heusel
  /// et al. 2017, eq. 6): |μ₁ - μ₂|² + tr(C₁ + C₂ - 2 (C₁^½ C₂ C₁^½)^½), with unbiased covariances. NaN
  /// if a value is not finite, or if the root is not found.
  public func frechetDistance(to other: Moments) -> Double {
    let (first, second) = (covariance, other.covariance)
    guard let root = first.symmetricRoot,
      let inner = root.product(second).product(root).eigen(wantsVectors: false)
    else { return .nan }
    let crossed = inner.values.reduce(0) { $0 + max(0, $1).squareRoot() }
    let shift = squaredDistance(mean, other.mean)
    return max(0, shift + first.trace + second.trace - 2 * crossed)
  }
}
