import Autograd
import FiniteDifferences
import Networks
import TensorCore
import Testing

@Suite("Spectral normalisation")
struct SpectralNormTests {
  private struct Named {
    let main: Sequential
  }

  /// A layer of weights diag(3, 2, 0.5), in a network.
  private func diagonal() -> (SpectralLinear, ParameterStore) {
    let layer = SpectralLinear(from: 3, to: 3)
    let store = ParameterStore(name: "d", module: Named(main: Sequential([layer])))
    store.initialize(seed: 1, firstOrdinal: 0)
    store.set(layer.weightOrig, to: Tensor([3, 0, 0, 0, 2, 0, 0, 0, 0.5], shape: [3, 3]))
    store.set(layer.bias, to: Tensor(repeating: 0, shape: [3]))
    return (layer, store)
  }

  @Test("the power method finds the largest singular value, by which the weights are divided")
  func converges() {
    let (layer, store) = diagonal()
    for _ in 0..<30 { layer.iterate() }
    let output = layer(Tape().constant(Tensor([1, 1, 1], shape: [1, 3]))).value.scalars
    for (value, expected) in zip(output, [1, 2.0 / 3, 0.5 / 3]) {
      #expect(abs(Double(value) - expected) < 1e-5)
    }
    #expect(abs(abs(layer.weightU.value.scalars[0]) - 1) < 1e-5)
    withExtendedLifetime(store) {}
  }

  @Test("one iteration is one step of the power method")
  func oneStep() {
    let (layer, store) = diagonal()
    layer.iterate()
    // u = (1, 1, 1)/√3, Wᵀu ∝ (3, 2, 0.5), Wv ∝ (9, 4, 0.25).
    let v: [Float] = [3, 2, 0.5].map { $0 / Float(13.25).squareRoot() }
    let u: [Float] = [9, 4, 0.25].map { $0 / Float(97.0625).squareRoot() }
    for (value, expected) in zip(layer.weightV.value.scalars + layer.weightU.value.scalars, v + u) {
      #expect(abs(value - expected) < 1e-6)
    }
    withExtendedLifetime(store) {}
  }

  @Test("the power method reaches layers that a connection skips, and those that complete samples")
  func nestedLayers() {
    let layers = (0..<2).map { _ in SpectralLinear(from: 3, to: 3) }
    let chain = Sequential([Skip([layers[0]]), Completion([layers[1]])])
    let store = ParameterStore(name: "d", module: Named(main: chain))
    store.initialize(seed: 1, firstOrdinal: 0)
    chain.iterateSpectralNorms()
    for layer in layers { #expect(layer.weightV.value.scalars.contains { $0 != 0 }) }
    withExtendedLifetime(store) {}
  }

  @Test("names are those of torch.nn.utils.spectral_norm")
  func names() {
    let (_, store) = diagonal()
    #expect(store.parameterNames == ["main.0.weight_orig", "main.0.bias"])
    #expect(store.bufferNames == ["main.0.weight_u", "main.0.weight_v"])
  }

  @Test("the gradient of the weights takes the singular vectors as constants")
  func gradient() {
    let (layer, store) = diagonal()
    layer.iterate()
    let input = Tensor([0.3, -1, 2, 1, 0.5, -0.25], shape: [2, 3])
    let tape = Tape(watching: [store])
    let loss = layer(tape.constant(input)).squared().sum()
    let gradient = tape.gradients(of: loss, forParametersOf: store).scalars
    let weights = layer.weightOrig.value.scalars
    for index in 0..<9 {
      func value(_ change: Float) -> Float {
        var moved = weights
        moved[index] += change
        store.set(layer.weightOrig, to: Tensor(moved, shape: [3, 3]))
        return layer(Tape().constant(input)).squared().sum().value.scalar
      }
      let difference = (value(1e-2) - value(-1e-2)) / 2e-2
      #expect(abs(gradient[index] - difference) < 2e-3 * max(1, abs(difference)), "weight \(index)")
    }
  }

  @Test("a convolution is normalised as the matrix of its output channels")
  func convolution() {
    let layer = SpectralConvolution(
      from: 1, to: 2, ConvolutionGeometry(kernel: [1, 2], stride: [1, 1], padding: [0, 0]), bias: false)
    let store = ParameterStore(name: "d", module: Named(main: Sequential([layer])))
    store.initialize(seed: 1, firstOrdinal: 0)
    store.set(layer.weightOrig, to: Tensor([0, 4, 1, 0], shape: [2, 1, 1, 2]))
    for _ in 0..<40 { layer.iterate() }
    let output = layer(Tape().constant(Tensor([1, 2], shape: [1, 1, 2, 1]))).value.scalars
    #expect(abs(output[0] - 2) < 1e-4 && abs(output[1] - 0.25) < 1e-4)
    withExtendedLifetime(store) {}
  }
}
