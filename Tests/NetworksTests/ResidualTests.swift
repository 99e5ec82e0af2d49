import Autograd
import Networks
import TensorCore
import Testing

@Suite("Residual blocks")
struct ResidualTests {
  private struct Named {
    let main: Sequential
  }

  private static let three = ConvolutionGeometry(kernel: [3, 3], stride: [1, 1], padding: [1, 1])

  private func apply(_ layer: any Layer, _ scalars: [Float], _ shape: Shape) -> Tensor {
    layer(Tape().constant(Tensor(scalars, shape: shape))).value
  }

  @Test("a block adds what its layers make of the input to the input, or to what its shortcut makes of it")
  func sums() {
    let plain = Residual([Rectifier()])
    #expect(apply(plain, [-1, 2], [1, 1, 1, 2]).scalars == [-1, 4])
    let both = Residual([Rectifier()], shortcut: [Tanh()])
    let value = apply(both, [2], [1, 1, 1, 1]).scalars[0]
    #expect(abs(value - 2.964_027_6) < 1e-5)
  }

  @Test("pixels become squares, squares their means, and an image the sum of its pixels")
  func resampling() {
    let doubled = apply(Upsampling(), [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2])
    #expect(doubled.shape == [1, 4, 4, 2])
    #expect(Array(doubled.scalars.prefix(16)) == [1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4])
    let halved = apply(AveragePool(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [1, 4, 4, 1])
    #expect(halved.shape == [1, 2, 2, 1] && halved.scalars == [3.5, 5.5, 11.5, 13.5])
    let summed = apply(SumPool(side: 2), [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2])
    #expect(summed.shape == [1, 1, 1, 2] && summed.scalars == [16, 20])
  }

  @Test("the number of threads changes no bit of what is resampled")
  func threads() {
    defer { ComputeThreads.count = 1 }
    let images = KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).normal([5, 6, 4, 19])
    func results() -> [[UInt32]] {
      let input = Tape().constant(images)
      return [
        input.averagePool(kernel: 2, stride: 2), input.averagePool(kernel: 3, stride: 1),
        input.upsampleNearest(scale: 3),
      ].map { $0.value.scalars.map(\.bitPattern) }
    }
    ComputeThreads.count = 1
    let alone = results()
    ComputeThreads.count = 3
    #expect(results() == alone)
  }

  @Test("names say which branch a layer is of, and the power method reaches both")
  func branches() {
    let inner = SpectralConvolution(from: 2, to: 2, Self.three)
    let shortcut = SpectralConvolution(from: 2, to: 2, Self.three, bias: false)
    let chain = Sequential([Rectifier(), Residual([Rectifier(), inner], shortcut: [shortcut])])
    let store = ParameterStore(name: "d", module: Named(main: chain))
    store.initialize(seed: 1, firstOrdinal: 0)
    #expect(
      store.parameterNames == [
        "main.1.residual.1.weight_orig", "main.1.residual.1.bias", "main.1.shortcut.0.weight_orig",
      ])
    chain.iterateSpectralNorms()
    for layer in [inner, shortcut] { #expect(layer.weightV.value.scalars.contains { $0 != 0 }) }
  }

  @Test("a block is described with its branches, and a layer that nobody described is named in it")
  func descriptions() throws {
    struct Doubling: Layer {
      func callAsFunction(_ input: Variable) -> Variable { input + input }
    }
    func operations(_ layer: any Layer) throws -> [NetworkDescription.NamedOperation] {
      let chain = Sequential([Residual([Rectifier(), layer], shortcut: [AveragePool()])])
      let store = ParameterStore(name: "d", module: Named(main: chain))
      return try NetworkDescription(
        chain, store, input: .init("x", [1, 2, 2]), chainExtents: [1, 2, 2], output: .init("y", [1])
      ).operations()
    }
    guard case .residual(let residual, let shortcut) = try operations(Tanh())[0].operation else {
      Issue.record("a block")
      return
    }
    #expect(residual.map(\.name) == ["main.0.residual.0", "main.0.residual.1"])
    #expect(shortcut.map(\.name) == ["main.0.shortcut.0"])
    let error = #expect(throws: UndescribedLayer.self) { try operations(Doubling()) }
    #expect(error?.layer == "main.0.residual.1" && error?.type == "Doubling")
  }

  @Test("a weight's quotient is kept while neither it nor the number changes, with the bits of a division")
  func quotients() {
    let parameters = TensorStorage(count: 6, isLasting: true)
    let weight = Tensor(viewOf: parameters, offset: 1, shape: [4])
    func quotient(_ divisor: Float) -> Tensor {
      Tape().constant(weight).dividedOnce(by: Tape().constant(Tensor(divisor))).value
    }
    func set(_ values: [Float]) {
      for (index, value) in values.enumerated() { parameters.pointer[index] = value }
      parameters.invalidateDerived()
    }
    set([0, 1, 2, 3, 4, 0])
    let first = quotient(3)
    #expect(first.scalars == [1, 2, 3, 4].map { $0 / 3 })
    #expect(quotient(3).storage === first.storage)
    #expect(quotient(7).scalars == [1, 2, 3, 4].map { $0 / 7 })
    set([0, 5, 6, 7, 8, 0])
    #expect(quotient(7).scalars == [5, 6, 7, 8].map { $0 / 7 })
    #expect(first.scalars == [1, 2, 3, 4].map { $0 / 3 }, "what a pass has read stays")
  }
}
