import TensorCore
import Testing

/// In which order products are added is part of a result's definition. For volumes it is that of images
/// whose channels, or whose number, are made of planes.
@Suite("The order of the sums of a volume's Winograd convolution", .serialized)
struct WinogradOrderTests {
  /// Row-major, of the value at each index.
  private func tensor(_ extents: [Int], _ value: (_ index: [Int]) -> Float) -> Tensor {
    let indices = extents.reduce([[]]) { starts, extent in
      starts.flatMap { start in (0..<extent).map { start + [$0] } }
    }
    return Tensor(indices.map(value), shape: Shape(extents))
  }

  /// What reads a tensor's values by their indices.
  private func values(_ tensor: Tensor) -> (_ index: Int...) -> Float {
    let (scalars, extents) = (tensor.scalars, tensor.shape.extents)
    return { index in scalars[zip(index, extents).reduce(0) { $0 * $1.1 + $1.0 }] }
  }

  private func bits(_ tensor: Tensor) -> [UInt32] { tensor.scalars.map(\.bitPattern) }

  private func forward(_ x: Tensor, _ w: Tensor, stride: [Int], _ form: WinogradForm) -> Tensor {
    let kernel = Array(w.shape.extents[2...])
    let geometry = ConvolutionGeometry(kernel: kernel, stride: stride, padding: kernel.map { _ in 0 })
    return x.convolved(with: w, geometry, using: .current, by: .winograd(form))
  }

  @Test(
    "forward it goes over taps along z, then stride phases, then channels", arguments: WinogradForm.allCases)
  func forward(_ form: WinogradForm) {
    var numbers = TestNumbers(seed: 11)
    let (stride, side, depth) = (2, form.taps * 2, 3)
    let x = numbers.tensor([2, depth, 14, 18, 16])
    let w = numbers.tensor(Shape([32, 16, depth, side, side]))
    let (pixel, tap) = (values(x), values(w))
    /// Of a channel of the images: its plane, the residues of its line and its place there, its channel.
    func parts(_ channel: Int) -> (z: Int, y: Int, x: Int, channel: Int) {
      (channel / 64, channel / 32 % 2, channel / 16 % 2, channel % 16)
    }
    let images = tensor([2, 7, 9, depth * 64]) { index in
      let part = parts(index[3])
      return pixel(index[0], part.z, index[1] * stride + part.y, index[2] * stride + part.x, part.channel)
    }
    let weight = tensor([32, depth * 64, form.taps, form.taps]) { index in
      let part = parts(index[1])
      return tap(index[0], part.channel, part.z, index[2] * stride + part.y, index[3] * stride + part.x)
    }
    #expect(
      bits(forward(x, w, stride: [1, stride, stride], form))
        == bits(forward(images, weight, stride: [1, 1], form)))
  }

  @Test(
    "for the input's gradient it goes over the planes of the upstream gradient, then channels",
    arguments: WinogradForm.allCases)
  func inputGradient(_ form: WinogradForm) {
    var numbers = TestNumbers(seed: 12)
    let (side, depth) = (form.taps * 2, 3)
    func gradient(_ y: Tensor, _ w: Tensor, stride: [Int], extents: [Int]) -> Tensor {
      let kernel = Array(w.shape.extents[2...])
      return Tensor.convolutionInputGradient(
        y, weight: w, ConvolutionGeometry(kernel: kernel, stride: stride, padding: kernel.map { _ in 0 }),
        inputExtents: extents, using: .current, by: .winograd(form))
    }
    let y = numbers.tensor([1, depth, 5, 6, 16])
    let w = numbers.tensor(Shape([16, 32, depth, side, side]))
    let (pixel, tap) = (values(y), values(w))
    let extents = [8 + side, 10 + side]
    let volume = gradient(y, w, stride: [1, 2, 2], extents: [2 * depth - 1] + extents)
    // The plane in the middle meets all taps, the last one in the first plane.
    let images = tensor([1, 5, 6, depth * 16]) { pixel(0, $0[3] / 16, $0[1], $0[2], $0[3] % 16) }
    let weight = tensor([depth * 16, 32, side, side]) {
      tap($0[0] % 16, $0[1], depth - 1 - $0[0] / 16, $0[2], $0[3])
    }
    let plane = extents[0] * extents[1] * 32
    #expect(
      Array(bits(volume)[(depth - 1) * plane..<depth * plane])
        == bits(gradient(images, weight, stride: [2, 2], extents: extents)))
  }

  @Test(
    "for the weight's gradient it goes over images, then planes, then tiles", arguments: WinogradForm.allCases
  )
  func weightGradient(_ form: WinogradForm) {
    var numbers = TestNumbers(seed: 13)
    let (side, depth) = (form.taps * 2, 3)
    let extents = [8 + side, 10 + side]
    let x = numbers.tensor(Shape([2, depth] + extents + [16]))
    let y = numbers.tensor([2, depth, 5, 6, 32])
    func gradient(_ x: Tensor, _ y: Tensor, along z: [Int]) -> Tensor {
      Tensor.convolutionWeightGradient(
        input: x, upstream: y,
        ConvolutionGeometry(
          kernel: z + [side, side], stride: z + [2, 2], padding: z.map { _ in 0 } + [0, 0]),
        using: .current, by: .winograd(form))
    }
    let images = gradient(
      x.reshaped(Shape([2 * depth] + extents + [16])), y.reshaped([2 * depth, 5, 6, 32]), along: [])
    #expect(bits(gradient(x, y, along: [1])) == bits(images))
  }
}
