public import Autograd

/// What a discriminator and a generator minimise, as functions of the discriminator's scores. All are means.
public enum AdversarialLoss: String, CaseIterable, Hashable, Sendable {
  /// D: -log σ(D(x)) - log(1 - σ(D(G(z)))); G: -log σ(D(G(z))) (Goodfellow et al. 2014, section 3).
  case nonSaturating
  /// The same D; G: log(1 - σ(D(G(z)))), the minimax game of Goodfellow et al. 2014, eq. 1.
  case saturating
  /// D: max(0, 1 - D(x)) + max(0, 1 + D(G(z))); G: -D(G(z)) (Lim and Ye 2017; Miyato et al. 2018, eq. 16 and
  /// 17).
  case hinge
  /// D: ½(D(x) - 1)² + ½D(G(z))²; G: ½(D(G(z)) - 1)² (Mao et al. 2017, eq. 9).
  case leastSquares
  /// D: -D(x) + D(G(z)); G: -D(G(z)) (Arjovsky et al. 2017, eq. 2 and 3). D must be kept Lipschitz.
  case wasserstein

  /// Whether scores are logits of the probability that a sample is real.
  public var usesLogits: Bool { self == .nonSaturating || self == .saturating }

  /// The score above which a sample is taken for real; nil where scores have no such meaning.
  public var decisionThreshold: Float? {
    switch self {
    case .nonSaturating, .saturating, .hinge: 0
    case .leastSquares: 0.5
    case .wasserstein: nil
    }
  }

  /// The discriminator's loss of real samples.
  /// - Parameter smoothing: s of one-sided label smoothing, whose targets are 1 - s (Salimans et al. 2016,
  ///   section 3.4); only the cross-entropies have targets to smooth.
  public func real(_ scores: Variable, smoothing: Float = 0) -> Variable {
    precondition(usesLogits || smoothing == 0, "\(rawValue) has no labels to smooth")
    switch self {
    case .nonSaturating, .saturating:
      let loss = binaryCrossEntropy(logits: scores, isReal: true)
      // Of the target 1 - s: s x + softplus(-x).
      return smoothing == 0 ? loss : loss + scores.mean() * smoothing
    case .hinge: return (1 - scores).relu().mean()
    case .leastSquares: return (scores - 1).squared().mean() * 0.5
    case .wasserstein: return -scores.mean()
    }
  }

  /// The discriminator's loss of fakes.
  public func fake(_ scores: Variable) -> Variable {
    switch self {
    case .nonSaturating, .saturating: binaryCrossEntropy(logits: scores, isReal: false)
    case .hinge: (scores + 1).relu().mean()
    case .leastSquares: scores.squared().mean() * 0.5
    case .wasserstein: scores.mean()
    }
  }

  /// The generator's loss.
  public func generator(_ scores: Variable) -> Variable {
    switch self {
    case .nonSaturating: binaryCrossEntropy(logits: scores, isReal: true)
    case .saturating: -binaryCrossEntropy(logits: scores, isReal: false)
    case .hinge, .wasserstein: -scores.mean()
    case .leastSquares: (scores - 1).squared().mean() * 0.5
    }
  }
}
