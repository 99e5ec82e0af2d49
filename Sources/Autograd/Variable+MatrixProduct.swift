import TensorCore

extension Variable {
  /// The product of the last two axes, batched over equal leading axes.
  ///
  /// A product over the samples of several parts, `[N, m]ᵀ` by `[N, n]`, gives each part's own: `[parts, m,
  /// n]`.
  public func matrixProduct(
    _ other: Variable, transposingSelf: Bool = false, transposingOther: Bool = false
  ) -> Variable {
    if max(parts, other.parts) > 1 && shape.rank == 2 {
      if parts == other.parts && transposingSelf && !transposingOther {
        return byPart.matrixProduct(other.byPart, transposingSelf: true)
      }
      precondition(other.parts == 1 && !transposingSelf, "samples are the rows of a product")
    }
    let product = value.matrixProduct(
      other.value, transposingSelf: transposingSelf, transposingOther: transposingOther)
    return recorder(with: other).record(product, from: [self, other]) { step in
      let (a, b, g) = (step.inputs[0], step.inputs[1], step.upstream)
      let left: () -> Variable = {
        transposingSelf
          ? b.matrixProduct(g, transposingSelf: transposingOther, transposingOther: true)
          : g.matrixProduct(b, transposingOther: !transposingOther)
      }
      let right: () -> Variable = {
        transposingOther
          ? g.matrixProduct(a, transposingSelf: true, transposingOther: transposingSelf)
          : a.matrixProduct(g, transposingSelf: !transposingSelf)
      }
      return [step.needs[0] ? left() : nil, step.needs[1] ? right() : nil]
    }
  }
}
