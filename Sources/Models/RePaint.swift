package import TensorCore

/// Completion by a denoiser that was not trained for it (Lugmayr et al. 2022, "RePaint: Inpainting using
/// denoising diffusion probabilistic models", algorithm 1, with the steps of ``DDIM``).
///
/// Before each pass of the network the known places are set to what noise of that time makes of them. A step
/// made hidden places for known ones with other noise; so it is made again, from where fresh noise takes its
/// result back to, until the two fit.
package enum RePaint {
  /// Images in [-1, 1] that have the known values, bit for bit.
  ///
  /// The last step, whose result is an image, is made once: there are `(steps - 1) · resampling + 1` passes.
  /// - Parameters:
  ///   - known: values in [-1, 1], not a number where they are hidden, `[N, …]`.
  ///   - steps: equal steps of time from 1 to 0.
  ///   - resampling: how often each step is made.
  ///   - noise: standard normal numbers of the shape of `known` for a pass, counted from 0; those of the
  ///     first are what hidden places begin with.
  ///   - velocity: the prediction v̂ of α ε - σ x at noisy images and a time.
  /// - Precondition: `resampling` is positive.
  package static func samples(
    completing known: Tensor, steps: Int, resampling: Int, noise: (_ pass: Int) -> Tensor,
    velocity: (_ noisy: Tensor, _ time: Float) -> Tensor
  ) -> Tensor {
    precondition(resampling > 0, "a step is made once at the least")
    var (noisy, pass) = (noise(0), 0)
    for step in stride(from: steps, to: 0, by: -1) {
      let time = Float(step) / Float(steps)
      let (signal, deviation) = CosineSchedule.coefficients(at: time)
      for repetition in 0..<(step > 1 ? resampling : 1) {
        let fresh = pass == 0 ? noisy : noise(pass)
        if repetition > 0 {
          noisy = returned(noisy, from: Float(step - 1) / Float(steps), to: time, noise: fresh)
        }
        // No place is both known and hidden, so one noise does for both.
        let level = known.elementwise(with: fresh) { $0.combine { x, e in signal * x + deviation * e } }
        noisy = DDIM.step(noisy.keeping(level), from: step, of: steps, velocity: velocity)
        pass += 1
      }
    }
    return noisy.keeping(known)
  }

  /// z at a later time, which has more noise: z ← r z + √(1 - r²) ε with r = α' / α, since α² + σ² = 1.
  package static func returned(
    _ noisy: Tensor, from earlier: Float, to later: Float, noise: Tensor
  ) -> Tensor {
    let (before, after) = (
      CosineSchedule.coefficients(at: earlier), CosineSchedule.coefficients(at: later)
    )
    let ratio = after.signal / before.signal
    let deviation = (1 - ratio * ratio).squareRoot()
    return noisy.elementwise(with: noise) { $0.combine { z, e in ratio * z + deviation * e } }
  }
}

extension Tensor {
  /// The values of `known` where these are numbers, and this tensor's elsewhere.
  fileprivate func keeping(_ known: Tensor) -> Tensor {
    elementwise(with: known) { $0.combine { z, x in x.isNaN ? z : x } }
  }
}
