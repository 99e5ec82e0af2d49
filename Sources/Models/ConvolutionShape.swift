public import TensorCore

/// One convolution of a family's networks, described by its larger and its smaller side: a convolution goes
/// from the larger to the smaller, a transposed one back.
///
/// Costs are in `Double`, because the keys allow widths whose products overflow integers.
public struct ConvolutionShape: Hashable, Sendable {
  /// What it is called in tables: `generator 4-8`, by the pixels it goes between.
  public let name: String
  /// Pixels of the larger side along an axis.
  public let largeExtent: Int
  /// Channels of the larger side.
  public let largeChannels: Int
  /// Pixels of the smaller side along an axis.
  public let smallExtent: Int
  /// Channels of the smaller side.
  public let smallChannels: Int
  /// Of the convolution from the larger to the smaller side.
  public let geometry: ConvolutionGeometry
  /// Whether the network goes from the smaller to the larger side.
  public let isTransposed: Bool
  /// Whether it reads what the network is given, whose gradient only the other network may need.
  let readsInput: Bool

  init(
    _ name: String, large: (extent: Int, channels: Int), small: (extent: Int, channels: Int),
    _ geometry: ConvolutionGeometry, isTransposed: Bool, readsInput: Bool
  ) {
    self.name = name
    largeExtent = large.extent
    largeChannels = large.channels
    smallExtent = small.extent
    smallChannels = small.channels
    self.geometry = geometry
    self.isTransposed = isTransposed
    self.readsInput = readsInput
  }

  /// A convolution that keeps the `extent`.
  init(
    _ name: String, extent: Int, from inputs: Int, to outputs: Int, _ geometry: ConvolutionGeometry,
    readsInput: Bool = false
  ) {
    self.init(
      name, large: (extent, inputs), small: (extent, outputs), geometry, isTransposed: false,
      readsInput: readsInput)
  }

  /// Traps unless samples of this side can be halved again and again, down to 4 pixels.
  static func check(side: Int) {
    precondition(side >= 8 && side & (side - 1) == 0, "samples are 8, 16, 32, 64 … pixels wide")
  }

  /// The shape of the weights, `[Cout, Cin, k…]` of the convolution, as `[Cin, Cout, k…]` of a transposed one.
  public var weightShape: Shape { Shape([smallChannels, largeChannels] + geometry.kernel) }

  /// Weights.
  public var weightCount: Double { Double(geometry.taps) * Double(largeChannels) * Double(smallChannels) }

  /// Values that it gives for one sample.
  public var outputCount: Double {
    let (extents, channels) = isTransposed ? (largeExtents, largeChannels) : (smallExtents, smallChannels)
    return Double(extents.reduce(1, *)) * Double(channels)
  }

  /// Multiplications and additions of one sample's forward pass, as of either gradient: every pixel of the
  /// smaller side meets all weights once.
  public var flops: Double { 2 * weightCount * Double(smallExtents.reduce(1, *)) }

  /// The larger side's pixels along each axis.
  public var largeExtents: [Int] { Array(repeating: largeExtent, count: geometry.axes) }
  /// The smaller side's pixels along each axis.
  public var smallExtents: [Int] { Array(repeating: smallExtent, count: geometry.axes) }
}

extension [ConvolutionShape] {
  /// The sum of a cost over the layers.
  func sum(_ cost: KeyPath<Element, Double>) -> Double { reduce(0) { $0 + $1[keyPath: cost] } }

  /// The layers that read what their network is given.
  var first: [ConvolutionShape] { filter(\.readsInput) }
}

extension ConvolutionGeometry {
  /// The same along each axis.
  private static func cube(_ kernel: Int, stride: Int, padding: Int, axes: Int) -> ConvolutionGeometry {
    func each(_ number: Int) -> [Int] { Array(repeating: number, count: axes) }
    return ConvolutionGeometry(kernel: each(kernel), stride: each(stride), padding: each(padding))
  }
  /// Between one pixel and a whole square, or cube.
  static func whole(_ side: Int, axes: Int = 2) -> ConvolutionGeometry {
    cube(side, stride: 1, padding: 0, axes: axes)
  }
  /// Between a side and its half.
  static func halving(axes: Int = 2) -> ConvolutionGeometry { cube(4, stride: 2, padding: 1, axes: axes) }
  /// Between equal sides, 3 x 3.
  static let three = cube(3, stride: 1, padding: 1, axes: 2)
}
