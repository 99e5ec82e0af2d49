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

  @Test("a product over no rows is refused")
  func noRows() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor([], shape: [0, 3]).matrixProductOverRows(Tensor([], shape: [0, 2]), parts: 1)
    }
  }

  @Test(
    "products of many blocks and panels, and their edges, agree with Float64",
    arguments: [(14, 32, 256), (1, 1, 1000), (67, 33, 300), (200, 5, 513), (3, 70, 257), (385, 31, 2)])
  func blocksAgreeWithDefinition(_ shape: (m: Int, n: Int, k: Int)) {
    let (m, n, k) = shape
    var numbers = TestNumbers(seed: 10)
    let (a, b) = (numbers.tensor([m, k]), numbers.tensor([k, n]))
    let (x, y) = (a.scalars, b.scalars)
    var expected: [Double] = []
    for i in 0..<m {
      for j in 0..<n {
        expected.append((0..<k).reduce(0.0) { $0 + Double(x[i * k + $1]) * Double(y[$1 * n + j]) })
      }
    }
    let limit = 1e-6 * Double(k)
    for product in [
      a.matrixProduct(b), a.transposed([1, 0]).matrixProduct(b, transposingSelf: true),
      a.matrixProduct(b.transposed([1, 0]), transposingOther: true),
    ] {
      #expect(zip(product.scalars, expected).allSatisfy { abs(Double($0) - $1) < limit })
    }
  }

  @Test(
    "the bits depend neither on the kernels nor on transposition nor on the other rows",
    arguments: [530, 512, 1040, 17])
  func bitsFollowFromTheValues(depth: Int) {
    var numbers = TestNumbers(seed: 11)
    let (a, b) = (numbers.tensor([70, depth]), numbers.tensor([depth, 45]))
    let product = a.matrixProduct(b, using: .baseline)
    #expect(product.scalars == a.transposed([1, 0]).matrixProduct(b, transposingSelf: true).scalars)
    #expect(product.scalars == a.matrixProduct(b.transposed([1, 0]), transposingOther: true).scalars)
    #expect(product.rows(9..<12).scalars == a.rows(9..<12).copied().matrixProduct(b).scalars)
    if KernelSet.wide.isSupported { #expect(product.scalars == a.matrixProduct(b, using: .wide).scalars) }
  }

  @Test(
    "few rows by a large matrix give the bits of many, on any number of threads",
    arguments: [(1, 300, 40), (3, 33, 257), (13, 784, 400), (31, 64, 64)])
  func fewRows(_ shape: (m: Int, k: Int, n: Int)) {
    let (m, k, n) = shape
    var numbers = TestNumbers(seed: 14)
    let (a, b) = (numbers.tensor([m + 4 * n, k]), numbers.tensor([k, n]))
    let expected = a.matrixProduct(b, using: .baseline).rows(0..<m).scalars
    let few = a.rows(0..<m).copied()
    let transposed = b.transposed([1, 0])
    defer { ComputeThreads.count = 1 }
    for threads in [1, 2, 3] {
      ComputeThreads.count = threads
      for set in [KernelSet.baseline, .wide] where set.isSupported {
        #expect(few.matrixProduct(b, using: set).scalars == expected)
        #expect(few.matrixProduct(transposed, transposingOther: true, using: set).scalars == expected)
      }
    }
  }

  @Test("a parameter's panels are made once, and anew when it is overwritten")
  func panelsOfParameters() {
    var numbers = TestNumbers(seed: 12)
    let parameters = TensorStorage(count: 2 * 40 * 24, isLasting: true)
    let x = numbers.tensor([30, 24])
    for _ in 0..<2 {
      let values = numbers.tensor([2, 40, 24])
      values.withUnsafePointer { parameters.pointer.update(from: $0, count: parameters.count) }
      parameters.invalidateDerived()
      for index in 0..<2 {
        let weight = Tensor(viewOf: parameters, offset: index * 40 * 24, shape: [40, 24])
        let plain = values.rows(index..<index + 1).reshaped([40, 24])
        #expect(
          x.matrixProduct(weight, transposingOther: true).scalars
            == x.matrixProduct(plain, transposingOther: true).scalars)
      }
    }
    #expect(parameters.derived.count == 2)
  }

  @Test(
    "a product over ranges of rows is the sum of their products along the complete tree",
    arguments: [1, 2, 4, 8], [45, 48, 64, 512])
  func productOverRows(parts: Int, columns: Int) {
    var numbers = TestNumbers(seed: 13)
    let depth = 19
    let (a, b) = (numbers.tensor([parts * depth, 150]), numbers.tensor([parts * depth, columns]))
    let products = Tensor(stacking: parts) {
      let range = $0 * depth..<($0 + 1) * depth
      return a.rows(range).matrixProduct(b.rows(range), transposingSelf: true, using: .baseline)
    }
    let expected = Tensor([150, columns]) { sum in
      products.withUnsafePointer {
        VectorSum.tree($0, stride: 150 * columns, vectors: parts, into: sum, count: 150 * columns)
      }
    }
    defer { ComputeThreads.count = 1 }
    for threads in [1, 2] {
      ComputeThreads.count = threads
      for set in [KernelSet.baseline, .wide] where set.isSupported {
        #expect(a.matrixProductOverRows(b, parts: parts, using: set).scalars == expected.scalars)
      }
    }
  }
}
