public import Autograd

/// A differentiable function with parameters. Layers are structs; a parameter's name is the path of stored
/// properties that leads to it, which matches PyTorch's when the properties do (`main.0.weight`).
public protocol Layer {
  /// The layer's output. The tape of `input` says whether it trains, and collects batch statistics.
  func callAsFunction(_ input: Variable) -> Variable
}

/// Layers applied one after another, named by their position.
public struct Sequential: Layer {
  /// The layers, in order of application.
  public let layers: [any Layer]

  /// A chain of layers.
  public init(_ layers: [any Layer]) {
    self.layers = layers
  }

  /// The composition of the layers.
  public func callAsFunction(_ input: Variable) -> Variable {
    layers.reduce(input) { $1($0) }
  }
}

/// The rectifier max(x, 0), or with a slope its leaky form.
public struct Rectifier: Layer {
  /// The derivative of the negative side.
  public let slope: Float

  /// ReLU by default; DCGAN's discriminator has a slope of 0.2.
  public init(slope: Float = 0) {
    self.slope = slope
  }

  /// x where positive, slope · x elsewhere.
  public func callAsFunction(_ input: Variable) -> Variable { input.leakyReLU(slope: slope) }
}

/// Hyperbolic tangent.
public struct Tanh: Layer {
  /// A layer without parameters.
  public init() {}

  /// tanh(x).
  public func callAsFunction(_ input: Variable) -> Variable { input.tanh() }
}
