import Autograd
import Networks
import TensorCore

/// Evaluates an operator of the reference vectors. Activations there are `[N, C, spatial…]`.
struct GoldenOperator {
  let golden: GoldenCase
  let operation: String

  /// The output for inputs by name, in the reference's layout.
  func callAsFunction(_ inputs: [String: Variable], tape: Tape) throws -> Variable {
    if let activation = Self.activations[operation] { return activation(inputs["x"]!) }
    switch operation {
    case "conv1d", "conv2d", "conv3d": return convolution(inputs)
    case "conv_transpose1d", "conv_transpose2d", "conv_transpose3d": return transposedConvolution(inputs)
    case "linear": return inputs["x"]!.linear(weight: inputs["w"]!, bias: inputs["b"])
    case "batch_norm":
      return inputs["x"]!.channelsLast().batchNormalized(
        weight: inputs["w"]!, bias: inputs["b"]!, epsilon: epsilon
      ).output.channelsFirst()
    case "layer_norm":
      return layerNorm(inputs["x"]!, weight: inputs["w"]!, bias: inputs["b"]!, epsilon: epsilon)
    case "group_norm":
      return inputs["x"]!.channelsLast().groupNormalized(
        groups: Int(golden.number("groups")), weight: inputs["w"]!, bias: inputs["b"]!, epsilon: epsilon
      ).channelsFirst()
    case "instance_norm": return instanceNorm(inputs["x"]!.channelsLast(), epsilon: epsilon).channelsFirst()
    case "max_pool2d": return pooled(inputs) { $0.maxPool(kernel: $1, stride: $2) }
    case "avg_pool2d": return pooled(inputs) { $0.averagePool(kernel: $1, stride: $2) }
    case "interpolate":
      return inputs["x"]!.channelsLast().upsampleNearest(scale: Int(golden.number("scale"))).channelsFirst()
    case "embedding":
      let indices = golden.attributes["index"]!.numbers.map { Int($0) }
      return inputs["w"]!.gatherRows(indices).reshaped(golden["out"].shape)
    case "scaled_dot_product_attention":
      return attention(
        queries: inputs["q"]!, keys: inputs["k"]!, values: inputs["v"]!, causal: golden.flag("causal"))
    case "binary_cross_entropy_with_logits":
      return binaryCrossEntropy(logits: inputs["x"]!, targets: inputs["t"]!)
    case "cross_entropy":
      return crossEntropy(logits: inputs["x"]!, classes: golden.attributes["target"]!.numbers.map { Int($0) })
    case "mse_loss": return meanSquaredError(inputs["x"]!, inputs["t"]!)
    default: throw UnknownOperation(name: operation)
    }
  }

  struct UnknownOperation: Error { let name: String }

  private static let activations: [String: @Sendable (Variable) -> Variable] = [
    "cos": { $0.cos() }, "sin": { $0.sin() }, "exp": { $0.exp() }, "log": { $0.log() },
    "sqrt": { $0.squareRoot() },
    "abs": { $0.magnitude() }, "relu": { $0.relu() }, "leaky_relu": { $0.leakyReLU(slope: 0.2) },
    "elu": { $0.elu() }, "silu": { $0.silu() }, "gelu": { $0.geluTanh() }, "gelu_erf": { $0.gelu() },
    "sigmoid": { $0.sigmoid() }, "log_sigmoid": { $0.logSigmoid() }, "tanh": { $0.tanh() },
    "softplus": { $0.softplus() }, "softmax": { $0.softmax() }, "log_softmax": { $0.logSoftmax() },
    "logsumexp": { $0.logSumExp().reshaped([$0.shape[0]]) },
  ]

  private var epsilon: Float { Float(golden.number("eps", default: 1e-5)) }

  private func geometry(_ weight: Variable) -> ConvolutionGeometry {
    let kernel = Array(weight.shape.extents.dropFirst(2))
    return ConvolutionGeometry(
      kernel: kernel, stride: golden.axes("stride", count: kernel.count, default: 1),
      padding: golden.axes("padding", count: kernel.count, default: 0))
  }

  private func convolution(_ inputs: [String: Variable]) -> Variable {
    let result = inputs["x"]!.channelsLast().convolved(with: inputs["w"]!, geometry(inputs["w"]!))
    return (inputs["b"].map { result + $0 } ?? result).channelsFirst()
  }

  private func transposedConvolution(_ inputs: [String: Variable]) -> Variable {
    let geometry = geometry(inputs["w"]!)
    let result = inputs["x"]!.channelsLast().transposedConvolved(
      with: inputs["w"]!, geometry,
      outputPadding: golden.axes("output_padding", count: geometry.kernel.count, default: 0))
    return (inputs["b"].map { result + $0 } ?? result).channelsFirst()
  }

  private func pooled(_ inputs: [String: Variable], _ pool: (Variable, Int, Int) -> Variable) -> Variable {
    let kernel = Int(golden.number("kernel"))
    return pool(inputs["x"]!.channelsLast(), kernel, Int(golden.number("stride", default: Double(kernel))))
      .channelsFirst()
  }
}
