import Networks
import SwiftProtobuf
import TensorCore

/// A chain of ONNX nodes under construction: each takes what the one before it gives.
struct ONNXGraph {
  private var graph = Onnx_GraphProto()
  /// Outputs beside that of the chain.
  private var further: [Onnx_ValueInfoProto] = []
  /// The name of what the last node gives.
  private(set) var current: String
  /// The name of what layers are modulated by, `[N, depth]`.
  private var code: String?

  /// An empty graph with one input.
  init(named name: String, input: NetworkDescription.Port) {
    graph.name = name
    graph.input = [Self.value(input)]
    current = input.name
  }

  /// The graph, whose last node gives `output`.
  consuming func finished(output: NetworkDescription.Port) -> Onnx_GraphProto {
    graph.node[graph.node.count - 1].output = [output.name]
    graph.output = [Self.value(output)] + further
    return graph
  }

  /// Gives items other extents.
  mutating func reshape(to extents: [Int], name: String) {
    append("Reshape", name: name, [integers([-1] + extents, "\(name).shape")])
  }

  private mutating func integers(_ values: [Int], _ name: String) -> String {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = [Int64(values.count)]
    tensor.dataType = Int32(Onnx_TensorProto.DataType.int64.rawValue)
    tensor.int64Data = values.map(Int64.init)
    graph.initializer.append(tensor)
    return name
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
    case .transposedConvolution(let weight, let bias, let geometry):
      append("ConvTranspose", name: name, weights(name, weight, bias), Self.attributes(geometry))
    case .batchNorm(let scale, let shift, let mean, let variance, let epsilon):
      append(
        "BatchNormalization", name: name,
        [
          initializer(scale, "\(name).weight"), initializer(shift, "\(name).bias"),
          initializer(mean, "\(name).running_mean"), initializer(variance, "\(name).running_var"),
        ], [Self.attribute("epsilon", epsilon)])
    case .groupNorm(let groups, let channels, let affine, let epsilon):
      appendGroupNorm(name, groups, channels, affine, epsilon: epsilon)
    case .rectifier(let slope):
      append(
        slope == 0 ? "Relu" : "LeakyRelu", name: name, [], slope == 0 ? [] : [Self.attribute("alpha", slope)])
    case .tanh:
      append("Tanh", name: name, [])
    case .sigmoid:
      append("Sigmoid", name: name, [])
    case .upsampling(let scale):
      let scales = Tensor([1, 1, Float(scale), Float(scale)], shape: [4])
      append(
        "Resize", name: name, ["", initializer(scales, "\(name).scales")],
        [
          Self.attribute("mode", "nearest"), Self.attribute("coordinate_transformation_mode", "asymmetric"),
          Self.attribute("nearest_mode", "floor"),
        ])
    case .averagePool(let side):
      append(
        "AveragePool", name: name, [],
        [Self.attribute("kernel_shape", [side, side]), Self.attribute("strides", [side, side])])
    case .sumPool:
      append(
        "ReduceSum", name: name, [integers([2, 3], "\(name).places")], [Self.attribute("keepdims", 1)])
    case .residual(let residual, let shortcut):
      let input = current
      residual.forEach { append($0) }
      let difference = current
      current = input
      shortcut.forEach { append($0) }
      append("Add", name: name, [current], of: difference)
    case .skip(let chain):
      let input = current
      chain.forEach { append($0) }
      append("Concat", name: name, [input], [Self.attribute("axis", 1)])
    case .completion(let chain):
      complete(name, by: chain)
    case .modulation(let chain):
      modulate(name, by: chain)
    }
  }

  /// Appends a node whose first input is what the last one gives, or `first`.
  private mutating func append(
    _ type: String, name: String, _ constants: [String], _ attributes: [Onnx_AttributeProto] = [],
    of first: String? = nil
  ) {
    var node = Onnx_NodeProto()
    node.opType = type
    node.name = name
    node.input = [first ?? current] + constants
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

// MARK: - Layers of several nodes

extension ONNXGraph {
  /// Instances of groups instead of channels: the operators of this version know no groups.
  private mutating func appendGroupNorm(
    _ name: String, _ groups: Int, _ channels: Int, _ affine: (scale: Tensor, shift: Tensor)?, epsilon: Float
  ) {
    let input = current
    append("Shape", name: "\(name).shape", [])
    let shape = current
    append("Reshape", name: "\(name).groups", [integers([0, groups, -1], "\(name).groups.shape")], of: input)
    append(
      "InstanceNormalization", name: "\(name).standardized",
      [
        initializer(Tensor(repeating: 1, shape: [groups]), "\(name).ones"),
        initializer(Tensor(repeating: 0, shape: [groups]), "\(name).zeros"),
      ], [Self.attribute("epsilon", epsilon)])
    append("Reshape", name: "\(name).channels", [shape])
    if let affine {
      append(
        "Mul", name: "\(name).scaled",
        [initializer(affine.scale.reshaped([channels, 1, 1]), "\(name).weight")])
      append("Add", name: name, [initializer(affine.shift.reshaped([channels, 1, 1]), "\(name).bias")])
    }
  }

  /// Values · mask + what a chain makes of both · (1 - mask).
  private mutating func complete(_ name: String, by chain: [NetworkDescription.NamedOperation]) {
    let input = current
    func channels(_ part: String, _ first: Int, _ end: Int) -> [String] {
      [("starts", first), ("ends", end), ("axes", 1)].map { integers([$1], "\(name).\(part).\($0)") }
    }
    append("Slice", name: "\(name).mask", channels("mask", -1, .max), of: input)
    let mask = current
    append("Slice", name: "\(name).values", channels("values", 0, -1), of: input)
    append("Mul", name: "\(name).known", [mask])
    let known = current
    append("Sub", name: "\(name).hidden", [mask], of: initializer(Tensor(1), "\(name).one"))
    let hidden = current
    current = input
    chain.forEach { append($0) }
    append("Mul", name: "\(name).made", [hidden])
    append("Add", name: name, [current], of: known)
  }

  /// x (1 + s) + b with `[s, b]` of the code.
  private mutating func modulate(_ name: String, by chain: [NetworkDescription.NamedOperation]) {
    guard let code else { preconditionFailure("a network with a modulation has a code") }
    let input = current
    current = code
    chain.forEach { append($0) }
    append(
      "Unsqueeze", name: "\(name).spread", [integers([2, 3], "\(name).places")])
    append("Split", name: "\(name).split", [], [Self.attribute("axis", 1)])
    let (scale, shift) = (current, "\(name).shift")
    graph.node[graph.node.count - 1].output.append(shift)
    append("Add", name: "\(name).scale", [initializer(Tensor(1), "\(name).one")], of: scale)
    append("Mul", name: "\(name).scaled", [current], of: input)
    append("Add", name: name, [shift])
  }

  /// The code of a time, a further input, and of classes, another.
  mutating func append(_ code: NetworkDescription.Code) {
    let items = current
    graph.input.append(Self.value(code.time))
    current = code.time.name
    reshape(to: [1], name: "\(code.time.name).reshaped")
    append("Mul", name: "phases", [initializer(code.frequencies, "frequencies")])
    let phases = current
    append("Cos", name: "cosines", [])
    let cosines = current
    append("Sin", name: "sines", [], of: phases)
    append("Concat", name: "waves", [cosines], [Self.attribute("axis", 1)])
    code.layers.forEach { append($0) }
    if let classes = code.classes {
      let ofTime = current
      look(up: classes)
      append("Add", name: "\(classes.name).added", [current], of: ofTime)
    }
    append("Relu", name: "code", [])
    (self.code, current) = (current, items)
  }
}

// MARK: - Classes

extension ONNXGraph {
  /// What the input of classes is called: `[N]`, int64.
  private static let classes = "classes"

  /// Looks the rows of the items' classes up, `[N, depth]`, in a further input of the graph.
  private mutating func look(up table: NetworkDescription.NamedTable) {
    graph.input.append(Self.value(.init(Self.classes, []), type: .int64))
    let rows = initializer(table.rows, "\(table.name).weight")
    append("Gather", name: table.name, [Self.classes], of: rows)
  }

  /// Puts the row of each item's class behind its channels, spread over its places.
  mutating func concatenate(rowsOf table: NetworkDescription.NamedTable, toItemsOf extents: [Int]) {
    let items = current
    let places = extents.dropFirst().reduce(1, *)
    look(up: table)
    reshape(to: [table.rows.shape[1] / places] + extents.dropFirst(), name: "\(table.name).spread")
    append(
      "Concat", name: "\(table.name).concatenated", [current], [Self.attribute("axis", 1)], of: items)
  }

  /// Adds to the scores, `[N]`, the inner products of the features' sums over `places` axes with the classes'
  /// rows.
  mutating func add(projectionOf features: String, onto table: NetworkDescription.NamedTable, places: Int) {
    let scores = current
    var sums = features
    if places > 0 {
      let axes = integers((0..<places).map { $0 + 2 }, "\(table.name).places")
      append(
        "ReduceSum", name: "\(table.name).sums", [axes], [Self.attribute("keepdims", 0)], of: features)
      sums = current
    }
    look(up: table)
    append("Mul", name: "\(table.name).products", [current], of: sums)
    append(
      "ReduceSum", name: "\(table.name).product", [integers([1], "\(table.name).channels")],
      [Self.attribute("keepdims", 0)])
    append("Add", name: "\(table.name).added", [current], of: scores)
  }
}

// MARK: - Further outputs

extension ONNXGraph {
  /// Gives what a layer makes of the features.
  mutating func append(_ part: NetworkDescription.FurtherOutput, behind features: String) {
    let output = current
    current = features
    append(part.layer)
    reshape(to: part.output.extents, name: "\(part.layer.name).reshaped")
    graph.node[graph.node.count - 1].output = [part.output.name]
    further.append(Self.value(part.output))
    current = output
  }
}

// MARK: - Values and attributes

extension ONNXGraph {
  private static func value(
    _ port: NetworkDescription.Port, type: Onnx_TensorProto.DataType = .float
  ) -> Onnx_ValueInfoProto {
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
    tensor.elemType = Int32(type.rawValue)
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

  private static func attribute(_ name: String, _ value: String) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .string
    attribute.s = value
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
