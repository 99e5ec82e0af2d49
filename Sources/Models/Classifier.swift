public import Autograd
import Networks
public import TensorCore

/// A small convolutional network that tells the classes of images; what its last hidden layer says of an
/// image are the image's features.
///
/// `[N, side, side, C]` in [-1, 1] → for each width a 4 x 4 convolution of stride 2 and padding 1, ReLU → a
/// convolution over all places that are left, to the features, ReLU → a linear layer to the classes. In
/// PyTorch's names `main.0`, `main.2`, … are the convolutions, each with a bias, and `classes` is the linear
/// layer. A network that tells no classes has none.
public struct Classifier {
  /// What a classifier is built from.
  public struct Configuration: Hashable, Sendable {
    /// Side of an image.
    public let size: Int
    /// Channels of an image.
    public let channels: Int
    /// Channels behind each convolution of stride 2.
    public let widths: [Int]
    /// Length of a feature vector.
    public let features: Int
    /// The classes; 0 for a network that tells none.
    public let classes: Int

    /// - Precondition: the side is even as often as it is halved.
    public init(size: Int, channels: Int, widths: [Int], features: Int, classes: Int) {
      precondition(size.isMultiple(of: 1 << widths.count), "a side of \(size) halved \(widths.count) times")
      self.size = size
      self.channels = channels
      self.widths = widths
      self.features = features
      self.classes = classes
    }

    /// The one that is trained on labelled data: the side is halved while it is even and above 4, 32 channels
    /// that double up to 128, and 64 features.
    public init(size: Int, channels: Int, classes: Int) {
      var widths: [Int] = []
      while size >> widths.count > 4, (size >> widths.count).isMultiple(of: 2) {
        widths.append(min(32 << widths.count, 128))
      }
      self.init(size: size, channels: channels, widths: widths, features: 64, classes: classes)
    }

    /// The side that the last convolution covers.
    var remainingSide: Int { size >> widths.count }
  }

  /// What the classifier is built from.
  public let configuration: Configuration
  /// The parameters.
  public let store: ParameterStore
  private let layers: Layers

  private struct Layers {
    let main: Sequential
    let classes: Linear?
  }

  /// A classifier with uninitialised parameters.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    var chain: [any Layer] = []
    var width = configuration.channels
    for next in configuration.widths {
      chain += [Convolution(from: width, to: next, .halving()), Rectifier()]
      width = next
    }
    let side = configuration.remainingSide
    chain += [Convolution(from: width, to: configuration.features, .whole(side)), Rectifier()]
    layers = Layers(
      main: Sequential(chain),
      classes: configuration.classes > 0
        ? Linear(from: configuration.features, to: configuration.classes) : nil)
    store = ParameterStore(name: "classifier", module: layers)
  }

  /// Features of images, `[N, side, side, C]` to `[N, features]`.
  public func features(of images: Variable) -> Variable {
    layers.main(images).reshaped([images.shape[0], configuration.features])
  }

  /// Logits of the classes, `[N, side, side, C]` to `[N, classes]`.
  /// - Precondition: the network tells classes.
  public func logits(of images: Variable) -> Variable {
    guard let classes = layers.classes else {
      preconditionFailure("a network that tells no classes is asked")
    }
    return classes(features(of: images))
  }

  /// The last layer: weights `[classes, features]` and biases; nil for a network that tells no classes.
  public var decision: (weight: Tensor, bias: Tensor)? {
    layers.classes.map { ($0.weight.value, $0.bias!.value) }
  }
}
