import TensorCore

/// Some elements of a 4 x 4 convolution of stride 2 and of its gradients in Double, for layers too large to
/// be computed whole that way. Operands are nearly normal.
struct SampledReference {
  enum Pass: CaseIterable {
    case forward, inputGradient, weightGradient
  }

  /// Relative to the root of the results' mean square.
  struct Error {
    let rms: Double
    let maximum: Double
  }

  private static let samples = 8_000
  private let geometry = ConvolutionGeometry(kernel: [4, 4], stride: [2, 2], padding: [1, 1])
  private let images: Int
  private let extent: Int
  private let half: Int
  private let inputChannels: Int
  private let outputChannels: Int
  private let x: Tensor
  private let y: Tensor
  private let w: Tensor
  private let xs: [Float]
  private let ys: [Float]
  private let ws: [Float]

  init(images: Int, extent: Int, inputChannels: Int, outputChannels: Int) {
    (self.images, self.extent, half) = (images, extent, extent / 2)
    (self.inputChannels, self.outputChannels) = (inputChannels, outputChannels)
    var numbers = TestNumbers(seed: 8)
    func normal(_ shape: Shape) -> Tensor {
      (numbers.tensor(shape) + numbers.tensor(shape)) + (numbers.tensor(shape) + numbers.tensor(shape))
    }
    x = normal([images, extent, extent, inputChannels])
    y = normal([images, half, half, outputChannels])
    w = normal([outputChannels, inputChannels, 4, 4])
    (xs, ys, ws) = (x.scalars, y.scalars, w.scalars)
  }

  func error(_ pass: Pass, by algorithm: ConvolutionAlgorithm) -> Error {
    let result =
      switch pass {
      case .forward: x.convolved(with: w, geometry, using: .current, by: algorithm)
      case .inputGradient:
        Tensor.convolutionInputGradient(
          y, weight: w, geometry, inputExtents: [extent, extent], using: .current, by: algorithm)
      case .weightGradient:
        Tensor.convolutionWeightGradient(input: x, upstream: y, geometry, using: .current, by: algorithm)
      }
    var (count, squares, deviations, maximum) = (0.0, 0.0, 0.0, 0.0)
    let scalars = result.scalars
    // An odd distance meets every position and channel.
    for index in stride(from: 0, to: scalars.count, by: max(scalars.count / Self.samples, 1) | 1) {
      let expected = element(pass, index)
      let deviation = Double(scalars[index]) - expected
      count += 1
      squares += expected * expected
      deviations += deviation * deviation
      maximum = max(maximum, abs(deviation))
    }
    let scale = (squares / count).squareRoot()
    return Error(rms: (deviations / count).squareRoot() / scale, maximum: maximum / scale)
  }

  private func element(_ pass: Pass, _ index: Int) -> Double {
    switch pass {
    case .forward: forward(index)
    case .inputGradient: inputGradient(index)
    case .weightGradient: weightGradient(index)
    }
  }

  private func forward(_ index: Int) -> Double {
    let (pixel, output) = index.quotientAndRemainder(dividingBy: outputChannels)
    let (line, ox) = pixel.quotientAndRemainder(dividingBy: half)
    let (image, oy) = line.quotientAndRemainder(dividingBy: half)
    var sum = 0.0
    for tap in 0..<16 {
      let (iy, ix) = (2 * oy - 1 + tap / 4, 2 * ox - 1 + tap % 4)
      guard (0..<extent).contains(iy), (0..<extent).contains(ix) else { continue }
      let source = ((image * extent + iy) * extent + ix) * inputChannels
      for input in 0..<inputChannels {
        sum += Double(xs[source + input]) * Double(ws[(output * inputChannels + input) * 16 + tap])
      }
    }
    return sum
  }

  private func inputGradient(_ index: Int) -> Double {
    let (pixel, input) = index.quotientAndRemainder(dividingBy: inputChannels)
    let (line, ix) = pixel.quotientAndRemainder(dividingBy: extent)
    let (image, iy) = line.quotientAndRemainder(dividingBy: extent)
    var sum = 0.0
    for tap in 0..<16 {
      let (y, x) = (iy + 1 - tap / 4, ix + 1 - tap % 4)
      guard y >= 0, x >= 0, y % 2 == 0, x % 2 == 0, y / 2 < half, x / 2 < half else { continue }
      let source = ((image * half + y / 2) * half + x / 2) * outputChannels
      for output in 0..<outputChannels {
        sum += Double(ys[source + output]) * Double(ws[(output * inputChannels + input) * 16 + tap])
      }
    }
    return sum
  }

  private func weightGradient(_ index: Int) -> Double {
    let (kernel, tap) = index.quotientAndRemainder(dividingBy: 16)
    let (output, input) = kernel.quotientAndRemainder(dividingBy: inputChannels)
    var sum = 0.0
    for pixel in 0..<images * half * half {
      let (line, ox) = pixel.quotientAndRemainder(dividingBy: half)
      let (image, oy) = line.quotientAndRemainder(dividingBy: half)
      let (iy, ix) = (2 * oy - 1 + tap / 4, 2 * ox - 1 + tap % 4)
      guard (0..<extent).contains(iy), (0..<extent).contains(ix) else { continue }
      sum +=
        Double(xs[((image * extent + iy) * extent + ix) * inputChannels + input])
        * Double(ys[pixel * outputChannels + output])
    }
    return sum
  }
}
