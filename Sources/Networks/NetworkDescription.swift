public import Autograd
public import TensorCore

/// A network as other programs run it: what goes in, a chain of layers, what comes out. Extents are those of
/// one item in PyTorch's layout, `[C, H, W]` of images and `[C, D, H, W]` of volumes.
///
///     input → as `chainExtents` → · inputScale → chain → · outputScale → as `output.extents`
public struct NetworkDescription {
  /// A tensor that goes in or comes out.
  public struct Port: Hashable, Sendable {
    /// What it is called: `latents`.
    public let name: String
    /// The extents of one item; empty for a number.
    public let extents: [Int]
    /// What the number of items is called.
    public let count: String

    /// A tensor of `count` items.
    public init(_ name: String, _ extents: [Int], count: String = "N") {
      self.name = name
      self.extents = extents
      self.count = count
    }
  }

  /// A layer with the name of its place, such as `main.0`.
  public struct NamedOperation: Sendable {
    /// The path to the layer in a state_dict.
    public let name: String
    /// What the layer computes.
    public let operation: LayerOperation
    /// Whether the stored weights are divided by their largest singular value; those of ``operation`` are
    /// already.
    public let isSpectral: Bool

    /// A layer at a place.
    public init(_ name: String, _ layer: any DescribedLayer) {
      self.init(name, layer.operation, isSpectral: layer is any SpectrallyNormalized)
    }

    /// An operation at a place.
    public init(_ name: String, _ operation: LayerOperation, isSpectral: Bool = false) {
      self.name = name
      self.operation = operation
      self.isSpectral = isSpectral
    }

    /// - Throws: ``UndescribedLayer`` for a layer that does not say what it computes, or a block with one.
    fileprivate init(_ name: String, _ layer: any Layer, of network: String) throws(UndescribedLayer) {
      func operations(of chain: Sequential, _ part: String) throws(UndescribedLayer) -> [NamedOperation] {
        try Self.operations(of: chain, at: "\(name).\(part)", of: network)
      }
      switch layer {
      case let block as Residual:
        self.init(
          name,
          .residual(
            try operations(of: block.residual, "residual"),
            shortcut: try operations(of: block.shortcut, "shortcut")))
      case let block as Skip: self.init(name, .skip(try operations(of: block.inner, "inner")))
      case let block as Completion: self.init(name, .completion(try operations(of: block.inner, "inner")))
      case let described as any DescribedLayer: self.init(name, described)
      default: throw UndescribedLayer(network: network, layer: name, type: "\(type(of: layer))")
      }
    }

    /// Operations at `path.0`, `path.1` and so on.
    public static func chain(_ operations: [LayerOperation], at path: String) -> [NamedOperation] {
      operations.enumerated().map { NamedOperation("\(path).\($0)", $1) }
    }

    fileprivate static func operations(
      of chain: Sequential, at path: String, of network: String
    ) throws(UndescribedLayer) -> [NamedOperation] {
      var operations: [NamedOperation] = []
      for (index, layer) in chain.layers.enumerated() {
        operations.append(try NamedOperation("\(path).\(index)", layer, of: network))
      }
      return operations
    }
  }

  /// How a network is told the class of an item.
  public enum ClassPart: Sendable {
    /// The row of the item's class in `table`, `[classes, depth]`, goes in behind the input's channels,
    /// spread over its places.
    case input(table: NamedTable)
    /// The inner product of that row with the features in front of the last layer, summed over their places,
    /// is added to the output.
    case projection(table: NamedTable)
  }

  /// A vector of each item that layers within the network are modulated by: of sines and cosines of a time,
  ///
  ///     [sin(time · frequencies), cos(time · frequencies)] → layers → + row of the class → rectifier
  public struct Code: Sendable {
    /// A number for each item.
    public let time: Port
    /// `[waves]`.
    public let frequencies: Tensor
    /// From `[2 · waves]`.
    public let layers: [NamedOperation]
    /// The rows of the classes, the last of which is that of none; nil if the network is not told classes.
    public let classes: NamedTable?

    /// A code of a time, and of a class.
    public init(of time: Port, frequencies: Tensor, layers: [NamedOperation], classes: NamedTable?) {
      (self.time, self.frequencies, self.layers, self.classes) = (time, frequencies, layers, classes)
    }

    fileprivate var tensors: [(name: String, value: Tensor)] {
      layers.flatMap(\.tensors) + (classes.map { [("\($0.name).weight", $0.rows)] } ?? [])
    }
  }

  /// What comes out beside the output: of a layer of its own behind the features in front of the last one.
  public struct FurtherOutput: Sendable {
    /// The layer.
    public let layer: NamedOperation
    /// What it gives.
    public let output: Port

    /// What `layer` gives.
    public init(_ layer: NamedOperation, output: Port) { (self.layer, self.output) = (layer, output) }
  }

  /// A table of vectors with the name of its place, such as `embedding`.
  public struct NamedTable: Sendable {
    /// The path to the table in a state_dict.
    public let name: String
    /// `[classes, depth]`, divided by its largest singular value if ``isSpectral``.
    public let rows: Tensor
    /// Whether the stored table is divided by its largest singular value.
    public let isSpectral: Bool

    /// A table at a place.
    public init(_ name: String, _ table: any VectorTable) {
      self.name = name
      rows = table.rows
      isSpectral = table is any SpectrallyNormalized
    }
  }

  private enum Layers {
    /// Their parameters live in the store.
    case chain(Sequential, ParameterStore)
    case operations([NamedOperation])
  }

  /// What the network is called: `generator`.
  public let name: String
  /// What goes in.
  public let input: Port
  /// One item as the first layer takes it.
  public let chainExtents: [Int]
  /// What the input is multiplied by.
  public let inputScale: Float
  /// What the last layer's output is multiplied by.
  public let outputScale: Float
  /// What comes out.
  public let output: Port
  private let layers: Layers
  /// How the network is told classes; nil if it is not.
  public let classes: ClassPart?
  /// What comes out beside the output.
  public let further: FurtherOutput?
  /// What layers are modulated by; nil if none is.
  public let code: Code?

  /// Items of the input that make up one of ``chainExtents``, and of the output: samples that a discriminator
  /// judges at once. 1 of all other networks.
  public var packing: Int {
    output.count == input.count ? 1 : chainExtents.reduce(1, *) / input.extents.reduce(1, *)
  }

  /// A network whose layers `chain` keeps their parameters in `store` under `main`.
  public init(
    _ chain: Sequential, _ store: ParameterStore, input: Port, chainExtents: [Int], inputScale: Float = 1,
    outputScale: Float = 1, output: Port, classes: ClassPart? = nil, further: FurtherOutput? = nil
  ) {
    self.classes = classes
    self.further = further
    code = nil
    layers = .chain(chain, store)
    name = store.name
    self.input = input
    self.chainExtents = chainExtents
    self.inputScale = inputScale
    self.outputScale = outputScale
    self.output = output
  }

  /// A network as `operations` under `main`, whose names are not those of a store.
  /// - Precondition: nothing in it has buffers.
  public init(
    _ name: String, _ operations: [NamedOperation], input: Port, chainExtents: [Int], output: Port,
    further: FurtherOutput? = nil, code: Code? = nil
  ) {
    self.name = name
    layers = .operations(operations)
    self.input = input
    self.chainExtents = chainExtents
    inputScale = 1
    outputScale = 1
    self.output = output
    classes = nil
    self.further = further
    self.code = code
  }

  /// The layers in order of application.
  /// - Throws: ``UndescribedLayer`` for the first that does not say what it computes or is no part of the
  ///   chain.
  public func operations() throws(UndescribedLayer) -> [NamedOperation] {
    switch layers {
    case .chain(let chain, _): try NamedOperation.operations(of: chain, at: "main", of: name)
    case .operations(let operations): operations
    }
  }

  /// The parameters and buffers, with the names that PyTorch's module has for them.
  public var tensors: [(name: String, value: Tensor)] {
    switch layers {
    case .chain(_, let store): store.stateDictionary
    case .operations(let operations):
      (operations + (further.map { [$0.layer] } ?? [])).flatMap(\.tensors) + (code?.tensors ?? [])
    }
  }

  /// The number of parameters.
  public var parameterCount: Int {
    switch layers {
    case .chain(_, let store): store.count
    case .operations: tensors.reduce(0) { $0 + $1.value.count }
    }
  }
}

extension NetworkDescription.NamedOperation {
  /// The weights, by the path to each.
  fileprivate var tensors: [(name: String, value: Tensor)] {
    func named(_ weight: Tensor?, _ bias: Tensor?) -> [(name: String, value: Tensor)] {
      [("weight", weight), ("bias", bias)].compactMap { part, value in value.map { ("\(name).\(part)", $0) } }
    }
    switch operation {
    case .linear(let weight, let bias), .convolution(let weight, let bias, _),
      .transposedConvolution(let weight, let bias, _):
      precondition(!isSpectral, "a spectrally normalised layer has buffers")
      return named(weight, bias)
    case .groupNorm(_, _, let affine, _): return named(affine?.scale, affine?.shift)
    case .residual(let residual, let shortcut): return (residual + shortcut).flatMap(\.tensors)
    case .skip(let chain), .completion(let chain), .modulation(let chain): return chain.flatMap(\.tensors)
    case .rectifier, .tanh, .sigmoid, .upsampling, .averagePool, .sumPool: return []
    case .batchNorm: preconditionFailure("batch norm has buffers")
    }
  }
}
