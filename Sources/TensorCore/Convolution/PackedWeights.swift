/// The right matrices B of one or several products, one behind the other, each cut into panels (see
/// ``KernelTable/Panels``), all taken from one weight tensor and with the same columns.
struct PackedWeights: WeightPacking {
  /// The depth of each matrix.
  let depths: [Int]
  /// The rows of all matrices, in the order of the weight tensor.
  let rows: [Row]
  /// Where the columns of a row lie in the weight tensor, from its source on.
  let columns: [Int]

  /// A row of a matrix: element n is `weight[source + columns[n]]`.
  struct Row {
    let source: Int
    let matrix: Int
    let depth: Int
  }

  func packedCount(_ kernels: KernelTable) -> Int {
    let panels = kernels.panels(columns.count)
    return depths.reduce(0) { $0 + panels.packedCount(depth: $1) }
  }

  func pack(
    _ weight: UnsafePointer<Float>, to packed: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let panels = kernels.panels(columns.count)
    rows.withUnsafeBufferPointer { rows in
      columns.withUnsafeBufferPointer { columns in
        ComputeThreads.run(jobs: panels.panelCount) { index in
          var start = packed
          let starts = depths.map { depth in
            defer { start += panels.packedCount(depth: depth) }
            return start + panels.offset(index, depth: depth)
          }
          starts.withUnsafeBufferPointer { starts in
            let panel = Panel(
              weight: weight, starts: starts.baseAddress.unsafelyUnwrapped, width: panels.width(index),
              count: panels.columns(index),
              columns: columns.baseAddress.unsafelyUnwrapped + index * 2 * kernels.lanes)
            panel.pack(rows)
          }
        }
      }
    }
  }

  /// The same panel of every matrix.
  private struct Panel {
    let weight: UnsafePointer<Float>
    /// Where the panel of each matrix begins.
    let starts: UnsafePointer<UnsafeMutablePointer<Float>>
    let width: Int
    let count: Int
    let columns: UnsafePointer<Int>

    func pack(_ rows: UnsafeBufferPointer<Row>) {
      guard var row = rows.baseAddress else { return }
      let end = row + rows.count
      let block = Scratch(count: Self.rowsPerBlock * width)
      defer { block.end() }
      while row < end {
        let next = row + min(Self.rowsPerBlock, end - row)
        gather(row, next, in: block.pointer)
        for index in 0..<next - row {
          copyFloats(block.pointer + index &* width, to: target(row + index), width)
        }
        row = next
      }
    }

    /// Rows that are gathered in the first cache before they are written: columns are read in long runs, and
    /// rows written whole, though both lie at distances that compete for the same cache sets.
    private static let rowsPerBlock = 128

    private func gather(
      _ first: UnsafePointer<Row>, _ end: UnsafePointer<Row>, in block: UnsafeMutablePointer<Float>
    ) {
      var column = 0
      while column < count {
        let isWhole = column &+ 8 <= count
        var row = first
        var target = block + column
        while row < end {
          // Eight rows side by side in the weight are transposed in registers.
          if isWhole, row + 8 <= end, row[7].source == row.pointee.source &+ 7 {
            let source = weight + row.pointee.source
            transpose8x8(to: { target + $0 &* width }, from: { source + columns[column &+ $0] })
            row += 8
            target += 8 &* width
          } else {
            let source = weight + row.pointee.source
            var index = column
            while index < min(column &+ 8, count) {
              target[index &- column] = source[columns[index]]
              index &+= 1
            }
            row += 1
            target += width
          }
        }
        column &+= 8
      }
      for index in 0..<end - first { clear(block + (index &* width &+ count), width &- count) }
    }

    @inline(__always)
    private func target(_ row: UnsafePointer<Row>) -> UnsafeMutablePointer<Float> {
      starts[row.pointee.matrix] + row.pointee.depth &* width
    }
  }
}

/// Names one packed form of a weight among those derived from its storage.
struct PackedWeightsForm: Equatable {
  enum Kind: Equatable {
    case taps, rows, phases, columns
    case tiles(WinogradForm), adjointTiles(WinogradForm)
  }

  let kind: Kind
  let inputChannels: Int
  let outputChannels: Int
  let kernel: Triple
  let stride: Triple
  let padding: Triple
  let lanes: Int

  init(_ kind: Kind, _ plane: ConvolutionPlane, _ kernels: KernelTable) {
    self.kind = kind
    inputChannels = plane.inputChannels
    outputChannels = plane.outputChannels
    kernel = plane.kernel
    stride = plane.stride
    padding = plane.padding
    lanes = kernels.lanes
  }
}
