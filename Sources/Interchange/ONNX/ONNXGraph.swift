import Networks
import SwiftProtobuf
import TensorCore

/// A chain of ONNX nodes under construction: each takes what the one before it gives.
struct ONNXGraph {
  private var graph = Onnx_GraphProto()
  /// The name of what the last node gives.
  private var current: String

  /// An empty graph with one input.
  init(named name: String, input: NetworkDescription.Port) {
    graph.name = name
    graph.input = [Self.value(input)]
    current = input.name
  }

  /// The graph, whose last node gives `output`.
  consuming func finished(output: NetworkDescription.Port) -> Onnx_GraphProto {
    graph.node[graph.node.count - 1].output = [output.name]
    graph.output = [Self.value(output)]
    return graph
  }

  /// Gives items other extents.
  mutating func reshape(to extents: [Int], name: String) {
    var shape = Onnx_TensorProto()
    shape.name = "\(name).shape"
    shape.dims = [Int64(extents.count + 1)]
    shape.dataType = Int32(Onnx_TensorProto.DataType.int64.rawValue)
    shape.int64Data = [-1] + extents.map(Int64.init)
    graph.initializer.append(shape)
    append("Reshape", name: name, [shape.name])
  }

  /// Multiplies everything by a number.
  mutating func multiply(by factor: Float, name: String) {
    append("Mul", name: name, [initializer(Tensor(factor), "\(name).factor")])
  }

  /// Appends a layer.
  mutating func append(_ layer: NetworkDescription.NamedOperation) {
    let name = layer.name
    switch layer.operation {
    case .linear(let weight, let bias):
      append(
        "Gemm", name: name, weights(name, weight, bias),
        [Self.attribute("transB", 1)])
    case .convolution(let weight, let bias, let geometry):
      append("Conv", name: name, weights(name, weight, bias), Self.attributes(geometry))
    case .transposedConvolution(let weight, let bias, let geometry, let outputPadding):
      append(
        "ConvTranspose", name: name, weights(name, weight, bias),
        Self.attributes(geometry) + [Self.attribute("output_padding", outputPadding)])
    case .batchNorm(let scale, let shift, let mean, let variance, let epsilon):
      append(
        "BatchNormalization", name: name,
        [
          initializer(scale, "\(name).weight"), initializer(shift, "\(name).bias"),
          initializer(mean, "\(name).running_mean"), initializer(variance, "\(name).running_var"),
        ], [Self.attribute("epsilon", epsilon)])
    case .rectifier(let slope):
      append(
        slope == 0 ? "Relu" : "LeakyRelu", name: name, [], slope == 0 ? [] : [Self.attribute("alpha", slope)])
    case .tanh:
      append("Tanh", name: name, [])
    }
  }

  private mutating func append(
    _ type: String, name: String, _ constants: [String], _ attributes: [Onnx_AttributeProto] = []
  ) {
    var node = Onnx_NodeProto()
    node.opType = type
    node.name = name
    node.input = [current] + constants
    node.attribute = attributes
    current = "\(name).output"
    node.output = [current]
    graph.node.append(node)
  }

  private mutating func weights(_ name: String, _ weight: Tensor, _ bias: Tensor?) -> [String] {
    [initializer(weight, "\(name).weight")] + (bias.map { [initializer($0, "\(name).bias")] } ?? [])
  }

  private mutating func initializer(_ tensor: Tensor, _ name: String) -> String {
    var value = Onnx_TensorProto()
    value.name = name
    value.dims = tensor.shape.extents.map(Int64.init)
    value.dataType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    value.floatData = tensor.scalars
    graph.initializer.append(value)
    return name
  }
}

// MARK: - Values and attributes

extension ONNXGraph {
  private static func value(_ port: NetworkDescription.Port) -> Onnx_ValueInfoProto {
    var count = Onnx_TensorShapeProto.Dimension()
    count.dimParam = port.count
    var shape = Onnx_TensorShapeProto()
    shape.dim =
      [count]
      + port.extents.map {
        var dimension = Onnx_TensorShapeProto.Dimension()
        dimension.dimValue = Int64($0)
        return dimension
      }
    var tensor = Onnx_TypeProto.Tensor()
    tensor.elemType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    tensor.shape = shape
    var value = Onnx_ValueInfoProto()
    value.name = port.name
    value.type.tensorType = tensor
    return value
  }

  private static func attributes(_ geometry: ConvolutionGeometry) -> [Onnx_AttributeProto] {
    [
      attribute("kernel_shape", geometry.kernel), attribute("strides", geometry.stride),
      // The beginnings of all axes, then their ends.
      attribute("pads", geometry.padding + geometry.padding),
    ]
  }

  private static func attribute(_ name: String, _ values: [Int]) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .ints
    attribute.ints = values.map(Int64.init)
    return attribute
  }

  private static func attribute(_ name: String, _ value: Int) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .int
    attribute.i = Int64(value)
    return attribute
  }

  private static func attribute(_ name: String, _ value: Float) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .float
    attribute.f = value
    return attribute
  }
}
