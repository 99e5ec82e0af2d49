/// The gradient of the weights between some input and some output channels by tiles: for each stride phase and
/// position the transformed input, transposed, times the transformed upstream gradient, summed over all tiles and
/// then transformed to taps.
///
/// Each sum is one chain over images, then tiles in row-major order.
struct WinogradWeightGradient {
  let plane: ConvolutionPlane
  let form: WinogradForm
  let kernels: KernelTable
  let inputChannels: Range<Int>
  let outputChannels: Range<Int>

  /// The most channels of a block, so that its sums stay in the second-level cache.
  private static let inputBlock = 32
  private static let outputBlock = 128

  /// All blocks of `plane`.
  static func run(
    _ plane: ConvolutionPlane, _ form: WinogradForm, input: UnsafePointer<Float>,
    upstream: UnsafePointer<Float>, result: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let panels = TransformedUpstream(plane: plane, form: form, kernels: kernels)
    let packed = panels.pack(upstream)
    let inputs = blocks(plane.inputChannels, of: inputBlock)
    let outputs = blocks(plane.outputChannels, of: outputBlock)
    ComputeThreads.run(jobs: inputs.count * outputs.count) { job in
      WinogradWeightGradient(
        plane: plane, form: form, kernels: kernels, inputChannels: inputs[job % inputs.count],
        outputChannels: outputs[job / inputs.count]
      ).run(input: input, upstream: panels, packed.pointer, result: result)
    }
  }

  private static func blocks(_ channels: Int, of size: Int) -> [Range<Int>] {
    stride(from: 0, to: channels, by: size).map { $0..<min($0 + size, channels) }
  }

  private func run(
    input: UnsafePointer<Float>, upstream: TransformedUpstream, _ packed: UnsafePointer<Float>,
    result: UnsafeMutablePointer<Float>
  ) {
    let (rows, columns) = (inputChannels.count, outputChannels.count)
    // One row more than there are, as positions and taps at a distance of a power of two would compete for the same
    // cache sets.
    let positionStride = (rows + 1) * columns
    let sums = TensorStorage(count: form.positions * positionStride)
    let taps = TensorStorage(count: plane.taps * positionStride)
    for residue in plane.residues {
      add(residue, input: input, upstream: upstream, packed, to: sums.pointer, positionStride: positionStride)
      let places = plane.windowTaps(residue, form)
      let transform = kernels.transforms(form).gradient
      TilePointers.with { pointers in
        for row in 0..<rows {
          pointers.read(sums.pointer + row * columns, stride: positionStride, count: form.positions)
          for (index, tap) in places.enumerated() {
            pointers.to[index] = taps.pointer + (tap * positionStride + row * columns)
          }
          pointers.apply(transform, channels: columns)
        }
      }
    }
    let weights = plane.inputChannels * plane.taps
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: rows * plane.taps) { sources in
      var next = sources.baseAddress.unsafelyUnwrapped
      for row in 0..<rows {
        for tap in 0..<plane.taps {
          next.initialize(to: taps.pointer + (tap * positionStride + row * columns))
          next += 1
        }
      }
      transposeRows(
        UnsafePointer(sources.baseAddress.unsafelyUnwrapped), count: rows * plane.taps, columns: columns,
        to: result + (outputChannels.lowerBound * weights + inputChannels.lowerBound * plane.taps),
        stride: weights)
    }
  }

  /// The sums of one phase, for each position `[input channels, output channels]`.
  private func add(
    _ residue: Triple, input: UnsafePointer<Float>, upstream: TransformedUpstream,
    _ packed: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Float>, positionStride: Int
  ) {
    let transform = kernels.transforms(form).input
    let squares = plane.inputSquares(residue, form)
    let (rows, columns) = (inputChannels.count, outputChannels.count)
    let input = input + inputChannels.lowerBound
    let depthBlock = min(TransformedUpstream.depthBlock, squares.count)
    let tileStride = (depthBlock * rows / 16 | 1) * 16
    let transformed = TensorStorage(count: form.positions * tileStride)
    let zeros = TensorStorage(count: rows)
    clear(zeros.pointer, rows)
    let outside = UnsafePointer(zeros.pointer)
    withUnsafeTemporaryAllocation(of: Int.self, capacity: rows) { offsets in
      for row in 0..<rows { offsets.initializeElement(at: row, to: row * columns) }
      let offsets = UnsafePointer(offsets.baseAddress.unsafelyUnwrapped)
      let capacity = depthBlock + KernelTable.pointersAhead
      withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: capacity) { elements in
        elements.initialize(repeating: outside)
        for from in stride(from: 0, to: squares.count, by: depthBlock) {
          let tiles = from..<min(from + depthBlock, squares.count)
          TilePointers.with { pointers in
            squares.forEach(tiles) { tile, square in
              squares.forEachPixel(of: square) { pointers.from[$0] = $1.map { input + $0 } ?? outside }
              pointers.write(
                transformed.pointer + (tile &- from) &* rows, stride: tileStride, count: form.positions)
              pointers.apply(transform, channels: rows)
            }
          }
          for position in 0..<form.positions {
            let matrix = transformed.pointer + position * tileStride
            for index in 0..<tiles.count { elements[index] = UnsafePointer(matrix + index * rows) }
            upstream.forEachPanel(packed, position, tiles, of: outputChannels) { panel, column, count in
              kernels.indirectColumns(
                rows, tiles.count, UnsafePointer(elements.baseAddress.unsafelyUnwrapped), panel,
                sums + (position * positionStride + column), offsets, count, from > 0)
            }
          }
        }
      }
    }
  }
}

/// The upstream gradient of a convolution, transformed: for each position of a tile panels of `[tiles, width]`.
struct TransformedUpstream {
  let plane: ConvolutionPlane
  let form: WinogradForm
  let kernels: KernelTable

  /// Tiles that are added in one go.
  static let depthBlock = 128

  private var squares: TileSquares {
    TileSquares(
      images: plane.images, extents: plane.output, channels: plane.outputChannels,
      tiles: form.tiles(plane.output), side: form.outputs, spacing: form.outputs, step: .one, origin: .zero)
  }

  private var panels: KernelTable.Panels { kernels.panels(plane.outputChannels) }
  private var positionStride: Int { panels.packedCount(depth: squares.count) + 16 }

  func pack(_ upstream: UnsafePointer<Float>) -> TensorStorage {
    let squares = squares
    let panels = panels
    let positionStride = positionStride
    let packed = TensorStorage(count: form.positions * positionStride)
    let transform = kernels.transforms(form).upstream
    ComputeThreads.split(squares.count, grain: 16) { tiles in
      let zeros = TensorStorage(count: plane.outputChannels)
      clear(zeros.pointer, plane.outputChannels)
      TilePointers.with { pointers in
        for panel in 0..<panels.panelCount {
          let width = panels.width(panel)
          let upstream = upstream + panel * 2 * kernels.lanes
          let outside = UnsafePointer(zeros.pointer)
          let target = packed.pointer + panels.offset(panel, depth: squares.count)
          squares.forEach(tiles) { tile, square in
            squares.forEachPixel(of: square) { pointers.from[$0] = $1.map { upstream + $0 } ?? outside }
            pointers.write(target + tile &* width, stride: positionStride, count: form.positions)
            pointers.apply(transform, channels: width)
          }
        }
      }
    }
    return packed
  }

  /// Calls `body` with the panels of some channels, which begin and end with a panel: the rows of some tiles, the
  /// first column among the channels, and the number of columns.
  @inline(__always)
  func forEachPanel(
    _ packed: UnsafePointer<Float>, _ position: Int, _ tiles: Range<Int>, of channels: Range<Int>,
    _ body: (_ panel: UnsafePointer<Float>, _ column: Int, _ count: Int) -> Void
  ) {
    let panels = panels
    let width = 2 * kernels.lanes
    let depth = squares.count
    for column in stride(from: channels.lowerBound, to: channels.upperBound, by: width) {
      let panel = column / width
      body(
        packed
          + (position * positionStride + panels.offset(panel, depth: depth) + tiles.lowerBound
            * panels.width(panel)),
        column - channels.lowerBound, panels.columns(panel))
    }
  }
}
