import TensorCore
import Testing

@Suite("Matrix product")
struct MatrixProductTests {
  @Test(
    "every combination of transpositions agrees with the definition",
    arguments: [(false, false), (true, false), (false, true), (true, true)], [[], [3], [2, 2]])
  func agreesWithDefinition(_ transposing: (left: Bool, right: Bool), _ outer: [Int]) {
    var numbers = TestNumbers(seed: 9)
    let (m, n, k) = (5, 7, 11)
    let left = numbers.tensor(Shape(outer + (transposing.left ? [k, m] : [m, k])))
    let right = numbers.tensor(Shape(outer + (transposing.right ? [n, k] : [k, n])))
    let product = left.matrixProduct(
      right, transposingSelf: transposing.left, transposingOther: transposing.right)
    #expect(product.shape == Shape(outer + [m, n]))
    let (a, b, c) = (left.scalars, right.scalars, product.scalars)
    for matrix in 0..<outer.reduce(1, *) {
      for i in 0..<m {
        for j in 0..<n {
          let expected = (0..<k).reduce(0.0) { sum, l in
            let x = a[matrix * m * k + (transposing.left ? l * m + i : i * k + l)]
            let y = b[matrix * k * n + (transposing.right ? j * k + l : l * n + j)]
            return sum + Double(x) * Double(y)
          }
          #expect(abs(Double(c[(matrix * m + i) * n + j]) - expected) < 1e-5)
        }
      }
    }
  }

  @Test("a product over an empty axis is zero")
  func emptyDepthIsZero() {
    let product = Tensor(repeating: 1, shape: [2, 0]).matrixProduct(Tensor(repeating: 1, shape: [0, 3]))
    #expect(product.scalars == [Float](repeating: 0, count: 6))
  }
}
