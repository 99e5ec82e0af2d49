/// Kernel extents, stride and zero padding of a convolution, one number per spatial axis (1, 2 or 3 axes).
public struct ConvolutionGeometry: Hashable, Sendable {
  /// Taps along each axis.
  public let kernel: [Int]
  /// Input pixels from one output pixel to the next.
  public let stride: [Int]
  /// Zeros on either side of each axis.
  public let padding: [Int]

  /// - Precondition: 1 to 3 axes, the same number in each argument; kernel and stride at least 1, padding at
  ///   least 0.
  public init(kernel: [Int], stride: [Int], padding: [Int]) {
    precondition((1...3).contains(kernel.count), "a convolution has 1 to 3 spatial axes, not \(kernel.count)")
    precondition(
      stride.count == kernel.count && padding.count == kernel.count,
      "kernel \(kernel), stride \(stride) and padding \(padding) differ in the number of axes")
    precondition(kernel.allSatisfy { $0 >= 1 }, "a kernel has at least one tap along each axis: \(kernel)")
    precondition(stride.allSatisfy { $0 >= 1 }, "a stride is at least 1: \(stride)")
    precondition(padding.allSatisfy { $0 >= 0 }, "a padding is at least 0: \(padding)")
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  /// The number of spatial axes.
  public var axes: Int { kernel.count }

  /// The number of taps: the product of the kernel extents.
  public var taps: Int { kernel.reduce(1, *) }

  /// The spatial extents of a convolution's output: ⌊(input + 2·padding − kernel) / stride⌋ + 1.
  /// - Precondition: the kernel fits the padded input.
  public func outputExtents(of input: [Int]) -> [Int] {
    precondition(input.count == axes, "\(input) are not the extents of \(axes) spatial axes")
    return (0..<axes).map { axis in
      let room = input[axis] + 2 * padding[axis] - kernel[axis]
      precondition(
        input[axis] >= 1 && room >= 0,
        "a kernel of \(kernel) does not fit an input of \(input) padded by \(padding)")
      return room / stride[axis] + 1
    }
  }

  /// The spatial extents of a transposed convolution's output:
  /// (input − 1)·stride − 2·padding + kernel + outputPadding.
  /// - Precondition: the output padding is less than the stride, and the extents are positive.
  public func transposedExtents(of input: [Int], outputPadding: [Int]) -> [Int] {
    precondition(
      input.count == axes && outputPadding.count == axes,
      "\(input) and output padding \(outputPadding) are not numbers for \(axes) spatial axes")
    return (0..<axes).map { axis in
      precondition(
        outputPadding[axis] >= 0 && outputPadding[axis] < stride[axis],
        "an output padding of \(outputPadding) is not below the stride \(stride)")
      let extent =
        (input[axis] - 1) * stride[axis] - 2 * padding[axis] + kernel[axis] + outputPadding[axis]
      precondition(
        input[axis] >= 1 && extent >= 1,
        "a transposed convolution of \(input) with kernel \(kernel), padding \(padding) has no output")
      return extent
    }
  }
}
