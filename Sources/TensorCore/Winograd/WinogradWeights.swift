import CProcessor

/// The right matrices of ``WinogradProduct``s: for every source the taps that meet it, transformed, for each
/// position of a tile a matrix of its own, in panels `[positions, depth, width]`.
struct WinogradWeights: WeightPacking {
  let form: WinogradForm
  /// For each product, and each of its sources, which lie one behind the other along the depth of the same
  /// matrices, the kernel position of each tap, in the order of the pixels under it. Products have equally
  /// many sources.
  let matrices: [[[Int]]]
  /// All taps of the kernel.
  let taps: Int
  /// The channels that are summed, and floats from one to the next in the weight tensor.
  let depth: (count: Int, stride: Int)
  /// The channels of the result, likewise.
  let columns: (count: Int, stride: Int)

  /// Channels whose kernels are asked for before they are transformed.
  private static let channelsAhead = 8

  private var matrixDepth: Int { matrices[0].count * depth.count }

  func packedCount(_ kernels: KernelTable) -> Int { matrices.count * matrixCount(kernels) }

  /// Floats from the matrices of one product to those of the next.
  private func matrixCount(_ kernels: KernelTable) -> Int {
    kernels.panels(columns.count).packedCount(depth: form.positions * matrixDepth)
  }

  func pack(
    _ weight: UnsafePointer<Float>, to packed: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let panels = kernels.panels(columns.count)
    let transform = kernels.transforms[form]!.kernel
    let panelDepth = form.positions * matrixDepth
    ComputeThreads.run(jobs: panels.panelCount) { panel in
      let width = panels.width(panel)
      let kernel = Scratch(zeros: taps * width)
      defer { kernel.end() }
      TilePointers.with { pointers in
        for channel in 0..<depth.count {
          let source = weight + (channel * depth.stride + panel * 2 * kernels.lanes * columns.stride)
          // Of each column a cache line, at distances that the processor does not foresee.
          for column in 0..<panels.columns(panel) {
            lockstep_prefetch(source + (Self.channelsAhead &* depth.stride &+ column &* columns.stride))
          }
          gather(source, count: panels.columns(panel), to: kernel.pointer, width: width)
          for (product, sources) in matrices.enumerated() {
            let matrix =
              packed + product * matrixCount(kernels)
              + panels.offset(panel, depth: panelDepth)
            for (source, taps) in sources.enumerated() {
              for (index, tap) in taps.enumerated() {
                pointers.from[index] = UnsafePointer(kernel.pointer + tap * width)
              }
              pointers.write(
                matrix + (source * depth.count + channel) * width, stride: matrixDepth * width,
                count: form.positions)
              pointers.apply(transform, channels: width)
            }
          }
        }
      }
    }
  }

  /// Transposes the kernels of some columns to `[taps, width]`.
  private func gather(
    _ weight: UnsafePointer<Float>, count: Int, to kernel: UnsafeMutablePointer<Float>, width: Int
  ) {
    var column = 0
    while column < count {
      var tap = 0
      while tap < taps {
        if column &+ 8 <= count, tap &+ 8 <= taps {
          transpose8x8(
            to: { kernel + ((tap &+ $0) &* width &+ column) },
            from: { weight + ((column &+ $0) &* columns.stride &+ tap) })
        } else {
          for index in column..<min(column &+ 8, count) {
            for tap in tap..<min(tap &+ 8, taps) {
              kernel[tap &* width &+ index] = weight[index &* columns.stride &+ tap]
            }
          }
        }
        tap &+= 8
      }
      column &+= 8
    }
  }
}
