public import Autograd
import TensorCore

/// Nearest-neighbour upsampling of `[N, H, W, C]`: each pixel becomes a square.
public struct Upsampling: DescribedLayer {
  /// The side of the square that a pixel becomes.
  public let scale: Int

  /// - Parameter scale: the side of a square.
  public init(scale: Int = 2) {
    self.scale = scale
  }

  /// `[N, H, W, C]` to `[N, scale · H, scale · W, C]`.
  public func callAsFunction(_ input: Variable) -> Variable { input.upsampleNearest(scale: scale) }

  /// Nearest-neighbour upsampling.
  public var operation: LayerOperation { .upsampling(scale: scale) }
}

/// The mean of each square of pixels of `[N, H, W, C]`.
public struct AveragePool: DescribedLayer {
  /// The side of a square.
  public let side: Int

  /// - Parameter side: of a square.
  public init(side: Int = 2) {
    self.side = side
  }

  /// `[N, H, W, C]` to `[N, H / side, W / side, C]`.
  public func callAsFunction(_ input: Variable) -> Variable { input.averagePool(kernel: side, stride: side) }

  /// Average pooling.
  public var operation: LayerOperation { .averagePool(side: side) }
}

/// The sum over all pixels of `[N, H, W, C]`.
public struct SumPool: DescribedLayer {
  private let side: Int

  /// - Parameter side: of the whole image.
  public init(side: Int) {
    self.side = side
  }

  /// `[N, side, side, C]` to `[N, 1, 1, C]`.
  public func callAsFunction(_ input: Variable) -> Variable {
    precondition(input.shape[1] == side && input.shape[2] == side, "an image of \(side) x \(side)")
    return input.sum(along: [1, 2])
  }

  /// The sum over all pixels.
  public var operation: LayerOperation { .sumPool(side: side) }
}
