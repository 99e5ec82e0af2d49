import TensorCore

/// Pooling and upsampling of `[N, H, W, C]`, windows without padding.
extension Variable {
  /// The largest element of each window; the derivative goes to the first of equals.
  public func maxPool(kernel: Int, stride: Int) -> Variable {
    let (indices, target) = value.windowMaxima(kernel: kernel, stride: stride)
    return gatherElements(indices, shape: target)
  }

  /// The mean of each window.
  public func averagePool(kernel: Int, stride: Int) -> Variable {
    windowSums(kernel: kernel, stride: stride) * (1 / Float(kernel * kernel))
  }

  /// Every element repeated `scale` times along both spatial axes.
  public func upsampleNearest(scale: Int) -> Variable {
    let target: Shape = [shape[0], shape[1] * scale, shape[2] * scale, shape[3]]
    return windowSpread(kernel: scale, stride: scale, shape: target)
  }

  private func windowSums(kernel: Int, stride: Int) -> Variable {
    tape.record(value.windowSums(kernel: kernel, stride: stride), from: [self]) {
      [$0.upstream.windowSpread(kernel: kernel, stride: stride, shape: $0.inputs[0].shape)]
    }
  }

  private func windowSpread(kernel: Int, stride: Int, shape target: Shape) -> Variable {
    tape.record(value.windowSpread(kernel: kernel, stride: stride, shape: target), from: [self]) {
      [$0.upstream.windowSums(kernel: kernel, stride: stride)]
    }
  }
}
