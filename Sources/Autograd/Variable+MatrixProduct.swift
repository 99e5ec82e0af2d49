import TensorCore

extension Variable {
  /// The product of the last two axes, batched over equal leading axes.
  public func matrixProduct(
    _ other: Variable, transposingSelf: Bool = false, transposingOther: Bool = false
  ) -> Variable {
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
