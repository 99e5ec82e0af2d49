public import Autograd
import TensorCore

/// A fully connected layer: `[…, in]` to `[…, out]`, x Wᵀ + b with W `[out, in]`.
public struct Linear: Layer {
  /// `[out, in]`.
  public let weight: Parameter
  /// `[out]`.
  public let bias: Parameter?

  /// PyTorch's default start, uniform in ±1/√in, unless given.
  public init(from inputs: Int, to outputs: Int, bias: Bool = true, initializer: Initializer? = nil) {
    let bound = 1 / Float(inputs).squareRoot()
    weight = Parameter([outputs, inputs], initializer ?? .uniform(bound: bound))
    self.bias = bias ? Parameter([outputs], .uniform(bound: bound)) : nil
  }

  /// The product with the weights, plus the bias.
  public func callAsFunction(_ input: Variable) -> Variable {
    let tape = input.tape
    return linear(
      input, weight: tape.variable(for: weight), bias: bias.map { tape.variable(for: $0) })
  }
}

/// `[…, in]` to `[…, out]`: x Wᵀ + b with W `[out, in]` and b `[out]`.
public func linear(_ input: Variable, weight: Variable, bias: Variable?) -> Variable {
  let rows = input.reshaped([input.shape.rows, input.shape.channels])
  let product = rows.matrixProduct(weight, transposingOther: true)
  let result = bias.map { product + $0 } ?? product
  return result.reshaped(.init(input.shape.extents.dropLast() + [weight.shape[0]]))
}
