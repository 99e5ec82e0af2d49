/// A linear map of a line of vectors. Applied along both axes of a square it is one of the transforms of a
/// Winograd convolution; every lane is a channel of its own, so that the vector width has no influence on any
/// bit.
protocol LineTransform: SendableMetatype {
  static var inputs: Int { get }
  static var outputs: Int { get }
  /// Reads `x(0) ..< x(inputs)` and gives `y(0) ..< y(outputs)`.
  static func apply(_ x: (Int) -> Vector, _ y: (Int, Vector) -> Void)
}

/// The five maps of F(m, r), which gives m outputs of a correlation with r taps in m + r − 1 multiplications
/// (Winograd 1980; Lavin and Gray 2016): with A, B and G of the paper
///
///     outputs      = Aᵀ [ (G taps) ⊙ (Bᵀ inputs) ]
///     tapGradients = Gᵀ [ (A outputGradients) ⊙ (Bᵀ inputs) ]
protocol WinogradMaps {
  /// Bᵀ: m + r − 1 inputs.
  associatedtype Input: LineTransform
  /// G: r taps.
  associatedtype Kernel: LineTransform
  /// Aᵀ: to m outputs.
  associatedtype Output: LineTransform
  /// A: m output gradients.
  associatedtype Upstream: LineTransform
  /// Gᵀ: to r tap gradients.
  associatedtype Gradient: LineTransform
}

extension Vector {
  /// `self + factor * other`, rounded once.
  @inline(__always) func adding(_ factor: Float, _ other: Vector) -> Vector {
    addingProduct(Vector(repeating: factor), other)
  }
}
