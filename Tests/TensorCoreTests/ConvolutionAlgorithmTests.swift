import TensorCore
import Testing

@Suite("The table of convolution algorithms", .serialized)
struct ConvolutionAlgorithmTests {
  /// A layer of a network as its convolution: a transposed one is that of which it is the input gradient.
  struct Layer: CustomStringConvertible, Sendable {
    var geometry = ConvolutionGeometry(kernel: [4, 4], stride: [2, 2], padding: [1, 1])
    let extent: Int
    let inputChannels: Int
    let outputChannels: Int
    let algorithm: ConvolutionAlgorithm

    var description: String {
      "\(inputChannels) at \(extents) to \(outputChannels), kernel \(geometry.kernel[0])"
    }

    private var extents: [Int] { Array(repeating: extent, count: geometry.axes) }

    var chosen: ConvolutionAlgorithm {
      .chosen(
        for: geometry, inputExtents: extents, inputChannels: inputChannels,
        outputChannels: outputChannels)
    }
  }

  private static let threeTaps = ConvolutionGeometry(kernel: [3, 3], stride: [1, 1], padding: [1, 1])

  private static let cubes = ConvolutionGeometry(kernel: [4, 4, 4], stride: [2, 2, 2], padding: [1, 1, 1])

  /// The layers of DCGANs for 32 and 64 pixels, of residual networks, and of a GAN of volumes.
  static let layers: [Layer] = [
    Layer(extent: 32, inputChannels: 1, outputChannels: 64, algorithm: .direct),
    Layer(extent: 64, inputChannels: 3, outputChannels: 64, algorithm: .direct),
    Layer(extent: 32, inputChannels: 64, outputChannels: 128, algorithm: .winograd(.f4x2)),
    Layer(extent: 16, inputChannels: 64, outputChannels: 128, algorithm: .winograd(.f4x2)),
    Layer(extent: 16, inputChannels: 128, outputChannels: 256, algorithm: .winograd(.f4x2)),
    Layer(extent: 8, inputChannels: 128, outputChannels: 256, algorithm: .winograd(.f2x2)),
    Layer(extent: 8, inputChannels: 256, outputChannels: 512, algorithm: .winograd(.f2x2)),
    Layer(geometry: threeTaps, extent: 32, inputChannels: 3, outputChannels: 64, algorithm: .direct),
    Layer(
      geometry: threeTaps, extent: 32, inputChannels: 64, outputChannels: 64, algorithm: .winograd(.f4x3)),
    Layer(
      geometry: threeTaps, extent: 16, inputChannels: 128, outputChannels: 64, algorithm: .winograd(.f4x3)),
    Layer(
      geometry: threeTaps, extent: 8, inputChannels: 256, outputChannels: 256, algorithm: .winograd(.f4x3)),
    Layer(
      geometry: threeTaps, extent: 4, inputChannels: 256, outputChannels: 256, algorithm: .winograd(.f2x3)),
    Layer(geometry: cubes, extent: 32, inputChannels: 1, outputChannels: 32, algorithm: .direct),
    Layer(geometry: cubes, extent: 16, inputChannels: 32, outputChannels: 64, algorithm: .winograd(.f4x2)),
    Layer(geometry: cubes, extent: 8, inputChannels: 64, outputChannels: 128, algorithm: .winograd(.f4x2)),
  ]

  @Test("each layer is computed as the table says", arguments: layers)
  func choice(_ layer: Layer) {
    #expect(layer.chosen == layer.algorithm)
  }

  @Test(
    "kernels that fall into neither 2 x 2 nor 3 x 3 taps, thin layers and small images are computed directly")
  func directChoices() {
    func chosen(_ kernel: Int, _ stride: Int, _ extent: Int, _ channels: Int) -> ConvolutionAlgorithm {
      .chosen(
        for: ConvolutionGeometry(kernel: [kernel, kernel], stride: [stride, stride], padding: [1, 1]),
        inputExtents: [extent, extent], inputChannels: channels, outputChannels: channels)
    }
    #expect(chosen(4, 2, 16, 64) != .direct)
    #expect(chosen(3, 1, 16, 64) != .direct)
    #expect(chosen(3, 2, 16, 64) == .direct)
    #expect(chosen(3, 1, 16, 40) == .direct)
    #expect(chosen(3, 1, 2, 64) == .direct)
    #expect(chosen(5, 2, 16, 64) == .direct)
    #expect(chosen(4, 1, 16, 64) == .direct)
    #expect(chosen(4, 2, 16, 16) == .direct)
    #expect(chosen(4, 2, 16, 40) == .direct)
    #expect(chosen(4, 2, 4, 64) == .direct)
    // Five pixels in tiles of two or of four.
    #expect(chosen(4, 2, 10, 64) == .direct)
    // Not every plane of a volume would meet as many taps.
    let uneven = ConvolutionGeometry(kernel: [3, 4, 4], stride: [2, 2, 2], padding: [1, 1, 1])
    #expect(
      ConvolutionAlgorithm.chosen(
        for: uneven, inputExtents: [16, 16, 16], inputChannels: 64, outputChannels: 64) == .direct)
  }

  @Test(
    "against Float64 the error is at most four times the direct algorithm's, RMS and maximum",
    arguments: layers.filter { $0.algorithm != .direct })
  func error(_ layer: Layer) {
    let reference = SampledReference(
      layer.geometry, images: 2, extent: layer.extent, inputChannels: layer.inputChannels,
      outputChannels: layer.outputChannels)
    for pass in SampledReference.Pass.allCases {
      let direct = reference.error(pass, by: .direct)
      let chosen = reference.error(pass, by: layer.algorithm)
      #expect(chosen.rms <= 4 * direct.rms, "\(pass)")
      #expect(chosen.maximum <= 4 * direct.maximum, "\(pass)")
      // The bound says something only if the direct algorithm is good.
      #expect(direct.rms < 2e-6, "\(pass)")
    }
  }
}
