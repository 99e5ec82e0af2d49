import KernelsBaseline
import KernelsWide

/// The square transforms of one ``WinogradForm`` in one ``KernelSet``; see `TileTransforms` in the kernel
/// targets.
struct TileTransforms: Sendable {
  typealias Transform =
    @Sendable (
      _ from: UnsafePointer<UnsafePointer<Float>>, _ to: UnsafePointer<UnsafeMutablePointer<Float>>,
      _ between: UnsafeMutablePointer<Float>, _ count: Int
    ) -> Void

  let input: Transform
  let kernel: Transform
  let output: Transform
  let upstream: Transform
  let gradient: Transform

  init(_ transforms: KernelsBaseline.TileTransforms) {
    (input, kernel, output) = (transforms.input, transforms.kernel, transforms.output)
    (upstream, gradient) = (transforms.upstream, transforms.gradient)
  }

  init(_ transforms: KernelsWide.TileTransforms) {
    (input, kernel, output) = (transforms.input, transforms.kernel, transforms.output)
    (upstream, gradient) = (transforms.upstream, transforms.gradient)
  }
}

extension KernelTable {
  /// Floats that a transform needs beside its operands, in either set.
  static let transformScratchCount = KernelsWide.TileTransforms.scratchCount
}
