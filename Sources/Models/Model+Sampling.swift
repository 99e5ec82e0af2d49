public import TensorCore

extension Model {
  /// ``sample(latents:classes:isAveraged:)`` for any number of latents, a few at a time so that memory stays
  /// bounded. Every sample is a function of its own latent and class, so the parts do not show.
  /// - Parameter classes: the class of each; nil for every class in turn, as ``classes(inTurnFrom:count:)``.
  public func samples(_ latents: Tensor, classes: [Int]? = nil, isAveraged: Bool = true) -> Tensor {
    let count = latents.shape[0]
    let classes = classes ?? self.classes(inTurnFrom: 0, count: count)
    // As many values as 64 images of 32 x 32 in colour.
    let part = max(4, min(64, 64 * 32 * 32 * 3 / sampleShape.count))
    guard count > part else { return sample(latents: latents, classes: classes, isAveraged: isAveraged) }
    return Tensor(Shape([count] + sampleShape.extents)) { result in
      for start in stride(from: 0, to: count, by: part) {
        let range = start..<min(start + part, count)
        let samples = sample(
          latents: latents.rows(range), classes: Array(classes.dropFirst(start).prefix(range.count)),
          isAveraged: isAveraged)
        samples.withUnsafePointer {
          (result + start * sampleShape.count).update(from: $0, count: samples.count)
        }
      }
    }
  }

  /// The classes of samples `first ..< first + count` where every class is asked for in turn; empty for a
  /// model that is not asked by class.
  public func classes(inTurnFrom first: Int, count: Int) -> [Int] {
    classCount > 0 ? (first..<first + count).map { $0 % classCount } : []
  }
}
