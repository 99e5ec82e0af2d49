public import Autograd
import TensorCore

/// A residual block (He et al. 2016): what some layers make of the input is added to what a shortcut does.
/// Names are `residual.0.weight` and `shortcut.0.weight`.
public struct Residual: Layer {
  /// The layers that learn the difference.
  public let residual: Sequential
  /// What stands for the input; the input itself if there are no layers.
  public let shortcut: Sequential

  /// A block of two chains that give equal shapes.
  public init(_ residual: [any Layer], shortcut: [any Layer] = []) {
    self.residual = Sequential(residual)
    self.shortcut = Sequential(shortcut)
  }

  /// residual(x) + shortcut(x).
  public func callAsFunction(_ input: Variable) -> Variable { residual(input) + shortcut(input) }
}
