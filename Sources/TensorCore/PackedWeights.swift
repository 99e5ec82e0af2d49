/// The right matrix B of a product, cut into panels (see ``KernelTable/Panels``), element (k, n) taken from
/// `depthOffsets[k] + columnOffsets[n]` of a weight tensor.
struct PackedWeights {
  let depthOffsets: [Int]
  let columnOffsets: [Int]

  func packedCount(_ kernels: KernelTable) -> Int {
    kernels.panels(columnOffsets.count).packedCount(depth: depthOffsets.count)
  }

  func pack(
    _ weight: UnsafePointer<Float>, to packed: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let panels = kernels.panels(columnOffsets.count)
    let depth = depthOffsets.count
    depthOffsets.withUnsafeBufferPointer { depthOffsets in
      columnOffsets.withUnsafeBufferPointer { columnOffsets in
        ComputeThreads.run(jobs: panels.panelCount) { panel in
          let width = panels.width(panel)
          let columns = panels.columns(panel)
          let columnOffsets = columnOffsets.baseAddress.unsafelyUnwrapped + panel * 2 * kernels.lanes
          var target = packed + panels.offset(panel, depth: depth)
          for depthOffset in depthOffsets {
            let source = weight + depthOffset
            var column = 0
            while column < columns {
              target[column] = source[columnOffsets[column]]
              column &+= 1
            }
            while column < width {
              target[column] = 0
              column &+= 1
            }
            target += width
          }
        }
      }
    }
  }
}

/// Names one packed form of a weight among those derived from its storage.
struct PackedWeightsKey: Hashable {
  enum Kind { case taps, phases, columns }

  let kind: Kind
  let offset: Int
  let inputChannels: Int
  let outputChannels: Int
  let kernel: Triple
  let stride: Triple
  let padding: Triple
  let lanes: Int

  init(_ kind: Kind, of weight: Tensor, _ plane: ConvolutionPlane, _ kernels: KernelTable) {
    self.kind = kind
    offset = weight.offset
    inputChannels = plane.inputChannels
    outputChannels = plane.outputChannels
    kernel = plane.kernel
    stride = plane.stride
    padding = plane.padding
    lanes = kernels.lanes
  }
}

extension Tensor {
  /// The packed forms `parts` of this weight, one behind the other: those at hand if they were made from the
  /// values that the storage holds now, else new ones in the same place.
  func packed(
    _ key: PackedWeightsKey, _ kernels: KernelTable, _ parts: () -> [PackedWeights]
  ) -> TensorStorage {
    let known = storage.derived[key]
    if let known, known.version == storage.version { return known.storage }
    let parts = parts()
    let count = parts.reduce(0) { $0 + $1.packedCount(kernels) }
    let packed = known?.storage ?? TensorStorage(count: count)
    withUnsafePointer { weight in
      var target = packed.pointer
      for part in parts {
        part.pack(weight, to: target, kernels)
        target += part.packedCount(kernels)
      }
    }
    storage.derived[key] = (storage.version, packed)
    return packed
  }
}
