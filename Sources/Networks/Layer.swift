public import Autograd
import TensorCore

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

  /// The composition of the layers. Batch norm and the rectifier behind it are computed in one pass.
  public func callAsFunction(_ input: Variable) -> Variable {
    var result = input
    var next = 0
    while next < layers.count {
      if let norm = layers[next] as? BatchNorm, next + 1 < layers.count,
        let rectifier = layers[next + 1] as? Rectifier
      {
        result = norm(result, activation: rectifier.slope == 0 ? .relu : .leakyReLU(slope: rectifier.slope))
        next += 2
      } else {
        result = layers[next](result)
        next += 1
      }
    }
    return result
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
