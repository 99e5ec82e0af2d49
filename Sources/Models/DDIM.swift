package import TensorCore

/// The deterministic sampler of Song et al. (2021, "Denoising diffusion implicit models", eq. 12 with σ = 0).
package enum DDIM {
  /// Images in [-1, 1] that are made of noise in `steps` equal steps of time from 1 to 0:
  /// z ← α' x̂ + σ' ε̂, with x̂ = α z - σ v̂ cut off where no image is, and ε̂ = (z - α x̂) / σ.
  /// - Parameters:
  ///   - noise: z at t = 1, standard normal, `[N, …]`.
  ///   - velocity: the prediction v̂ of α ε - σ x at noisy images and a time.
  package static func samples(
    of noise: Tensor, steps: Int, velocity: (_ noisy: Tensor, _ time: Float) -> Tensor
  ) -> Tensor {
    var noisy = noise
    for step in stride(from: steps, to: 0, by: -1) {
      noisy = Self.step(noisy, from: step, of: steps, velocity: velocity)
    }
    // The last step leaves x̂.
    return noisy
  }

  /// z at the time (step - 1) / steps of what it is at step / steps.
  static func step(
    _ noisy: Tensor, from step: Int, of steps: Int, velocity: (_ noisy: Tensor, _ time: Float) -> Tensor
  ) -> Tensor {
    let time = Float(step) / Float(steps)
    let (signal, deviation) = CosineSchedule.coefficients(at: time)
    let (nextSignal, nextDeviation) = CosineSchedule.coefficients(at: Float(step - 1) / Float(steps))
    // Not a number stays one.
    let images = noisy.elementwise(with: velocity(noisy, time)) {
      $0.combine { z, v in
        let x = signal * z - deviation * v
        return x > 1 ? 1 : x < -1 ? -1 : x
      }
    }
    return noisy.elementwise(with: images) {
      $0.combine { z, x in nextSignal * x + nextDeviation * ((z - signal * x) / deviation) }
    }
  }
}
