public import Autograd
public import TensorCore

/// Cross-correlation of `[N, spatial…, Cin]` with weights `[Cout, Cin, k…]`, in one, two or three dimensions.
public struct Convolution: DescribedLayer {
  /// `[Cout, Cin, k…]`.
  public let weight: Parameter
  /// `[Cout]`.
  public let bias: Parameter?
  /// Kernel, stride and padding.
  public let geometry: ConvolutionGeometry

  /// A convolution; PyTorch's default start, uniform in ±1/√(Cin · taps), unless given.
  public init(
    from inputs: Int, to outputs: Int, _ geometry: ConvolutionGeometry, bias: Bool = true,
    initializer: Initializer? = nil
  ) {
    let start = Initializer.uniform(fanIn: inputs * geometry.taps)
    weight = Parameter(Shape([outputs, inputs] + geometry.kernel), initializer ?? start)
    self.bias = bias ? Parameter([outputs], start) : nil
    self.geometry = geometry
  }

  /// `[N, spatial…, Cin]` to `[N, spatial'…, Cout]`.
  public func callAsFunction(_ input: Variable) -> Variable {
    let result = input.convolved(with: input.tape.variable(for: weight), geometry)
    return bias.map { result + input.tape.variable(for: $0) } ?? result
  }

  /// A convolution.
  public var operation: LayerOperation { .convolution(weight: weight.value, bias: bias?.value, geometry) }
}

/// Transposed convolution of `[N, spatial…, Cin]` with weights `[Cin, Cout, k…]`: the input gradient of
/// ``Convolution``.
public struct TransposedConvolution: DescribedLayer {
  /// `[Cin, Cout, k…]`.
  public let weight: Parameter
  /// `[Cout]`.
  public let bias: Parameter?
  /// Kernel, stride and padding.
  public let geometry: ConvolutionGeometry

  /// A transposed convolution; PyTorch's default start, uniform in ±1/√(Cout · taps), unless given.
  public init(
    from inputs: Int, to outputs: Int, _ geometry: ConvolutionGeometry, bias: Bool = true,
    initializer: Initializer? = nil
  ) {
    let start = Initializer.uniform(fanIn: outputs * geometry.taps)
    weight = Parameter(Shape([inputs, outputs] + geometry.kernel), initializer ?? start)
    self.bias = bias ? Parameter([outputs], start) : nil
    self.geometry = geometry
  }

  /// `[N, spatial…, Cin]` to `[N, spatial'…, Cout]`.
  public func callAsFunction(_ input: Variable) -> Variable {
    let result = input.transposedConvolved(
      with: input.tape.variable(for: weight), geometry, outputPadding: geometry.kernel.map { _ in 0 })
    return bias.map { result + input.tape.variable(for: $0) } ?? result
  }

  /// A transposed convolution.
  public var operation: LayerOperation {
    .transposedConvolution(weight: weight.value, bias: bias?.value, geometry)
  }
}
