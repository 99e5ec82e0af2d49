import Autograd
import Networks
import TensorCore

extension Sequential {
  /// The convolutions in order of application where the chain is all of a network, which is given so many
  /// pixels along each axis. No store has to have taken the layers, so this takes no memory. Those of a block
  /// are called by their place in it too.
  func convolutions(of network: String, extents: [Int]) -> [ConvolutionShape] {
    var extents = extents
    return convolutions(of: network, at: nil, &extents, readsInput: true)
  }

  /// - Parameters:
  ///   - place: the chain's in a block; nil outside blocks.
  ///   - extents: those of what the chain is given, then of what it gives.
  private func convolutions(
    of network: String, at place: String?, _ extents: inout [Int], readsInput: Bool
  ) -> [ConvolutionShape] {
    var shapes: [ConvolutionShape] = []
    for (index, layer) in layers.enumerated() {
      let readsInput = readsInput && shapes.isEmpty
      func append(_ weight: Shape, _ geometry: ConvolutionGeometry, isTransposed: Bool) {
        let shape = ConvolutionShape(
          network, at: place.map { "\($0).\(index)" }, weight: weight, geometry, extents: extents,
          isTransposed: isTransposed, readsInput: readsInput)
        shapes.append(shape)
        extents = shape.outputExtents
      }
      switch layer {
      case let layer as Convolution: append(layer.weight.shape, layer.geometry, isTransposed: false)
      case let layer as SpectralConvolution:
        append(layer.weightOrig.shape, layer.geometry, isTransposed: false)
      case let layer as TransposedConvolution: append(layer.weight.shape, layer.geometry, isTransposed: true)
      case let block as Residual:
        var beside = extents
        shapes += block.residual.convolutions(of: network, at: "residual", &extents, readsInput: readsInput)
        shapes += block.shortcut.convolutions(of: network, at: "shortcut", &beside, readsInput: readsInput)
      case let block as Skip:
        shapes += block.inner.convolutions(of: network, at: "inner", &extents, readsInput: readsInput)
      case let block as Completion:
        shapes += block.inner.convolutions(of: network, at: "inner", &extents, readsInput: readsInput)
      case let layer as Upsampling: extents = extents.map { $0 * layer.scale }
      case let layer as AveragePool: extents = extents.map { $0 / layer.side }
      case is SumPool: extents = extents.map { _ in 1 }
      default: break
      }
    }
    return shapes
  }
}
