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
