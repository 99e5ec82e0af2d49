import TensorCore
import Testing

@Suite("Moving elements and pooling")
struct AdjointTests {
  private func tensor(_ shape: Shape, seed: UInt64 = 1) -> Tensor {
    var numbers = TestNumbers(seed: seed)
    return numbers.tensor(shape)
  }

  @Test(
    "a transposition moves the element at each position to the permuted position, and its inverse moves it back",
    arguments: [[0, 1, 2, 3], [3, 2, 1, 0], [0, 2, 3, 1], [1, 0, 3, 2], [2, 3, 0, 1]])
  func transposition(order: [Int]) {
    let x = tensor([2, 3, 4, 5])
    let moved = x.transposed(order)
    for position in BroadcastingTests.positions(moved.shape) {
      var source = position
      for (axis, from) in order.enumerated() { source[from] = position[axis] }
      #expect(
        BroadcastingTests.element(of: moved, at: position) == BroadcastingTests.element(of: x, at: source))
    }
    let inverse = order.indices.map { axis in order.firstIndex(of: axis) ?? -1 }
    #expect(moved.transposed(inverse).scalars == x.scalars)
    let g = tensor(moved.shape, seed: 2)
    #expect(isAdjoint(x, g, image: moved, adjoint: g.transposed(inverse)))
  }

  @Test("channels first and channels last are inverse, in any number of dimensions", arguments: [3, 4, 5])
  func channels(rank: Int) {
    let x = tensor(Shape((0..<rank).map { $0 + 2 }))
    #expect(x.channelsLast().shape == Shape([2] + (2..<rank).map { $0 + 2 } + [3]))
    #expect(x.channelsLast().channelsFirst().scalars == x.scalars)
    #expect(x.channelsFirst().channelsLast().scalars == x.scalars)
  }

  @Test("rows are gathered by index, and scattering adds repeated rows")
  func rows() {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])
    #expect(x.gatherRows([2, 0, 2]).scalars == [5, 6, 1, 2, 5, 6])
    #expect(x.scatterRows([1, 1, 3], rowCount: 4).scalars == [0, 0, 4, 6, 0, 0, 5, 6])
    let indices = [4, 1, 4, 0, 2, 4]
    let (table, g) = (tensor([5, 3]), tensor([6, 3], seed: 2))
    #expect(
      isAdjoint(table, g, image: table.gatherRows(indices), adjoint: g.scatterRows(indices, rowCount: 5)))
  }

  @Test("elements are gathered by flat index, and scattering adds repeated ones")
  func elements() {
    let indices = [7, 0, 7, 11, 3]
    let (x, g) = (tensor([3, 4]), tensor([5, 1], seed: 2))
    let gathered = x.gatherElements(indices, shape: [5, 1])
    #expect(gathered.scalars == indices.map { x.scalars[$0] })
    #expect(isAdjoint(x, g, image: gathered, adjoint: g.scatterElements(indices, shape: [3, 4])))
  }

  @Test("tensors are laid one after another along the outermost axis, and rows are views of their part")
  func concatenation() {
    let (a, b) = (tensor([2, 3]), tensor([4, 3], seed: 2))
    let both = Tensor.concatenated([a, b])
    #expect(both.shape == [6, 3])
    #expect(both.rows(0..<2).scalars == a.scalars)
    #expect(both.rows(2..<6).scalars == b.scalars)
  }

  @Test(
    "window sums and maxima are those of each window, and spreading is the adjoint of summing",
    arguments: [(2, 2), (3, 2), (2, 3), (3, 1), (1, 1)])
  func windows(kernel: Int, stride: Int) {
    let x = tensor([2, 5, 7, 3])
    let sums = x.windowSums(kernel: kernel, stride: stride)
    #expect(sums.shape == [2, (5 - kernel) / stride + 1, (7 - kernel) / stride + 1, 3])
    let maxima = x.windowMaxima(kernel: kernel, stride: stride)
    #expect(maxima.shape == sums.shape)
    for (index, position) in BroadcastingTests.positions(sums.shape).enumerated() {
      let window = (0..<kernel * kernel).map { tap in
        BroadcastingTests.element(
          of: x,
          at: [
            position[0], position[1] * stride + tap / kernel, position[2] * stride + tap % kernel,
            position[3],
          ])
      }
      #expect(sums.scalars[index] == window.reduce(0, +))
      #expect(x.scalars[maxima.indices[index]] == window.max())
    }
    let g = tensor(sums.shape, seed: 2)
    #expect(
      isAdjoint(x, g, image: sums, adjoint: g.windowSpread(kernel: kernel, stride: stride, shape: x.shape)))
  }

  @Test("of equal elements the first is a window's maximum")
  func firstOfEquals() {
    let x = Tensor(repeating: 1, shape: [1, 2, 4, 1])
    #expect(x.windowMaxima(kernel: 2, stride: 2).indices == [0, 2])
  }

  @Test("a NaN is the maximum of its window, wherever it stands", arguments: 0..<4)
  func notANumberIsLargest(place: Int) {
    var values: [Float] = [1, 3, -2, 0]
    values[place] = .nan
    #expect(Tensor(values, shape: [1, 2, 2, 1]).windowMaxima(kernel: 2, stride: 2).indices == [place])
  }

  @Test("what does not have a target's windows is not spread over it")
  func spreadNeedsTheWindows() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor(repeating: 1, shape: [1, 3, 3, 1]).windowSpread(kernel: 2, stride: 2, shape: [1, 5, 5, 1])
    }
  }
}
