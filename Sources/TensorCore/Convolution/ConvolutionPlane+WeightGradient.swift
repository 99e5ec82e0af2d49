/// The operands of a term of a weight gradient: `[images, input…, Cin]` and `[images, output…, Cout]`.
struct WeightGradientOperands {
  let input: UnsafePointer<Float>
  let upstream: UnsafePointer<Float>
}

extension ConvolutionPlane {
  /// `result` = the derivative of the convolution with respect to its weight, applied to the upstream
  /// gradient: the sum over the terms, one behind the other as if their images followed each other. All forms
  /// add in the same order.
  /// - Precondition: there is a term.
  func weightGradient(
    _ terms: [WeightGradientOperands], result: UnsafeMutablePointer<Float>,
    by algorithm: ConvolutionAlgorithm, _ kernels: KernelTable
  ) {
    precondition(!terms.isEmpty, "a weight gradient of something")
    if case .winograd(let form) = algorithm {
      return WinogradWeightGradient.run(self, form, terms, result: result, kernels)
    }
    if outputChannels <= 3 { return thinWeightGradient(terms, result: result) }
    if DeepWeightGradient.suits(self) {
      let block = DeepWeightGradient.channelBlock(self)
      return ComputeThreads.run(jobs: (inputChannels + block - 1) / block) { index in
        let channels = index * block..<min((index + 1) * block, inputChannels)
        DeepWeightGradient(plane: self, inputChannels: channels, kernels: kernels)
          .run(terms, result: result)
      }
    }
    let blocks = weightGradientBlocks(kernels)
    ComputeThreads.run(jobs: blocks.count) { index in
      let gradient = WeightGradientBlock(
        plane: self, inputChannels: blocks[index].input, outputChannels: blocks[index].output,
        kernels: kernels)
      gradient.run(terms, result: result)
    }
  }

  /// Cuts the weight by input and output channels into blocks whose sums stay in the second-level cache.
  private func weightGradientBlocks(_ kernels: KernelTable) -> [(input: Range<Int>, output: Range<Int>)] {
    var inputBlocks = (inputChannels + 63) / 64
    let rows = taps * ((inputChannels + inputBlocks - 1) / inputBlocks)
    let grain = 32
    let cacheGrains = max(65_536 / (rows * grain), 1)
    let grains = (outputChannels + grain - 1) / grain
    let wanted = (ComputeThreads.count + inputBlocks - 1) / inputBlocks
    let outputBlocks = min(max((grains + cacheGrains - 1) / cacheGrains, wanted), grains)
    if inputChannels >= WeightGradientBlock.manyChannels {
      let wanted = (ComputeThreads.count + outputBlocks - 1) / outputBlocks
      inputBlocks = max(inputBlocks, min(wanted, inputChannels / WeightGradientBlock.manyChannels))
    }
    return (0..<outputBlocks).flatMap { output in
      let lower = grains * output / outputBlocks * grain
      let upper = min(grains * (output + 1) / outputBlocks * grain, outputChannels)
      return (0..<inputBlocks).map { input in
        (
          input: inputChannels * input / inputBlocks..<inputChannels * (input + 1) / inputBlocks,
          output: lower..<upper
        )
      }
    }
  }
}
