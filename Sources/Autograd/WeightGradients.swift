import TensorCore

/// The uses of convolution weights that a backward pass has met.
///
/// The gradient of a weight is computed when all of its uses are known, as one sum over them: a weight of
/// many channels is larger than the activations that its gradient is made from, so that a gradient of each
/// use, added up, would cost more than making it. A gradient penalty uses each of the critic's weights four
/// times.
final class WeightGradients {
  /// Uses that are alike but for their values.
  private struct Uses {
    let geometry: ConvolutionGeometry
    let parts: Int
    var terms: [WeightGradientTerm]

    func takes(_ term: WeightGradientTerm, _ geometry: ConvolutionGeometry, parts: Int) -> Bool {
      geometry == self.geometry && parts == self.parts && term.input.shape == terms[0].input.shape
        && term.upstream.shape == terms[0].upstream.shape
    }

    /// For each part, or summed over them along the complete binary tree where there is room for that; of a
    /// single part it is written there.
    func gradient(on tape: Tape, in room: Tensor?) -> Variable {
      if room != nil && parts > 1 {
        return tape.constant(
          Tensor(sumOf: 0..<parts) { part in
            Tensor.convolutionWeightGradient(terms.map { $0.part(part, of: parts) }, geometry)
          })
      }
      return Variable(
        Tensor.convolutionWeightGradient(terms, parts: parts, geometry, in: room), on: tape, node: nil,
        parts: parts)
    }
  }

  /// By the weight's node; in the order of the pass.
  private var uses: [Int: [Uses]] = [:]

  /// Notes what `input` convolved with the weight of a node gives for this gradient of the result.
  func add(_ input: Variable, upstream: Variable, _ geometry: ConvolutionGeometry, to node: Int) {
    let term = WeightGradientTerm(input: input.value, upstream: upstream.value)
    var known = uses[node] ?? []
    if let index = known.firstIndex(where: { $0.takes(term, geometry, parts: input.parts) }) {
      known[index].terms.append(term)
    } else {
      known.append(Uses(geometry: geometry, parts: input.parts, terms: [term]))
    }
    uses[node] = known
  }

  /// The gradient of a weight, which has no more uses: one for each kind of them.
  /// - Parameter room: where it may be written as the sum over the parts, if there is but one.
  func take(_ node: Int, on tape: Tape, in room: Tensor?) -> [Variable] {
    guard let known = uses.removeValue(forKey: node) else { return [] }
    return known.map { $0.gradient(on: tape, in: known.count == 1 ? room : nil) }
  }
}
