import TensorCore
import Testing

@Suite("Winograd convolution", .serialized)
struct WinogradTests {
  /// A geometry, extents and channels with every form that serves them.
  struct Case: CustomStringConvertible, Sendable {
    let reference: ConvolutionReference
    let form: WinogradForm

    var description: String {
      "F(\(form.outputs), \(form.taps)) \(reference.inputShape) to \(reference.outputShape)"
    }
  }

  /// - Parameter layers: taps along a third axis, and the stride there; none of images.
  private static func cases(
    _ form: WinogradForm, stride: Int, layers: [(taps: Int, stride: Int)] = [], padding: [Int],
    input: [Int], images: Int, channels: (Int, Int)
  ) -> Case {
    Case(
      reference: ConvolutionReference(
        geometry: ConvolutionGeometry(
          kernel: layers.map(\.taps) + [form.taps * stride, form.taps * stride],
          stride: layers.map(\.stride) + [stride, stride], padding: padding),
        images: images, input: input, inputChannels: channels.0, outputChannels: channels.1),
      form: form)
  }

  /// Extents that fill their tiles and such that do not, on either axis; no padding and more than a kernel's;
  /// depths within, at and beyond a block; more tiles than a block; one image; volumes, with planes beyond
  /// the edge.
  static let small: [Case] = WinogradForm.allCases.flatMap { form in
    [
      cases(form, stride: 2, padding: [1, 1], input: [8, 8], images: 2, channels: (16, 32)),
      cases(form, stride: 2, padding: [1, 1], input: [16, 10], images: 1, channels: (32, 16)),
      cases(form, stride: 2, padding: [0, 3], input: [7, 9], images: 3, channels: (48, 80)),
      cases(form, stride: 2, padding: [5, 2], input: [5, 14], images: 1, channels: (16, 16)),
      cases(form, stride: 2, padding: [1, 1], input: [4, 4], images: 5, channels: (112, 48)),
      cases(form, stride: 1, padding: [1, 0], input: [11, 6], images: 2, channels: (16, 48)),
      cases(form, stride: 3, padding: [2, 1], input: [13, 17], images: 1, channels: (32, 32)),
      cases(form, stride: 2, padding: [1, 1], input: [34, 30], images: 3, channels: (16, 16)),
      cases(form, stride: 2, padding: [1, 1], input: [6, 6], images: 1, channels: (272, 16)),
      cases(form, stride: 2, padding: [1, 1], input: [6, 6], images: 1, channels: (16, 272)),
      cases(
        form, stride: 2, layers: [(4, 2)], padding: [1, 1, 1], input: [8, 8, 8], images: 2, channels: (16, 32)
      ),
      cases(
        form, stride: 1, layers: [(3, 1)], padding: [1, 1, 1], input: [3, 6, 9], images: 3, channels: (32, 16)
      ),
      cases(
        form, stride: 2, layers: [(6, 3)], padding: [4, 0, 2], input: [5, 7, 6], images: 1, channels: (48, 16)
      ),
      cases(
        form, stride: 1, layers: [(1, 1)], padding: [0, 1, 1], input: [4, 5, 5], images: 2, channels: (16, 16)
      ),
    ]
  }

  private func operands(_ reference: ConvolutionReference, seed: UInt64) -> (x: Tensor, w: Tensor, y: Tensor)
  {
    var numbers = TestNumbers(seed: seed)
    return (
      numbers.tensor(reference.inputShape), numbers.tensor(reference.weightShape),
      numbers.tensor(reference.outputShape)
    )
  }

  private func results(
    _ reference: ConvolutionReference, by algorithm: ConvolutionAlgorithm, _ set: KernelSet = .current
  ) -> [Tensor] {
    let (x, w, y) = operands(reference, seed: 3)
    return [
      x.convolved(with: w, reference.geometry, using: set, by: algorithm),
      Tensor.convolutionInputGradient(
        y, weight: w, reference.geometry, inputExtents: reference.input, using: set, by: algorithm),
      Tensor.convolutionWeightGradient(
        input: x, upstream: y, reference.geometry, using: set, by: algorithm),
    ]
  }

  @Test("every pass agrees with the direct algorithm", arguments: small)
  func agreesWithDirect(_ example: Case) {
    let direct = results(example.reference, by: .direct)
    let winograd = results(example.reference, by: .winograd(example.form))
    for (pass, (result, expected)) in zip(winograd, direct).enumerated() {
      #expect(result.shape == expected.shape)
      let scale = expected.scalars.reduce(0) { max($0, abs($1)) }
      let error = zip(result.scalars, expected.scalars).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(error <= 1e-5 * scale, "pass \(pass)")
    }
  }

  private func bits(_ tensors: [Tensor]) -> [[UInt32]] { tensors.map { $0.scalars.map(\.bitPattern) } }

  @Test("the number of threads changes no bit", arguments: small)
  func threadsChangeNoBit(_ example: Case) {
    defer { ComputeThreads.count = 1 }
    ComputeThreads.count = 1
    let alone = bits(results(example.reference, by: .winograd(example.form)))
    for threads in [2, 3] {
      ComputeThreads.count = threads
      #expect(bits(results(example.reference, by: .winograd(example.form))) == alone)
    }
  }

  @Test(
    "AVX-512 and AVX2 give the same bits", .enabled(if: KernelSet.wide.isSupported, "needs AVX-512"),
    arguments: small)
  func vectorWidthChangesNoBit(_ example: Case) {
    let algorithm = ConvolutionAlgorithm.winograd(example.form)
    #expect(
      bits(results(example.reference, by: algorithm, .baseline))
        == bits(results(example.reference, by: algorithm, .wide)))
  }

  @Test("an image's result does not depend on the images beside it", arguments: small)
  func imagesAreAlone(_ example: Case) {
    let (x, w, y) = operands(example.reference, seed: 5)
    let geometry = example.reference.geometry
    let algorithm = ConvolutionAlgorithm.winograd(example.form)
    let forward = x.convolved(with: w, geometry, using: .current, by: algorithm)
    let gradient = Tensor.convolutionInputGradient(
      y, weight: w, geometry, inputExtents: example.reference.input, using: .current, by: algorithm)
    let last = example.reference.images - 1..<example.reference.images
    let lastForward = x.rows(last).convolved(with: w, geometry, using: .current, by: algorithm)
    let lastGradient = Tensor.convolutionInputGradient(
      y.rows(last), weight: w, geometry, inputExtents: example.reference.input, using: .current, by: algorithm
    )
    #expect(bits([forward.rows(last), gradient.rows(last)]) == bits([lastForward, lastGradient]))
  }

  @Test("a weight that is overwritten in place is transformed anew")
  func overwrittenWeightIsTransformedAnew() {
    var numbers = TestNumbers(seed: 6)
    let geometry = ConvolutionGeometry(kernel: [4, 4], stride: [2, 2], padding: [1, 1])
    let parameters = TensorStorage(count: 32 * 32 * 16)
    let weight = Tensor(viewOf: parameters, offset: 0, shape: [32, 32, 4, 4])
    let (x, y) = (numbers.tensor([1, 8, 8, 32]), numbers.tensor([1, 4, 4, 32]))
    func results(_ weight: Tensor) -> [Tensor] {
      [WinogradForm.f2x2, .f4x2].map(ConvolutionAlgorithm.winograd).flatMap { algorithm in
        [
          x.convolved(with: weight, geometry, using: .current, by: algorithm),
          Tensor.convolutionInputGradient(
            y, weight: weight, geometry, inputExtents: [8, 8], using: .current, by: algorithm),
        ]
      }
    }
    for _ in 0..<2 {
      let values = numbers.tensor(weight.shape)
      values.withUnsafePointer { parameters.pointer.update(from: $0, count: parameters.count) }
      parameters.invalidateDerived()
      #expect(bits(results(weight)) == bits(results(values)))
    }
  }
}
