import Glibc
import Models
import TensorCore
import Testing

@Suite("A denoiser completes samples that it was not trained to complete")
struct RePaintTests {
  private static func noise(_ shape: Shape, _ turn: Int) -> Tensor {
    KeyedNoise(seed: 8, purpose: .synthetic, turn: turn).normal(shape)
  }

  private static func share(_ time: Float) -> (signal: Double, deviation: Double) {
    (cos(Double(time) * .pi / 2), sin(Double(time) * .pi / 2))
  }

  @Test(
    "the way back has the variance that is missing, in Float64, so that z keeps the variance of one",
    arguments: [(from: 0.04, to: 0.08), (from: 0.5, to: 0.54), (from: 0.96, to: 1)])
  func wayBack(from earlier: Double, to later: Double) {
    let (t, s) = (Float(earlier), Float(later))
    let (before, after) = (Self.share(t), Self.share(s))
    let (z, e) = (Self.noise([20_000], 1), Self.noise([20_000], 2))
    let returned = RePaint.returned(z, from: t, to: s, noise: e).scalars
    let ratio = after.signal / before.signal
    let missing =
      (after.deviation * after.deviation - ratio * ratio * before.deviation * before.deviation).squareRoot()
    for (made, (z, e)) in zip(returned, zip(z.scalars, e.scalars)) {
      #expect(abs(Double(made) - (ratio * Double(z) + missing * Double(e))) < 1e-5)
    }
    let variance = returned.reduce(0) { $0 + Double($1 * $1) } / 20_000
    // Five standard errors.
    #expect(abs(variance - 1) < 5 * (2.0 / 20_000).squareRoot())
  }

  @Test("known values stay to the bit, and each pass sees them at the level of its time, with its own noise")
  func known() {
    let steps = 4
    let known = Tensor([0.3, .nan, -0.7, 1, .nan, .nan, -1, 0], shape: [2, 4])
    var (passes, levels): ([Int], [Float]) = ([], [])
    var seen = true
    let samples = RePaint.samples(
      completing: known, steps: steps, resampling: 3,
      noise: {
        passes.append($0)
        return Self.noise([2, 4], $0)
      }
    ) { noisy, time in
      levels.append(time)
      let (signal, deviation) = Self.share(time)
      let fresh = Self.noise([2, 4], levels.count - 1).scalars
      for (place, value) in known.scalars.enumerated() where !value.isNaN {
        let expected = signal * Double(value) + deviation * Double(fresh[place])
        seen = seen && abs(Double(noisy.scalars[place]) - expected) < 1e-5
      }
      return noisy.multiplied(by: 0.5)
    }
    #expect(seen)
    #expect(passes == Array(0..<10))
    #expect(levels == [1, 1, 1, 0.75, 0.75, 0.75, 0.5, 0.5, 0.5, 0.25])
    for (made, value) in zip(samples.scalars, known.scalars) {
      #expect(value.isNaN ? abs(made) <= 1 : made.bitPattern == value.bitPattern)
    }
  }

  @Test("hidden values go their own way where they are not resampled and nothing is known")
  func nothingKnown() {
    let noise = Self.noise([1, 50], 0)
    func velocity(_ noisy: Tensor, _ time: Float) -> Tensor { noisy.multiplied(by: time).tanh() }
    let completed = RePaint.samples(
      completing: Tensor(repeating: .nan, shape: [1, 50]), steps: 5, resampling: 1,
      noise: { Self.noise([1, 50], $0) }, velocity: velocity)
    #expect(completed.scalars == DDIM.samples(of: noise, steps: 5, velocity: velocity).scalars)
  }

  /// Pairs of numbers, each N(0.1, 0.3²), with a correlation: what is hidden, the second, is completed by the
  /// best denoiser of such pairs.
  private struct Pairs {
    let correlation: Double
    private static let (mean, variance) = (0.1, 0.09)
    static let count = 2000

    private func velocity(_ noisy: Tensor, _ time: Float) -> Tensor {
      let (signal, deviation) = RePaintTests.share(time)
      // A matrix [a b; b a] of the sum and the difference is diagonal.
      func kept(_ variance: Double) -> Double {
        signal * variance / (signal * signal * variance + deviation * deviation)
      }
      let (sum, difference) = (
        kept(Self.variance * (1 + correlation)), kept(Self.variance * (1 - correlation))
      )
      let z = noisy.scalars.map(Double.init)
      return Tensor(
        z.indices.map { place in
          let (own, other) = (z[place] - signal * Self.mean, z[place ^ 1] - signal * Self.mean)
          let x = Self.mean + 0.5 * (sum * (own + other) + difference * (own - other))
          return Float(signal * (z[place] - signal * x) / deviation - deviation * x)
        }, shape: noisy.shape)
    }

    /// The slope of what was made on what was known, and the deviation from the line of that slope.
    func completed(steps: Int, resampling: Int) -> (slope: Double, rest: Double, mean: Double) {
      let known = RePaintTests.noise([Self.count], 1000).scalars.map {
        min(max(Float(Self.mean) + 0.3 * $0, -1), 1)
      }
      let samples = RePaint.samples(
        completing: Tensor(known.flatMap { [$0, .nan] }, shape: [Self.count, 2]), steps: steps,
        resampling: resampling, noise: { RePaintTests.noise([Self.count, 2], $0) }, velocity: velocity
      ).scalars
      let pairs = (0..<Self.count).map {
        (Double(samples[2 * $0]) - Self.mean, Double(samples[2 * $0 + 1]) - Self.mean)
      }
      let squares = pairs.reduce(0) { $0 + $1.0 * $1.0 }
      let slope = pairs.reduce(0) { $0 + $1.0 * $1.1 } / squares
      let rest = pairs.reduce(0) { $0 + ($1.1 - slope * $1.0) * ($1.1 - slope * $1.0) }
      let mean = pairs.reduce(0) { $0 + $1.1 - slope * $1.0 } / Double(Self.count)
      return (slope, (rest / Double(Self.count)).squareRoot(), mean)
    }
  }

  @Test("what is hidden comes to equal a known value that it always equals, by resampling")
  func equal() {
    let pairs = Pairs(correlation: 1)
    let (once, often) = (
      pairs.completed(steps: 50, resampling: 1), pairs.completed(steps: 50, resampling: 10)
    )
    #expect(abs(often.slope - 1) < 0.06 && often.rest < 0.05 && abs(often.mean) < 0.02, "\(often)")
    #expect(once.slope < 0.9 && once.rest > 0.05, "\(once)")
  }

  @Test(
    "what is hidden has its mean and its variance given what is known, by resampling",
    arguments: [0.8, -0.8, 0])
  func conditional(correlation: Double) {
    let pairs = Pairs(correlation: correlation)
    let (once, often) = (
      pairs.completed(steps: 50, resampling: 1), pairs.completed(steps: 50, resampling: 10)
    )
    // The sampler's own error, with the denoiser of independent numbers, is a tenth of the deviation.
    let deviation = 0.3 * (1 - correlation * correlation).squareRoot()
    #expect(abs(often.slope - correlation) < 0.12 && abs(often.mean) < 0.025, "\(often)")
    #expect(abs(often.rest - deviation) < 0.15 * deviation, "\(often)")
    #expect(correlation == 0 || abs(once.slope) < 0.5 && once.rest > 1.15 * deviation, "\(once)")
  }
}
