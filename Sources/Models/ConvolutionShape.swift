public import TensorCore

/// One convolution of a family's networks, described by its larger and its smaller side: a convolution goes
/// from the larger to the smaller, a transposed one back.
///
/// Costs are in `Double`: with the widths and batches that the keys allow, sums of them overflow integers.
public struct ConvolutionShape: Hashable, Sendable {
  /// What it is called in tables: `generator 4-8`, by its network and the pixels it goes between, where these
  /// are one number `generator 8`; then by its place, if it needs one: `generator 8 residual.3`.
  public let name: String
  /// The larger side's pixels along each axis.
  public let largeExtents: [Int]
  /// The smaller side's pixels along each axis.
  public let smallExtents: [Int]
  /// The shape of the weights, `[Cout, Cin, k…]` of the convolution, as `[Cin, Cout, k…]` of a transposed
  /// one.
  public let weightShape: Shape
  /// Of the convolution from the larger to the smaller side.
  public let geometry: ConvolutionGeometry
  /// Whether the network goes from the smaller to the larger side.
  public let isTransposed: Bool
  /// Whether it reads what the network is given, whose gradient only the other network may need.
  let readsInput: Bool

  /// A convolution, or a transposed one, of so many pixels along each axis.
  init(
    _ network: String, at place: String?, weight: Shape, _ geometry: ConvolutionGeometry,
    extents: [Int], isTransposed: Bool = false, readsInput: Bool
  ) {
    let small = isTransposed ? extents : geometry.outputExtents(of: extents)
    let large =
      isTransposed ? geometry.transposedExtents(of: extents, outputPadding: extents.map { _ in 0 }) : extents
    let pixels = large == small ? "\(large[0])" : "\(small[0])-\(large[0])"
    name = [network, pixels, place].compactMap(\.self).joined(separator: " ")
    (largeExtents, smallExtents, weightShape) = (large, small, weight)
    (self.geometry, self.isTransposed, self.readsInput) = (geometry, isTransposed, readsInput)
  }

  /// Traps unless samples of this side can be halved again and again, down to 4 pixels.
  static func check(side: Int) {
    precondition(side >= 8 && side & (side - 1) == 0, "samples are 8, 16, 32, 64 … pixels wide")
  }

  /// Channels of the larger side.
  public var largeChannels: Int { weightShape[1] }
  /// Channels of the smaller side.
  public var smallChannels: Int { weightShape[0] }

  /// The number of its weights, without a bias.
  public var weightCount: Double { Double(weightShape.count) }

  /// Values that it gives for one sample.
  var outputCount: Double {
    Double(outputExtents.reduce(1, *)) * Double(isTransposed ? largeChannels : smallChannels)
  }

  /// Pixels along each axis of what it gives.
  var outputExtents: [Int] { isTransposed ? largeExtents : smallExtents }

  /// Multiplications and additions of one sample's forward pass, as of either gradient: every pixel of the
  /// smaller side meets all weights once.
  public var flops: Double { 2 * weightCount * Double(smallExtents.reduce(1, *)) }
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
