package import Networks
package import Platform
import TensorCore

/// What `config.json` says about a network, from which a few lines of Python build it in PyTorch: for each
/// layer the class in `torch.nn` and its arguments.
package enum TorchConfiguration {
  /// The JSON object of a network.
  /// - Parameter file: the file of its weights.
  /// - Throws: `UndescribedLayer`.
  package static func object(
    _ network: NetworkDescription, file: String
  ) throws(UndescribedLayer) -> JSONValue {
    let axes = max(network.chainExtents.count - 1, 1)
    var members: [JSONValue.Member] = [
      .init("file", .string(file)),
      .init("input", port(network.input)),
      .init("chain_shape", integers(network.chainExtents)),
      .init("input_scale", .float(network.inputScale)),
      .init("layers", .array(try network.operations().map { object($0, axes: axes) })),
      .init("output_scale", .float(network.outputScale)),
      .init("output", port(network.output)),
    ]
    if network.packing > 1 { members.append(.init("packing", .integer(network.packing))) }
    if let part = network.classes { members.append(.init("classes", object(part))) }
    if let further = network.further {
      members.append(
        .init(
          "further",
          .object([
            .init("name", .string(further.layer.name)), .init("layer", object(further.layer, axes: axes)),
            .init("output", port(further.output)),
          ])))
    }
    if let code = network.code {
      var parts: [JSONValue.Member] = [
        .init("frequencies", .array(code.frequencies.scalars.map(JSONValue.float))),
        .init("layers", .array(code.layers.map { object($0, axes: 1) })),
      ]
      if let table = code.classes { parts.append(.init("classes", object(table))) }
      members.append(.init("code", .object(parts)))
    }
    return .object(members)
  }

  /// - Parameter axes: those of the layer's places, 1 where it takes vectors.
  private static func object(_ layer: NetworkDescription.NamedOperation, axes: Int) -> JSONValue {
    func block(
      _ type: String, _ chains: KeyValuePairs<String, [NetworkDescription.NamedOperation]>
    ) -> JSONValue {
      .object(
        [.init("type", .string(type))]
          + chains.map { .init($0.key, .array($0.value.map { object($0, axes: axes) })) })
    }
    return switch layer.operation {
    case .residual(let residual, let shortcut):
      block("Residual", ["residual": residual, "shortcut": shortcut])
    case .skip(let inner): block("Skip", ["inner": inner])
    case .completion(let inner): block("Completion", ["inner": inner])
    case .modulation(let affine): block("Modulation", ["affine": affine])
    default:
      object(
        type(of: layer.operation, axes: axes), arguments(of: layer.operation), isSpectral: layer.isSpectral)
    }
  }

  private static func object(
    _ type: String, _ arguments: [JSONValue.Member], isSpectral: Bool
  ) -> JSONValue {
    .object(
      [.init("type", .string(type)), .init("arguments", .object(arguments))]
        + (isSpectral ? [.init("spectral_norm", .bool(true))] : []))
  }

  /// How classes are told, the name of the part that does it, and its class in `torch.nn`.
  private static func object(_ part: NetworkDescription.ClassPart) -> JSONValue {
    func members(_ form: String, _ name: String, _ layer: JSONValue) -> JSONValue {
      .object([.init("form", .string(form)), .init("name", .string(name)), .init("layer", layer)])
    }
    return switch part {
    case .input(let table): members("input", table.name, object(table))
    case .projection(let table): members("projection", table.name, object(table))
    }
  }

  private static func object(_ table: NetworkDescription.NamedTable) -> JSONValue {
    object(
      "Embedding",
      [
        .init("num_embeddings", .integer(table.rows.shape[0])),
        .init("embedding_dim", .integer(table.rows.shape[1])),
      ], isSpectral: table.isSpectral)
  }

  private static func port(_ port: NetworkDescription.Port) -> JSONValue {
    .object([.init("name", .string(port.name)), .init("shape", integers(port.extents))])
  }

  private static func type(of operation: LayerOperation, axes: Int) -> String {
    switch operation {
    case .linear: "Linear"
    case .convolution(_, _, let geometry): "Conv\(geometry.axes)d"
    case .transposedConvolution(_, _, let geometry): "ConvTranspose\(geometry.axes)d"
    case .batchNorm: "BatchNorm\(axes)d"
    case .groupNorm: "GroupNorm"
    case .rectifier(let slope): slope == 0 ? "ReLU" : "LeakyReLU"
    case .tanh: "Tanh"
    case .sigmoid: "Sigmoid"
    case .upsampling: "Upsample"
    case .averagePool: "AvgPool2d"
    // With the power 1 it adds.
    case .sumPool: "LPPool2d"
    case .residual, .skip, .completion, .modulation: preconditionFailure("a block is no class of torch.nn")
    }
  }

  private static func arguments(of operation: LayerOperation) -> [JSONValue.Member] {
    switch operation {
    case .linear(let weight, let bias):
      [
        .init("in_features", .integer(weight.shape[1])), .init("out_features", .integer(weight.shape[0])),
        .init("bias", .bool(bias != nil)),
      ]
    case .convolution(let weight, let bias, let geometry):
      [
        .init("in_channels", .integer(weight.shape[1])), .init("out_channels", .integer(weight.shape[0])),
      ] + arguments(of: geometry) + [.init("bias", .bool(bias != nil))]
    case .transposedConvolution(let weight, let bias, let geometry):
      [
        .init("in_channels", .integer(weight.shape[0])), .init("out_channels", .integer(weight.shape[1])),
      ] + arguments(of: geometry) + [.init("bias", .bool(bias != nil))]
    case .batchNorm(let scale, _, _, _, let epsilon):
      [.init("num_features", .integer(scale.count)), .init("eps", .float(epsilon))]
    case .groupNorm(let groups, let channels, let affine, let epsilon):
      [
        .init("num_groups", .integer(groups)), .init("num_channels", .integer(channels)),
        .init("eps", .float(epsilon)), .init("affine", .bool(affine != nil)),
      ]
    case .rectifier(let slope): slope == 0 ? [] : [.init("negative_slope", .float(slope))]
    case .tanh, .sigmoid: []
    case .upsampling(let scale): [.init("scale_factor", .integer(scale))]
    case .averagePool(let side): [.init("kernel_size", .integer(side))]
    case .sumPool(let side): [.init("norm_type", .integer(1)), .init("kernel_size", .integer(side))]
    case .residual, .skip, .completion, .modulation: preconditionFailure("a block has no arguments")
    }
  }

  private static func arguments(of geometry: ConvolutionGeometry) -> [JSONValue.Member] {
    [
      .init("kernel_size", integers(geometry.kernel)), .init("stride", integers(geometry.stride)),
      .init("padding", integers(geometry.padding)),
    ]
  }

  private static func integers(_ values: [Int]) -> JSONValue { .array(values.map(JSONValue.integer)) }
}
