public import TensorCore

/// What a layer computes in inference mode, in the operators that frameworks share: for formats that other
/// programs run. Weights have PyTorch's layouts and are views, valid until the next update.
public enum LayerOperation: Sendable {
  /// x Wᵀ + b with W `[out, in]` and b `[out]`.
  case linear(weight: Tensor, bias: Tensor?)
  /// Cross-correlation with weights `[Cout, Cin, k…]`.
  case convolution(weight: Tensor, bias: Tensor?, ConvolutionGeometry)
  /// Its input gradient, with weights `[Cin, Cout, k…]`.
  case transposedConvolution(weight: Tensor, bias: Tensor?, ConvolutionGeometry)
  /// (x - mean) / √(variance + ε) · scale + shift, each `[C]`.
  case batchNorm(scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor, epsilon: Float)
  /// (x - mean) / √(variance + ε), with the moments of each sample's groups of neighbouring channels, then
  /// · scale + shift, each `[C]`, where there are such.
  case groupNorm(groups: Int, channels: Int, affine: (scale: Tensor, shift: Tensor)?, epsilon: Float)
  /// x where positive, slope · x elsewhere.
  case rectifier(slope: Float)
  /// Hyperbolic tangent.
  case tanh
  /// 1 / (1 + e^-x).
  case sigmoid
  /// Each pixel becomes a square of `scale` × `scale`.
  case upsampling(scale: Int)
  /// The mean of each square of `side` × `side` pixels.
  case averagePool(side: Int)
  /// The sum over all `side` × `side` pixels of an image.
  case sumPool(side: Int)
  /// The sum of what two chains make of the input; an empty one leaves it as it is.
  case residual([NetworkDescription.NamedOperation], shortcut: [NetworkDescription.NamedOperation])
  /// The channels of what a chain makes of the input, then those of the input.
  case skip([NetworkDescription.NamedOperation])
  /// The last channel m of the input, a mask, completes what a chain makes of all: (all channels but m) · m +
  /// chain · (1 - m).
  case completion([NetworkDescription.NamedOperation])
  /// x (1 + s) + b, where a chain makes `[s, b]`, a number for each channel, of the network's
  /// ``NetworkDescription/Code``.
  case modulation([NetworkDescription.NamedOperation])
}

/// A layer that says what it computes; see ``LayerOperation``. A layer without it cannot be exported.
public protocol DescribedLayer: Layer {
  /// What the layer computes with its present weights.
  var operation: LayerOperation { get }
}

/// A layer that is not described for other programs.
public struct UndescribedLayer: Error, CustomStringConvertible {
  /// The name of the network that it is in.
  public let network: String
  /// The layer's place in it, such as `main.3`.
  public let layer: String
  /// The layer's type.
  public let type: String

  /// `what, where; what to do next`.
  public var description: String {
    "layers of type \(type) are not exported yet (network \(network), layer \(layer)); choose another "
      + "--network, or take the weights, not averaged, from the checkpoint's \(network).safetensors.zst, which "
      + "`zstd -d` and safetensors read"
  }
}
