/// A number for each of three spatial axes.
struct Triple: Hashable, Sendable {
  var z: Int
  var y: Int
  var x: Int

  init(_ z: Int, _ y: Int, _ x: Int) {
    (self.z, self.y, self.x) = (z, y, x)
  }

  /// One to three numbers, innermost axis last; `missing` stands for the outer axes that are not there.
  init(_ numbers: [Int], missing: Int) {
    let padded = [Int](repeating: missing, count: 3 - numbers.count) + numbers
    self.init(padded[0], padded[1], padded[2])
  }

  static let zero = Triple(0, 0, 0)
  static let one = Triple(1, 1, 1)

  var product: Int { z * y * x }

  func map(_ transform: (Int) -> Int) -> Triple { Triple(transform(z), transform(y), transform(x)) }

  func zip(_ other: Triple, _ combine: (Int, Int) -> Int) -> Triple {
    Triple(combine(z, other.z), combine(y, other.y), combine(x, other.x))
  }
}

/// The numbers of one convolution, all axes there: input `[images, input, inputChannels]`, output
/// `[images, output, outputChannels]`, weight `[outputChannels, inputChannels, kernel]`.
struct ConvolutionPlane: Hashable, Sendable {
  let images: Int
  let input: Triple
  let output: Triple
  let inputChannels: Int
  let outputChannels: Int
  let kernel: Triple
  let stride: Triple
  let padding: Triple

  init(
    _ geometry: ConvolutionGeometry, images: Int, input: [Int], output: [Int], inputChannels: Int,
    outputChannels: Int
  ) {
    self.images = images
    self.input = Triple(input, missing: 1)
    self.output = Triple(output, missing: 1)
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    kernel = Triple(geometry.kernel, missing: 1)
    stride = Triple(geometry.stride, missing: 1)
    padding = Triple(geometry.padding, missing: 0)
  }

  var taps: Int { kernel.product }

  /// The position of a tap in the weight's innermost, spatial axes.
  func tapIndex(_ z: Int, _ y: Int, _ x: Int) -> Int { (z * kernel.y + y) * kernel.x + x }
}
