public import TensorCore

/// A space in which real and generated samples are compared.
public protocol FeatureSpace {
  /// What logs and tables call it.
  var name: String { get }
  /// The length of a feature vector.
  var count: Int { get }
  /// The modes that samples are told apart by; 0 if the space knows none.
  var modeCount: Int { get }

  /// The features of samples, `[N, H, W, C]` or of volumes `[N, D, H, W, C]`, as rows: those of a sample
  /// depend on it alone, but for rounding that depends on N.
  func features(of samples: Tensor) -> Matrix
  /// The mode of each row of features, below ``modeCount``.
  /// - Precondition: the space knows modes.
  func modes(of features: Matrix) -> [Int]
}

extension FeatureSpace {
  /// None.
  public var modeCount: Int { 0 }
  /// Traps.
  public func modes(of features: Matrix) -> [Int] { preconditionFailure("\(name) knows no modes") }
}

extension PrincipalComponents: FeatureSpace {
  /// `pca`.
  public var name: String { "pca" }
}
