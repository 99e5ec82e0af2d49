public import TensorCore

/// What a layer computes in inference mode, in the operators that frameworks share: for formats that other
/// programs run. Weights have PyTorch's layouts and are views, valid until the next update.
public enum LayerOperation: Sendable {
  /// x Wᵀ + b with W `[out, in]` and b `[out]`.
  case linear(weight: Tensor, bias: Tensor?)
  /// Cross-correlation with weights `[Cout, Cin, k…]`.
  case convolution(weight: Tensor, bias: Tensor?, ConvolutionGeometry)
  /// Its input gradient, with weights `[Cin, Cout, k…]`.
  case transposedConvolution(weight: Tensor, bias: Tensor?, ConvolutionGeometry, outputPadding: [Int])
  /// (x - mean) / √(variance + ε) · scale + shift, each `[C]`.
  case batchNorm(scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor, epsilon: Float)
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
}

extension LayerOperation {
  /// Those of a dense layer; none of an operation without weights.
  var tensors: [(name: String, value: Tensor)] {
    switch self {
    case .linear(let weight, let bias): [("weight", weight)] + (bias.map { [("bias", $0)] } ?? [])
    case .rectifier, .tanh, .sigmoid, .upsampling, .averagePool, .sumPool: []
    case .convolution, .transposedConvolution, .batchNorm, .residual:
      preconditionFailure("a part of a network has dense layers")
    }
  }
}

/// A layer that says what it computes; see ``LayerOperation``. A layer without it cannot be exported.
public protocol DescribedLayer: Layer {
  /// What the layer computes with its present weights.
  var operation: LayerOperation { get }
}

/// A layer that is not described for other programs.
public struct UndescribedLayer: Error, CustomStringConvertible {
  /// The network.
  public let network: String
  /// The layer's place in it, such as `main.3`.
  public let layer: String
  /// The layer's type.
  public let type: String

  /// `what, where; what to do next`.
  public var description: String {
    "layers of type \(type) are not exported yet (network \(network), layer \(layer)); choose another --network, or "
      + "take the weights, not averaged, from the checkpoint's \(network).safetensors.zst, which `zstd -d` and "
      + "safetensors read"
  }
}
