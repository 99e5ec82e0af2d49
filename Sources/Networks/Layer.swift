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

  /// The composition of the layers. A layer that can is computed in one pass with the rectifier behind it.
  public func callAsFunction(_ input: Variable) -> Variable {
    var result = input
    var next = 0
    while next < layers.count {
      if let layer = layers[next] as? any RectifierFusing, next + 1 < layers.count,
        let rectifier = layers[next + 1] as? Rectifier
      {
        result = layer(result, activation: .leakyReLU(slope: rectifier.slope))
        next += 2
      } else {
        result = layers[next](result)
        next += 1
      }
    }
    return result
  }
}

/// A layer that applies the rectifier behind it in its own pass over memory.
protocol RectifierFusing: Layer {
  /// The layer, then `activation`.
  func callAsFunction(_ input: Variable, activation: FusedActivation) -> Variable
}

/// The rectifier max(x, 0), or with a slope its leaky form.
public struct Rectifier: DescribedLayer {
  /// The derivative of the negative side.
  public let slope: Float

  /// ReLU by default; DCGAN's discriminator has a slope of 0.2.
  public init(slope: Float = 0) {
    self.slope = slope
  }

  /// x where positive, slope · x elsewhere.
  public func callAsFunction(_ input: Variable) -> Variable { input.leakyReLU(slope: slope) }

  /// A rectifier.
  public var operation: LayerOperation { .rectifier(slope: slope) }
}

/// Hyperbolic tangent.
public struct Tanh: DescribedLayer {
  /// A layer without parameters.
  public init() {}

  /// tanh(x).
  public func callAsFunction(_ input: Variable) -> Variable { input.tanh() }

  /// Hyperbolic tangent.
  public var operation: LayerOperation { .tanh }
}
