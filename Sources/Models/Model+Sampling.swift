public import TensorCore

extension Model {
  /// Samples of the averaged network, where there is one.
  public func sample(latents: Tensor) -> Tensor { sample(latents: latents, isAveraged: true) }

  /// ``sample(latents:isAveraged:)`` for any number of latents, a few at a time so that memory stays bounded. Every
  /// sample is a function of its own latent, so the parts do not show.
  public func samples(_ latents: Tensor, isAveraged: Bool = true) -> Tensor {
    let count = latents.shape[0]
    let part = 64
    guard count > part else { return sample(latents: latents, isAveraged: isAveraged) }
    return Tensor(Shape([count] + sampleShape.extents)) { result in
      for start in stride(from: 0, to: count, by: part) {
        let samples = sample(
          latents: latents.rows(start..<min(start + part, count)), isAveraged: isAveraged)
        samples.withUnsafePointer {
          (result + start * sampleShape.count).update(from: $0, count: samples.count)
        }
      }
    }
  }
}
