public import Autograd
import TensorCore

/// A fully connected layer: `[…, in]` to `[…, out]`, x Wᵀ + b with W `[out, in]`.
public struct Linear: DescribedLayer {
  /// `[out, in]`.
  public let weight: Parameter
  /// `[out]`.
  public let bias: Parameter?

  /// PyTorch's default start of weights and bias, uniform in ±1/√in, unless given.
  public init(from inputs: Int, to outputs: Int, bias: Bool = true, initializer: Initializer? = nil) {
    let start = initializer ?? Initializer.uniform(fanIn: inputs)
    weight = Parameter([outputs, inputs], start)
    self.bias = bias ? Parameter([outputs], start) : nil
  }

  /// The product with the weights, plus the bias.
  public func callAsFunction(_ input: Variable) -> Variable { self(input, activation: .identity) }

  /// A matrix product.
  public var operation: LayerOperation { .linear(weight: weight.value, bias: bias?.value) }
}

extension Linear: RectifierFusing {
  func callAsFunction(_ input: Variable, activation: FusedActivation) -> Variable {
    let tape = input.tape
    return input.linear(
      weight: tape.variable(for: weight), bias: bias.map { tape.variable(for: $0) }, activation: activation)
  }
}
