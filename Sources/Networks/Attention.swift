public import Autograd
import TensorCore

/// Scaled dot-product attention (Vaswani et al. 2017): softmax(q kᵀ / √d) v, for `[…, T, d]` batched over
/// equal leading axes.
/// - Parameter causal: whether position t sees positions up to t only.
public func attention(queries: Variable, keys: Variable, values: Variable, causal: Bool) -> Variable {
  let depth = queries.shape.channels
  var scores = queries.matrixProduct(keys, transposingOther: true) * (1 / Float(depth).squareRoot())
  if causal {
    let (rows, columns) = (scores.shape[-2], scores.shape[-1])
    let mask = Tensor([rows, columns]) { mask in
      for row in 0..<rows {
        for column in 0..<columns { mask[row * columns + column] = column > row ? -.infinity : 0 }
      }
    }
    scores = scores + scores.constant(mask)
  }
  return scores.softmax().matrixProduct(values)
}
