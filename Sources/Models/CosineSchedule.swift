package import TensorCore

/// How much of an image and how much noise there is at a time t from 0 to 1: α = cos(½ π t), σ = sin(½ π t).
///
/// The cosine schedule of Nichol and Dhariwal (2021, eq. 17) in continuous time, without the offset that
/// keeps their discrete steps away from t = 0. α² + σ² = 1.
package enum CosineSchedule {
  /// α and σ, of the shape of `times`.
  package static func coefficients(at times: Tensor) -> (signal: Tensor, deviation: Tensor) {
    let angles = times.multiplied(by: .pi / 2)
    return (angles.cos(), angles.sin())
  }

  /// α and σ at one time.
  package static func coefficients(at time: Float) -> (signal: Float, deviation: Float) {
    let (signal, deviation) = coefficients(at: Tensor(time))
    return (signal.scalar, deviation.scalar)
  }
}
