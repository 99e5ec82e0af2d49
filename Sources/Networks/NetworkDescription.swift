public import Autograd

/// A network as other programs run it: what goes in, a chain of layers, what comes out. Extents are those of one item
/// in PyTorch's layout, `[C, H, W]`.
///
///     input → reshaped to `chainExtents` → · inputScale → chain → · outputScale → reshaped to `output.extents`
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
    /// Whether the stored weights are divided by their largest singular value; those of ``operation`` are already.
    public let isSpectral: Bool
  }

  /// The parameters and buffers of the chain.
  public let store: ParameterStore
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
  private let chain: Sequential
  private let beside: [(name: String, type: String)]

  /// A network whose layers `chain` keeps their parameters in `store` under `main`.
  /// - Parameter beside: the names and types of parts that are no layers of the chain. A network with such parts has no
  ///   ``operations()``.
  public init(
    _ chain: Sequential, _ store: ParameterStore, input: Port, chainExtents: [Int], inputScale: Float = 1,
    outputScale: Float = 1, output: Port, beside: [(name: String, type: String)] = []
  ) {
    self.beside = beside
    self.chain = chain
    self.store = store
    self.input = input
    self.chainExtents = chainExtents
    self.inputScale = inputScale
    self.outputScale = outputScale
    self.output = output
  }

  /// What the network is called: `generator`.
  public var name: String { store.name }

  /// The layers in order of application.
  /// - Throws: ``UndescribedLayer`` for the first that does not say what it computes or is no part of the chain.
  public func operations() throws(UndescribedLayer) -> [NamedOperation] {
    if let part = beside.first { throw UndescribedLayer(network: name, layer: part.name, type: part.type) }
    var operations: [NamedOperation] = []
    for (index, layer) in chain.layers.enumerated() {
      let place = "main.\(index)"
      guard let described = layer as? any DescribedLayer else {
        throw UndescribedLayer(network: name, layer: place, type: "\(type(of: layer))")
      }
      operations.append(
        NamedOperation(
          name: place, operation: described.operation, isSpectral: layer is any SpectrallyNormalized))
    }
    return operations
  }
}
