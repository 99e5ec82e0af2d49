import TensorCore

/// The gradients of each part of a pass with respect to a network's parameters.
public struct PartGradients {
  /// Of a parameter: `[parts] + shape`, or `shape` where there is one part or they have been summed.
  struct Gradient {
    let value: Tensor
    let parts: Int

    /// Without the tape, and all that it holds.
    init(_ variable: Variable) {
      value = variable.value
      parts = variable.parts
    }
  }

  /// In declaration order; nil for zero.
  private let gradients: [Gradient?]

  init(_ gradients: [Variable?]) {
    self.gradients = gradients.map { $0.map(Gradient.init) }
  }

  subscript(ordinal: Int) -> Gradient? { gradients[ordinal] }

  /// Writes a parameter's gradient, the sum over the parts along the complete binary tree, to `count`
  /// elements, where that of a single part may lie already.
  /// - Parameter other: what is added to each part's gradient before; nil for zero, as the gradient itself.
  static func write(
    _ gradient: Gradient?, adding other: Gradient?, to target: UnsafeMutablePointer<Float>, count: Int
  ) {
    switch (gradient, other) {
    case (nil, nil): target.update(repeating: 0, count: count)
    case (let gradient?, nil), (nil, let gradient?): write(gradient, to: target, count: count)
    case (let own?, let other?):
      precondition(own.parts == other.parts, "gradients of the same parts")
      other.value.withUnsafePointer { write(own, adding: $0, to: target, count: count) }
    }
  }

  private static func write(
    _ gradient: Gradient, adding other: UnsafePointer<Float>? = nil, to target: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    precondition(gradient.value.count == gradient.parts * count, "a gradient of each part")
    gradient.value.withUnsafePointer { first in
      ComputeThreads.split(count, grain: ComputeThreads.grain) { range in
        let start = range.lowerBound
        VectorSum.tree(
          first + start, adding: other.map { $0 + start }, stride: count, vectors: gradient.parts,
          into: target + start, count: range.count)
      }
    }
  }
}
