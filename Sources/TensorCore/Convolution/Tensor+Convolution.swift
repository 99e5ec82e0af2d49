/// The three convolution kernels. Each is the derivative of another one, so that they are closed under
/// differentiation of any order. Activations are `[N, spatial…, C]`, weights `[Cout, Cin, kernel…]` as in
/// PyTorch, with one, two or three spatial axes.
///
/// Each is computed by the algorithm that ``ConvolutionAlgorithm`` names for the shapes of the weight and of
/// one image, which fixes the order of every sum. The bits depend neither on the number of threads nor on the
/// ``KernelSet``.
extension Tensor {
  /// Cross-correlation, what every framework calls convolution: `result[n, y, x, o] = Σ weight[o, i, ky,
  /// kx] · self[n, y·stride − padding + ky, x·stride − padding + kx, i]`.
  ///
  /// The direct algorithm sums over taps in row-major order, then input channels, as one chain of fused
  /// multiply-adds; with up to three output channels, where taps · Cin is 32 or more, as 32 interleaved
  /// chains, which are added pairwise.
  /// - Parameters:
  ///   - weight: `[Cout, Cin, kernel…]`.
  ///   - algorithm: another one than is chosen for the shapes.
  /// - Returns: `[N, geometry.outputExtents(of: spatial)…, Cout]`.
  package func convolved(
    with weight: Tensor, _ geometry: ConvolutionGeometry, using set: KernelSet = .current,
    by algorithm: ConvolutionAlgorithm? = nil
  ) -> Tensor {
    let input = spatialExtents(geometry)
    let output = geometry.outputExtents(of: input)
    let plane = ConvolutionPlane(
      geometry, images: shape[0], input: input, output: output, weight: weight)
    precondition(
      shape.channels == plane.inputChannels,
      "a weight \(weight.shape) does not fit an input \(shape)")
    return Tensor(Shape([shape[0]] + output + [plane.outputChannels])) { result in
      withUnsafePointer {
        plane.forward(
          input: $0, weight: weight, result: result, by: algorithm ?? plane.algorithm,
          KernelTable.of(set))
      }
    }
  }

  /// The derivative of ``convolved(with:_:using:by:)`` with respect to its input, applied to `upstream`; also
  /// the forward pass of a transposed convolution, whose weight `[in, out, kernel…]` in PyTorch is this
  /// `[Cout, Cin, kernel…]`.
  ///
  /// The direct algorithm has two forms, chosen by the shapes alone. By stride phase: the sum runs over the
  /// upstream pixels that touch an input pixel in row-major order, then their channels, as one chain. By
  /// columns, where phases would waste their work on padding or on vector lanes: one chain over the channels
  /// of each upstream pixel, and the pixels added in row-major order.
  /// - Parameters:
  ///   - upstream: `[N, output…, Cout]`.
  ///   - weight: `[Cout, Cin, kernel…]`.
  ///   - inputExtents: the spatial extents of the input, which a stride leaves open.
  ///   - algorithm: another one than is chosen for the shapes.
  /// - Returns: `[N, inputExtents…, Cin]`.
  package static func convolutionInputGradient(
    _ upstream: Tensor, weight: Tensor, _ geometry: ConvolutionGeometry, inputExtents: [Int],
    using set: KernelSet = .current, by algorithm: ConvolutionAlgorithm? = nil
  ) -> Tensor {
    let output = upstream.spatialExtents(geometry)
    let plane = ConvolutionPlane(
      geometry, images: upstream.shape[0], input: inputExtents, output: output, weight: weight)
    precondition(
      output == geometry.outputExtents(of: inputExtents),
      "an upstream gradient \(upstream.shape) does not belong to an input of \(inputExtents)")
    precondition(
      upstream.shape.channels == plane.outputChannels,
      "a weight \(weight.shape) does not fit an upstream gradient \(upstream.shape)")
    return Tensor(Shape([upstream.shape[0]] + inputExtents + [plane.inputChannels])) { result in
      upstream.withUnsafePointer {
        plane.inputGradient(
          upstream: $0, weight: weight, result: result, by: algorithm ?? plane.algorithm,
          KernelTable.of(set))
      }
    }
  }

  /// The derivative of ``convolved(with:_:using:by:)`` with respect to its weight, applied to `upstream`.
  ///
  /// The direct algorithm sums over images, then output pixels in row-major order, as one chain.
  /// - Parameters:
  ///   - input: `[N, input…, Cin]`.
  ///   - upstream: `[N, output…, Cout]`.
  ///   - algorithm: another one than is chosen for the shapes.
  /// - Returns: `[Cout, Cin, kernel…]`.
  /// - Precondition: there are images.
  package static func convolutionWeightGradient(
    input: Tensor, upstream: Tensor, _ geometry: ConvolutionGeometry, using set: KernelSet = .current,
    by algorithm: ConvolutionAlgorithm? = nil
  ) -> Tensor {
    convolutionWeightGradient(
      [WeightGradientTerm(input: input, upstream: upstream)], geometry, using: set, by: algorithm)
  }

  /// The same where the weight is used several times: the sum over `terms` of one shape, whose images follow
  /// each other in the chain.
  ///
  /// So what all terms share is done once: a gradient of many channels is larger than what it is made from.
  /// - Parameters:
  ///   - parts: the equal numbers of images that each term is divided into.
  ///   - room: where the result is written, if that is given.
  ///   - algorithm: another one than is chosen for the shapes.
  /// - Returns: `[Cout, Cin, kernel…]`; for several parts the gradient of each, `[parts, Cout, Cin,
  ///   kernel…]`.
  /// - Precondition: there is a term, it has images, and `parts` divides them.
  package static func convolutionWeightGradient(
    _ terms: [WeightGradientTerm], parts: Int = 1, _ geometry: ConvolutionGeometry, in room: Tensor? = nil,
    using set: KernelSet = .current, by algorithm: ConvolutionAlgorithm? = nil
  ) -> Tensor {
    let (input, upstream) = (terms[0].input, terms[0].upstream)
    precondition(
      terms.allSatisfy { $0.input.shape == input.shape && $0.upstream.shape == upstream.shape },
      "terms of one shape")
    let extents = input.spatialExtents(geometry)
    let output = upstream.spatialExtents(geometry)
    precondition(
      output == geometry.outputExtents(of: extents) && input.shape[0] == upstream.shape[0],
      "an upstream gradient \(upstream.shape) does not belong to an input \(input.shape)")
    precondition(
      parts > 0 && input.shape[0] > 0 && input.shape[0].isMultiple(of: parts),
      "a weight gradient over \(parts) equal parts of \(input.shape)")
    let plane = ConvolutionPlane(
      geometry, images: input.shape[0] / parts, input: extents, output: output,
      inputChannels: input.shape.channels, outputChannels: upstream.shape.channels)
    let shape = Shape([plane.outputChannels, plane.inputChannels] + geometry.kernel)
    return Tensor(parts == 1 ? shape : Shape([parts] + shape.extents), in: room) { result in
      withExtendedLifetime(terms) {
        let (algorithm, kernels) = (algorithm ?? plane.algorithm, KernelTable.of(set))
        ComputeThreads.runEvenly(jobs: parts) { part in
          plane.weightGradient(
            terms.map { $0.part(part, of: parts).operands }, result: result + part * shape.count,
            by: algorithm, kernels)
        }
      }
    }
  }

  /// The extents between images and channels.
  private func spatialExtents(_ geometry: ConvolutionGeometry) -> [Int] {
    precondition(
      shape.rank == geometry.axes + 2, "an activation \(shape) has not \(geometry.axes) spatial axes")
    return Array(shape.extents[1..<shape.rank - 1])
  }
}

/// What a use of a convolution's weight adds to its gradient.
public struct WeightGradientTerm: Sendable {
  /// What was convolved, `[N, input…, Cin]`.
  public let input: Tensor
  /// The gradient of the result, `[N, output…, Cout]`.
  public let upstream: Tensor

  /// A term.
  public init(input: Tensor, upstream: Tensor) { (self.input, self.upstream) = (input, upstream) }

  /// One of as many equal parts of the images.
  public func part(_ index: Int, of parts: Int) -> WeightGradientTerm {
    WeightGradientTerm(input: input.part(index, of: parts), upstream: upstream.part(index, of: parts))
  }

  /// Valid as long as the tensors live.
  fileprivate var operands: WeightGradientOperands {
    WeightGradientOperands(
      input: input.storage.pointer + input.offset, upstream: upstream.storage.pointer + upstream.offset)
  }
}

extension ConvolutionPlane {
  fileprivate init(
    _ geometry: ConvolutionGeometry, images: Int, input: [Int], output: [Int], weight: Tensor
  ) {
    precondition(
      Array(weight.shape.extents.dropFirst(2)) == geometry.kernel,
      "a weight \(weight.shape) has not the kernel \(geometry.kernel)")
    self.init(
      geometry, images: images, input: input, output: output, inputChannels: weight.shape[1],
      outputChannels: weight.shape[0])
  }
}
