extension ConvolutionPlane {
  /// `result` = the derivative of the convolution with respect to its weight, applied to `upstream`. All forms add in
  /// the same order.
  func weightGradient(
    input: UnsafePointer<Float>, upstream: UnsafePointer<Float>, result: UnsafeMutablePointer<Float>,
    by algorithm: ConvolutionAlgorithm, _ kernels: KernelTable
  ) {
    if case .winograd(let form) = algorithm {
      return WinogradWeightGradient.run(self, form, input: input, upstream: upstream, result: result, kernels)
    }
    if outputChannels <= 3 {
      return thinWeightGradient(input: input, upstream: upstream, result: result)
    }
    if DeepWeightGradient.suits(self) {
      let block = DeepWeightGradient.channelBlock(self)
      return ComputeThreads.run(jobs: (inputChannels + block - 1) / block) { index in
        let channels = index * block..<min((index + 1) * block, inputChannels)
        DeepWeightGradient(plane: self, inputChannels: channels, kernels: kernels)
          .run(input: input, upstream: upstream, result: result)
      }
    }
    let blocks = weightGradientBlocks(kernels)
    ComputeThreads.run(jobs: blocks.count) { index in
      let gradient = WeightGradientBlock(
        plane: self, inputChannels: blocks[index].input, outputChannels: blocks[index].output,
        kernels: kernels)
      gradient.run(input: input, upstream: upstream, result: result)
    }
  }

  /// Cuts the weight by input and output channels into blocks whose sums stay in the second-level cache.
  private func weightGradientBlocks(_ kernels: KernelTable) -> [(input: Range<Int>, output: Range<Int>)] {
    let inputBlocks = (inputChannels + 63) / 64
    let rows = taps * ((inputChannels + inputBlocks - 1) / inputBlocks)
    let grain = 32
    let cacheGrains = max(65_536 / (rows * grain), 1)
    let grains = (outputChannels + grain - 1) / grain
    let wanted = (ComputeThreads.count + inputBlocks - 1) / inputBlocks
    let outputBlocks = min(max((grains + cacheGrains - 1) / cacheGrains, wanted), grains)
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
