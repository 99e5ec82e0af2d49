public import TensorCore

/// Convolutions of `[N, spatial…, C]`. The three kernels (forward, input gradient, weight gradient) are
/// bilinear and closed under differentiation, so gradients of any order need no others.
extension Variable {
  /// Cross-correlation with weights `[Cout, Cin, k…]`, as PyTorch's `conv{1,2,3}d`.
  public func convolved(with weight: Variable, _ geometry: ConvolutionGeometry) -> Variable {
    let result = value.convolved(with: weight.value, geometry)
    return recorder(with: weight).record(result, from: [self, weight]) { step in
      let (x, w, g) = (step.inputs[0], step.inputs[1], step.upstream)
      return [
        step.needs[0] ? g.convolutionInputGradient(weight: w, geometry, inputExtents: x.spatialExtents) : nil,
        step.needs[1] ? x.convolutionWeightGradient(upstream: g, geometry, step) : nil,
      ]
    }
  }

  /// Transposed convolution with weights `[Cin, Cout, k…]`, as PyTorch's `conv_transpose{1,2,3}d`.
  public func transposedConvolved(
    with weight: Variable, _ geometry: ConvolutionGeometry, outputPadding: [Int]
  ) -> Variable {
    convolutionInputGradient(
      weight: weight, geometry,
      inputExtents: geometry.transposedExtents(of: spatialExtents, outputPadding: outputPadding))
  }

  /// The gradient of ``convolved(with:_:)`` with respect to its input, applied to this upstream gradient.
  func convolutionInputGradient(
    weight: Variable, _ geometry: ConvolutionGeometry, inputExtents: [Int]
  ) -> Variable {
    let result = Tensor.convolutionInputGradient(
      value, weight: weight.value, geometry, inputExtents: inputExtents)
    return recorder(with: weight).record(result, from: [self, weight]) { step in
      let (upstream, w, g) = (step.inputs[0], step.inputs[1], step.upstream)
      return [
        step.needs[0] ? g.convolved(with: w, geometry) : nil,
        step.needs[1] ? g.convolutionWeightGradient(upstream: upstream, geometry, step) : nil,
      ]
    }
  }

  /// The gradient of ``convolved(with:_:)`` with respect to its weights, the second input of a step, this
  /// being the convolution's input; nil if it is left to be computed with the weights' other uses.
  private func convolutionWeightGradient(
    upstream: Variable, _ geometry: ConvolutionGeometry, _ step: Tape.Backward
  ) -> Variable? {
    if let weight = step.leaf(1) {
      step.weightGradients.add(self, upstream: upstream, geometry, to: weight)
      return nil
    }
    return convolutionWeightGradient(upstream: upstream, geometry)
  }

  private func convolutionWeightGradient(upstream: Variable, _ geometry: ConvolutionGeometry) -> Variable {
    precondition(parts == 1, "slopes of weight gradients are computed for one micro-batch a pass")
    let result = Tensor.convolutionWeightGradient(input: value, upstream: upstream.value, geometry)
    return recorder(with: upstream).record(result, from: [self, upstream]) { step in
      let (x, upstream, g) = (step.inputs[0], step.inputs[1], step.upstream)
      return [
        step.needs[0]
          ? upstream.convolutionInputGradient(weight: g, geometry, inputExtents: x.spatialExtents) : nil,
        step.needs[1] ? x.convolved(with: g, geometry) : nil,
      ]
    }
  }

  private var spatialExtents: [Int] { Array(shape.extents.dropFirst().dropLast()) }
}
