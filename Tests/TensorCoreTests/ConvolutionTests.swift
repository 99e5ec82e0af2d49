import TensorCore
import Testing

@Suite("Convolution", .serialized)
struct ConvolutionTests {
  /// Random shapes in 1 to 3 dimensions, among them strides beyond the kernel, paddings beyond the stride,
  /// channels that fill neither a vector nor a panel, and depths beyond a block.
  static let cases: [ConvolutionReference] = (0..<60).map { index in
    var numbers = TestNumbers(seed: UInt64(index))
    let axes = index % 3 + 1
    let kernel = (0..<axes).map { _ in numbers.int(1...(axes == 3 ? 3 : 5)) }
    let stride = (0..<axes).map { _ in numbers.int(1...3) }
    let padding = kernel.map { numbers.int(0...$0) }
    let input = (0..<axes).map { axis in
      max(kernel[axis] - 2 * padding[axis], 1) + numbers.int(0...(axes == 1 ? 40 : axes == 2 ? 8 : 4))
    }
    let channels = [1, 2, 3, 5, 8, 16, 19, 33, 40, 64, 70]
    return ConvolutionReference(
      geometry: ConvolutionGeometry(kernel: kernel, stride: stride, padding: padding),
      images: numbers.int(1...3), input: input,
      inputChannels: channels[numbers.int(0...(axes == 3 ? 7 : 10))],
      outputChannels: channels[numbers.int(0...(axes == 3 ? 7 : 10))])
  }

  /// Layers like those of a DCGAN, which take the fast paths, and one of more channels than pixels whose
  /// pixels exceed a depth block.
  static let layers: [ConvolutionReference] =
    [
      (16, 3, 64, 4, 2, 1), (8, 64, 96, 4, 2, 1), (4, 96, 1, 4, 1, 0), (4, 48, 100, 4, 1, 0),
      (14, 32, 3, 3, 1, 1), (4, 16, 40, 4, 2, 1), (6, 24, 72, 4, 1, 0), (17, 64, 40, 4, 2, 1),
    ].map { extent, inputs, outputs, kernel, stride, padding in
      ConvolutionReference(
        geometry: ConvolutionGeometry(
          kernel: [kernel, kernel], stride: [stride, stride], padding: [padding, padding]),
        images: 5, input: [extent, extent], inputChannels: inputs, outputChannels: outputs)
    } + [
      ConvolutionReference(
        geometry: ConvolutionGeometry(kernel: [8], stride: [1], padding: [0]), images: 1, input: [300],
        inputChannels: 8, outputChannels: 296)
    ]

  /// The largest error relative to the largest element.
  private func error(_ result: Tensor, _ expected: [Double]) -> Double {
    let scale = expected.reduce(1e-6) { max($0, abs($1)) }
    return zip(result.scalars, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) } / scale
  }

  @Test("forward, input and weight gradient agree with the definition", arguments: cases + layers)
  func agreesWithDefinition(_ reference: ConvolutionReference) {
    var numbers = TestNumbers(seed: 7)
    let x = numbers.tensor(reference.inputShape)
    let w = numbers.tensor(reference.weightShape)
    let y = numbers.tensor(reference.outputShape)
    let geometry = reference.geometry
    let forward = x.convolved(with: w, geometry)
    #expect(forward.shape == reference.outputShape)
    #expect(error(forward, reference.forward(x.scalars, w.scalars)) < 1e-5)
    let inputGradient = Tensor.convolutionInputGradient(
      y, weight: w, geometry, inputExtents: reference.input)
    #expect(inputGradient.shape == reference.inputShape)
    #expect(error(inputGradient, reference.inputGradient(y.scalars, w.scalars)) < 1e-5)
    let weightGradient = Tensor.convolutionWeightGradient(input: x, upstream: y, geometry)
    #expect(weightGradient.shape == reference.weightShape)
    #expect(error(weightGradient, reference.weightGradient(x.scalars, y.scalars)) < 1e-5)
  }

  private func bits(_ tensor: Tensor) -> [UInt32] { tensor.scalars.map(\.bitPattern) }

  private func results(_ reference: ConvolutionReference, _ set: KernelSet) -> [[UInt32]] {
    var numbers = TestNumbers(seed: 11)
    let x = numbers.tensor(reference.inputShape)
    let w = numbers.tensor(reference.weightShape)
    let y = numbers.tensor(reference.outputShape)
    let geometry = reference.geometry
    return [
      bits(x.convolved(with: w, geometry, using: set)),
      bits(
        Tensor.convolutionInputGradient(
          y, weight: w, geometry, inputExtents: reference.input, using: set)),
      bits(Tensor.convolutionWeightGradient(input: x, upstream: y, geometry, using: set)),
    ]
  }

  @Test("terms of a weight gradient are summed as images that follow each other", arguments: cases + layers)
  func termsAreMoreImages(_ reference: ConvolutionReference) {
    var numbers = TestNumbers(seed: 13)
    let geometry = reference.geometry
    func samples(_ shape: Shape) -> Tensor {
      numbers.tensor(Shape([3 * shape[0]] + shape.extents.dropFirst()))
    }
    let (x, y) = (samples(reference.inputShape), samples(reference.outputShape))
    let terms = (0..<3).map { WeightGradientTerm(input: x.part($0, of: 3), upstream: y.part($0, of: 3)) }
    let together = Tensor.convolutionWeightGradient(terms, geometry)
    // Also where the number of images decides which form of the direct algorithm suits.
    let whole = Tensor.convolutionWeightGradient(input: x, upstream: y, geometry)
    // Large arrays that differ are not compared by the expectation, which would look for the difference.
    let isSameSum = bits(together) == bits(whole)
    #expect(isSameSum)
    let each = terms.map { bits(Tensor.convolutionWeightGradient([$0], geometry)) }
    // A thread for each part; or parts one after another, each on all threads.
    defer { ComputeThreads.count = 1 }
    for threads in [1, 2, 3] {
      ComputeThreads.count = threads
      let parts = Tensor.convolutionWeightGradient(
        [WeightGradientTerm(input: x, upstream: y)], parts: 3, geometry)
      let areSameParts = bits(parts) == each.flatMap { $0 }
      #expect(areSameParts)
    }
  }

  @Test("an empty batch has no weight gradient")
  func emptyBatch() async {
    await #expect(processExitsWith: .failure) {
      let images = Tensor([], shape: [0, 4, 4, 8])
      _ = Tensor.convolutionWeightGradient(
        input: images, upstream: images,
        ConvolutionGeometry(kernel: [1, 1], stride: [1, 1], padding: [0, 0]))
    }
  }

  @Test("the number of threads changes no bit", arguments: cases + layers)
  func threadsChangeNoBit(_ reference: ConvolutionReference) {
    defer { ComputeThreads.count = 1 }
    ComputeThreads.count = 1
    let alone = results(reference, .current)
    for threads in [2, 3] {
      ComputeThreads.count = threads
      #expect(results(reference, .current) == alone)
    }
  }

  @Test(
    "AVX-512 and AVX2 give the same bits", .enabled(if: KernelSet.wide.isSupported, "needs AVX-512"),
    arguments: cases + layers)
  func vectorWidthChangesNoBit(_ reference: ConvolutionReference) {
    #expect(results(reference, .baseline) == results(reference, .wide))
  }
}
