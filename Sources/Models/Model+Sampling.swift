public import TensorCore

extension Model {
  /// ``sample(latents:classes:isAveraged:)`` for any number of latents, a few at a time so that memory stays
  /// bounded. Every sample is a function of its own latent and class, so the parts do not show.
  /// - Parameters:
  ///   - latents: `[N, latentCount]`.
  ///   - fragments: what is known of the samples; nil if that is nothing.
  ///   - classes: the class of each; nil for every class in turn, as ``classes(inTurnFrom:count:)``.
  ///   - isAveraged: whether they come from the averaged network, where there is one.
  /// - Precondition: with fragments the model is a ``CompletingModel``.
  public func samples(
    _ latents: Tensor, completing fragments: Fragments? = nil, classes: [Int]? = nil,
    isAveraged: Bool = true
  ) -> Tensor {
    let count = latents.shape[0]
    let classes = classes ?? self.classes(inTurnFrom: 0, count: count)
    // As many values as 64 images of 32 x 32 in colour.
    let part = max(4, min(64, 64 * 32 * 32 * 3 / sampleShape.count))
    guard count > part else { return made(latents, fragments, classes, isAveraged) }
    return Tensor(Shape([count] + sampleShape.extents)) { result in
      for start in stride(from: 0, to: count, by: part) {
        let range = start..<min(start + part, count)
        let samples = made(
          latents.rows(range), fragments?.rows(range),
          Array(classes.dropFirst(start).prefix(range.count)), isAveraged)
        samples.withUnsafePointer {
          (result + start * sampleShape.count).update(from: $0, count: samples.count)
        }
      }
    }
  }

  private func made(
    _ latents: Tensor, _ fragments: Fragments?, _ classes: [Int], _ isAveraged: Bool
  ) -> Tensor {
    guard let fragments else { return sample(latents: latents, classes: classes, isAveraged: isAveraged) }
    guard let model = self as? any CompletingModel else { preconditionFailure("the model completes nothing") }
    return model.complete(fragments, latents: latents, classes: classes, isAveraged: isAveraged)
  }

  /// The classes of samples `first ..< first + count` where every class is asked for in turn; empty for a
  /// model that is not asked by class.
  public func classes(inTurnFrom first: Int, count: Int) -> [Int] {
    classCount > 0 ? (first..<first + count).map { $0 % classCount } : []
  }
}
