import TensorCore

/// Sums over the samples of each part of a pass, with the bits of a pass over that part alone; see
/// ``Tape/parts``.
extension Variable {
  /// Whether the sum to `target` would add samples of different parts.
  func addsSamples(to target: Shape) -> Bool {
    guard parts > 1 else { return false }
    if target.rank < shape.rank { return true }
    precondition(
      target[0] == shape[0], "a sum over samples has one value for each part, not an axis of extent 1")
    return false
  }

  /// The sum of each part's elements, `[parts] + target`.
  func sumByPart(to target: Shape) -> Variable {
    let sums = Tensor(stacking: parts) { value.part($0, of: parts).sum(to: target) }
    return tape.record(sums, from: [self]) { [$0.upstream.spread(over: $0.inputs[0])] }
  }

  /// Each part's value, `[parts] + target`, at all places of `samples` that its sum adds.
  func spread(over samples: Variable) -> Variable {
    let inner = samples.shape.extents.dropFirst()
    let missing = inner.count + 1 - (shape.rank - 1)
    let lifted = Shape([parts] + Array(repeating: 1, count: missing) + shape.extents.dropFirst())
    return reshaped(lifted).broadcast(to: Shape([parts, samples.shape[0] / parts] + inner))
      .reshaped(samples.shape)
  }

  /// Every second part, from the first (0) or the second (1) on: `[N, …]` to `[N / 2, …]` in half as many
  /// parts.
  /// - Precondition: the number of parts is even.
  public func everyOtherPart(from first: Int) -> Variable {
    precondition(parts.isMultiple(of: 2) && (0...1).contains(first), "every other of \(parts) parts")
    return tape.record(value.everyOtherPart(from: first, of: parts), from: [self], parts: parts / 2) {
      [$0.upstream.amongZeros(from: first)]
    }
  }

  /// The adjoint: parts of zeros between these.
  private func amongZeros(from first: Int) -> Variable {
    let zeros = Tensor(repeating: 0, shape: shape)
    let (even, odd) = first == 0 ? (value, zeros) : (zeros, value)
    return tape.record(Tensor(alternating: even, odd, parts: parts), from: [self], parts: 2 * parts) {
      [$0.upstream.everyOtherPart(from: first)]
    }
  }

  /// These samples with the parts as an axis of their own: `[N, …]` to `[parts, N / parts, …]`.
  var byPart: Variable { reshaped(Shape([parts, shape[0] / parts] + shape.extents.dropFirst())) }
}

extension Tensor {
  /// The sum of what `element` gives of each part, along the complete binary tree.
  /// - Precondition: there are parts.
  init(sumOf parts: Range<Int>, _ element: (Int) -> Tensor) {
    guard parts.count > 1 else {
      self = element(parts.lowerBound)
      return
    }
    let middle = parts.lowerBound + parts.count / 2
    self =
      Tensor(sumOf: parts.lowerBound..<middle, element) + Tensor(sumOf: middle..<parts.upperBound, element)
  }
}
