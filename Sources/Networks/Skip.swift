public import Autograd
import TensorCore

/// A connection that skips some layers (Ronneberger et al. 2015): the channels of what they make of the
/// input, then those of the input. Names are `inner.0.weight`.
public struct Skip: Layer {
  /// The layers that are skipped.
  public let inner: Sequential

  /// A connection around layers that leave the places as many as they are.
  public init(_ inner: [any Layer]) {
    self.inner = Sequential(inner)
  }

  /// `[N, spatial…, C]` to `[N, spatial…, C' + C]`, the first of the layers.
  public func callAsFunction(_ input: Variable) -> Variable { inner(input).appendingChannels(input) }
}

/// Layers that complete samples of which a part is known: what is known stays. Names are `inner.0.weight`.
public struct Completion: Layer {
  /// The layers that make a whole sample, known or not, of a context.
  public let inner: Sequential

  /// A completion by layers from `C + 1` channels to `C`.
  public init(_ inner: [any Layer]) {
    self.inner = Sequential(inner)
  }

  /// `[N, spatial…, C + 1]`, values with a mask behind them, 1 where they are known and 0 where not, to
  /// `[N, spatial…, C]`: mask · values + (1 - mask) · inner.
  public func callAsFunction(_ input: Variable) -> Variable {
    let last = input.shape.channels - 1
    let (values, mask) = (input.channels(0..<last), input.channels(last..<last + 1))
    return values * mask + inner(input) * (1 - mask)
  }
}
