import TensorCore

/// The gradients of each part of a pass with respect to a network's parameters.
public struct PartGradients {
  /// Of a parameter: `[parts] + shape`, or `shape` where there is one part or they have been summed.
  private struct Gradient {
    let value: Tensor
    let parts: Int
  }

  /// In declaration order; nil for zero.
  private let gradients: [Gradient?]
  private let store: ParameterStore

  init(_ gradients: [Variable?], of store: ParameterStore) {
    // Without the tape, and all that it holds.
    self.gradients = gradients.map { $0.map { Gradient(value: $0.value, parts: $0.parts) } }
    self.store = store
  }

  /// Writes the sum over the parts, along the complete binary tree, to the `store.count` elements of `flat`.
  /// - Parameter other: what is added to each part's gradient before.
  public func write(to flat: UnsafeMutablePointer<Float>, adding other: PartGradients? = nil) {
    for (ordinal, parameter) in store.parameters.enumerated() {
      let (target, count) = (flat + parameter.range.lowerBound, parameter.range.count)
      switch (gradients[ordinal], other?.gradients[ordinal]) {
      case (nil, nil): target.update(repeating: 0, count: count)
      case (let gradient?, nil), (nil, let gradient?):
        fold(gradient.value, gradient.parts, into: target, count: count)
      case (let own?, let other?):
        precondition(own.parts == other.parts, "gradients of the same parts")
        fold(own.value + other.value, own.parts, into: target, count: count)
      }
    }
  }

  private func fold(_ gradient: Tensor, _ parts: Int, into target: UnsafeMutablePointer<Float>, count: Int) {
    precondition(gradient.count == parts * count, "a gradient of each part")
    gradient.withUnsafePointer {
      VectorSum.tree($0, stride: count, vectors: parts, into: target, count: count)
    }
  }
}
