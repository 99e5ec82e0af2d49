public import Autograd
public import TensorCore

/// A layer or table whose weights are divided by an estimate of their largest singular value (Miyato et al.
/// 2018), so that the layer stretches no direction much.
///
/// u and v approximate the first singular vectors of the weights as a matrix `[Cout, …]`. They are buffers,
/// constant during a turn: ``iterate()`` moves them once after each update, alike on every rank, so every
/// micro-batch sees the same ones. Names are those of `torch.nn.utils.spectral_norm`: `weight_orig`,
/// `weight_u`, `weight_v`.
public protocol SpectrallyNormalized {
  /// The trained weights, `[Cout, …]`.
  var weightOrig: Parameter { get }
  /// The left singular vector, `[Cout]`.
  var weightU: Buffer { get }
  /// The right singular vector, of the other extents' product.
  var weightV: Buffer { get }
}

extension SpectrallyNormalized {
  /// W / σ with σ = uᵀ W v, whose derivative with respect to W takes u and v as constants (Miyato et al., eq.
  /// 9 and 11).
  func normalizedWeight(on tape: Tape) -> Variable {
    let weight = tape.variable(for: weightOrig)
    let (rows, columns) = (weightU.shape.count, weightV.shape.count)
    let outer = weightU.value.reshaped([rows, 1]) * weightV.value.reshaped([1, columns])
    let sigma = (weight.reshaped([rows, columns]) * tape.constant(outer)).sum()
    return weight.dividedOnce(by: sigma)
  }

  /// One step of the power method: v ← Wᵀu / ‖Wᵀu‖, u ← Wv / ‖Wv‖ (Miyato et al., algorithm 1).
  public func iterate() {
    let store = weightOrig.store
    let (rows, columns) = (weightU.shape.count, weightV.shape.count)
    let matrix = weightOrig.value.reshaped([rows, columns])
    let v = Self.normalized(weightU.value.reshaped([1, rows]).matrixProduct(matrix))
    let u = Self.normalized(v.matrixProduct(matrix, transposingOther: true))
    store.set(weightV, to: v.reshaped([columns]))
    store.set(weightU, to: u.reshaped([rows]))
  }

  private static func normalized(_ vector: Tensor) -> Tensor {
    let norm = (vector * vector).sum().scalar.squareRoot()
    return vector.multiplied(by: 1 / max(norm, 1e-12))
  }
}

extension Sequential {
  /// One step of the power method in every layer that has one, those within chains and blocks of layers among
  /// them.
  public func iterateSpectralNorms() {
    for layer in layers {
      switch layer {
      case let layer as any SpectrallyNormalized: layer.iterate()
      case let chain as Sequential: chain.iterateSpectralNorms()
      case let block as Residual:
        block.residual.iterateSpectralNorms()
        block.shortcut.iterateSpectralNorms()
      case let block as Skip: block.inner.iterateSpectralNorms()
      case let block as Completion: block.inner.iterateSpectralNorms()
      default: break
      }
    }
  }
}

/// A ``Convolution`` whose weights are spectrally normalised.
public struct SpectralConvolution: DescribedLayer, SpectrallyNormalized {
  /// `[Cout, Cin, k…]`.
  public let weightOrig: Parameter
  /// `[Cout]`.
  public let bias: Parameter?
  /// `[Cout]`.
  public let weightU: Buffer
  /// `[Cin · taps]`.
  public let weightV: Buffer
  /// Kernel, stride and padding.
  public let geometry: ConvolutionGeometry

  /// A convolution; see ``Convolution/init(from:to:_:bias:initializer:)``.
  public init(
    from inputs: Int, to outputs: Int, _ geometry: ConvolutionGeometry, bias: Bool = true,
    initializer: Initializer? = nil
  ) {
    let fan = inputs * geometry.taps
    let start = Initializer.uniform(fanIn: fan)
    weightOrig = Parameter(Shape([outputs, inputs] + geometry.kernel), initializer ?? start)
    self.bias = bias ? Parameter([outputs], start) : nil
    weightU = Buffer([outputs], initialValue: 1 / Float(outputs).squareRoot())
    weightV = Buffer([fan], initialValue: 0)
    self.geometry = geometry
  }

  /// `[N, spatial…, Cin]` to `[N, spatial'…, Cout]`.
  public func callAsFunction(_ input: Variable) -> Variable {
    let result = input.convolved(with: normalizedWeight(on: input.tape), geometry)
    return bias.map { result + input.tape.variable(for: $0) } ?? result
  }

  /// A convolution with the normalised weights.
  public var operation: LayerOperation {
    .convolution(
      weight: normalizedWeight(on: Tape(mode: .inference)).value, bias: bias?.value, geometry)
  }
}

/// A ``Linear`` layer whose weights are spectrally normalised.
public struct SpectralLinear: DescribedLayer, SpectrallyNormalized {
  /// `[out, in]`.
  public let weightOrig: Parameter
  /// `[out]`.
  public let bias: Parameter
  /// `[out]`.
  public let weightU: Buffer
  /// `[in]`.
  public let weightV: Buffer

  /// A layer; see ``Linear/init(from:to:bias:initializer:)``.
  public init(from inputs: Int, to outputs: Int) {
    let start = Initializer.uniform(fanIn: inputs)
    weightOrig = Parameter([outputs, inputs], start)
    bias = Parameter([outputs], start)
    weightU = Buffer([outputs], initialValue: 1 / Float(outputs).squareRoot())
    weightV = Buffer([inputs], initialValue: 0)
  }

  /// `[…, in]` to `[…, out]`.
  public func callAsFunction(_ input: Variable) -> Variable {
    let tape = input.tape
    return input.linear(weight: normalizedWeight(on: tape), bias: tape.variable(for: bias))
  }

  /// A matrix product with the normalised weights.
  public var operation: LayerOperation {
    .linear(weight: normalizedWeight(on: Tape(mode: .inference)).value, bias: bias.value)
  }
}
