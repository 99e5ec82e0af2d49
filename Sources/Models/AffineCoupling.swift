import Autograd
import Networks
import TensorCore

/// An affine coupling (Dinh et al. 2017, section 3.2): one half of a vector is scaled and shifted by what a
/// network makes of the other half, which stays as it is.
///
/// As a layer it goes from latents to samples: x = (z - t) e⁻ˢ. Log-scales are s = f tanh(…) with a learnt
/// factor f of each number (section 4.1), which bounds them.
struct AffineCoupling: Layer {
  /// Of the half that stays: log-scales, then shifts.
  let net: Sequential
  /// What log-scales are at the most, `[changed]`.
  let factor: Parameter
  private let first: Int
  private let changesSecondHalf: Bool

  /// A coupling of vectors of `dimensions` numbers, with `depth` hidden layers of `hidden` units, that begins
  /// as the identity.
  init(_ dimensions: Int, changesSecondHalf: Bool, hidden: Int, depth: Int) {
    first = dimensions - dimensions / 2
    self.changesSecondHalf = changesSecondHalf
    let (kept, changed) = changesSecondHalf ? (first, dimensions - first) : (dimensions - first, first)
    var layers: [any Layer] = [Linear(from: kept, to: hidden), Rectifier()]
    for _ in 1..<depth { layers += [Linear(from: hidden, to: hidden), Rectifier()] }
    net = Sequential(layers + [Linear(from: hidden, to: 2 * changed, initializer: .constant(0))])
    factor = Parameter([changed], .constant(1))
  }

  /// Latents to samples, `[N, dimensions]`.
  func callAsFunction(_ latents: Variable) -> Variable {
    let (kept, changed) = halves(of: latents)
    let (logScales, shifts) = scalesAndShifts(kept)
    return joined(kept, (changed - shifts) * (-logScales).exp())
  }

  /// Samples to latents, `[N, dimensions]`, and the log-scales, `[N, changed]`, whose sum is the logarithm of
  /// the Jacobian's determinant.
  func encode(_ samples: Variable) -> (latents: Variable, logScales: Variable) {
    let (kept, changed) = halves(of: samples)
    let (logScales, shifts) = scalesAndShifts(kept)
    return (joined(kept, changed * logScales.exp() + shifts), logScales)
  }

  private func scalesAndShifts(_ kept: Variable) -> (logScales: Variable, shifts: Variable) {
    let made = net(kept)
    let changed = factor.shape[0]
    return (
      made.channels(0..<changed).tanh() * made.tape.variable(for: factor),
      made.channels(changed..<2 * changed)
    )
  }

  private func halves(of vector: Variable) -> (kept: Variable, changed: Variable) {
    let (front, back) = (vector.channels(0..<first), vector.channels(first..<vector.shape.channels))
    return changesSecondHalf ? (front, back) : (back, front)
  }

  private func joined(_ kept: Variable, _ changed: Variable) -> Variable {
    changesSecondHalf ? kept.appendingChannels(changed) : changed.appendingChannels(kept)
  }
}
