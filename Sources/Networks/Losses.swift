public import Autograd
import TensorCore

/// Mean binary cross-entropy of logits against targets in [0, 1]: mean((1 - t) x + log(1 + e^-x)).
public func binaryCrossEntropy(logits: Variable, targets: Variable) -> Variable {
  logits.sigmoidCrossEntropy(targets: targets)
}

/// Mean binary cross-entropy of logits that should all say `isReal`.
public func binaryCrossEntropy(logits: Variable, isReal: Bool) -> Variable {
  (isReal ? -logits : logits).softplus().mean()
}

/// Mean cross-entropy of logits `[N, classes]` against class indices.
/// - Precondition: one class below `classes` a row.
public func crossEntropy(logits: Variable, classes: [Int]) -> Variable {
  -logits.logSoftmax().elements(classes).mean()
}

/// The mean of the squared differences of all elements, a scalar.
public func meanSquaredError(_ prediction: Variable, _ target: Variable) -> Variable {
  (prediction - target).squared().mean()
}

/// ∇D of every score as rows `[scores, …]`, recorded, so that it can be differentiated again.
private func gradients(of scores: Variable, at points: Variable) -> Variable {
  let gradient = points.tape.gradients(of: scores.sum(), withRespectTo: [points], createGraph: true)[0]
  guard let gradient else { preconditionFailure("the scores depend on the points") }
  return gradient.reshaped([scores.value.count, points.value.count / scores.value.count])
}

/// The penalty R₁ (Mescheder et al. 2018, eq. 9), without its weight γ/2: mean(‖∇D(x)‖²).
///
/// - Parameters:
///   - points: real samples x, `[N, …]`, a watched variable.
///   - scores: D(x), one a sample or a pack of neighbours, on the same tape.
/// - Returns: a recorded scalar whose derivative with respect to D's parameters is of second order.
public func zeroCentredPenalty(scores: Variable, at points: Variable) -> Variable {
  gradients(of: scores, at: points).squared().sum(along: [1]).mean()
}

/// The penalty of WGAN-GP (Gulrajani et al. 2017, eq. 3), without its weight: mean((‖∇D(ξ)‖ - 1)²).
///
/// - Parameters:
///   - points: ξ, `[N, …]`, a watched variable.
///   - scores: D(ξ), one a sample or a pack of neighbours, on the same tape.
/// - Returns: a recorded scalar whose derivative with respect to D's parameters is of second order.
public func gradientPenalty(scores: Variable, at points: Variable) -> Variable {
  let rows = gradients(of: scores, at: points)
  // Far below the rounding of any other sum: it gives the root a finite derivative where a gradient is
  // exactly zero.
  let norms = (rows.squared().sum(along: [1]) + 1e-30).squareRoot()
  return (norms - 1).squared().mean()
}

/// KL(N(μ, σ²) ‖ N(0, 1)), summed over the latent axis, mean over the samples (Kingma and Welling 2014,
/// appendix B): -½ Σ (1 + log σ² - μ² - σ²).
///
/// - Parameters:
///   - mean: μ, `[N, latent]`.
///   - logVariance: log σ², `[N, latent]`.
public func standardNormalDivergence(mean: Variable, logVariance: Variable) -> Variable {
  let terms = mean.squared() + logVariance.exp() - logVariance - 1
  return terms.sum() * (0.5 / Float(mean.shape[0] / mean.parts))
}
