/// The gradient of the weights between some input and some output channels, all taps.
///
/// The sums `[taps, input channels, output channels]` stay in the second-level cache while blocks of pixels
/// pass. The upstream gradient is packed in panels, the input read in place.
struct WeightGradientBlock {
  let plane: ConvolutionPlane
  let inputChannels: Range<Int>
  let outputChannels: Range<Int>
  let kernels: KernelTable

  /// Elements that lie side by side in the input under every output pixel, as rows `firstRow…` of the sums.
  struct Segment {
    let z: Int
    let y: Int
    /// Floats from the start of the kernel row.
    let offset: Int
    let rows: Int
    let firstRow: Int
    /// Whether the elements are channels of one pixel.
    let isWithinTap: Bool
  }

  /// The most rows of a segment.
  static let segmentRows = 64

  /// Few channels: a whole kernel row lies side by side. Many: the channels of one tap do, and a tap is
  /// either inside the input or outside of it.
  private var isRow: Bool { plane.inputChannels < Self.manyChannels }

  static let manyChannels = 16

  /// Rows of the sums from one tap to the next: one is left out, as taps at a distance of a power of two
  /// would compete for the same cache sets when they are transposed.
  private var rowsPerTap: Int { isRow ? inputChannels.count : inputChannels.count + 1 }

  private var segments: [Segment] {
    let kernel = plane.kernel
    let pieces = isRow ? 1 : kernel.x
    let length = isRow ? kernel.x * plane.inputChannels : inputChannels.count
    let parts = (length + Self.segmentRows - 1) / Self.segmentRows
    var segments: [Segment] = []
    for line in 0..<kernel.z * kernel.y {
      for piece in 0..<pieces {
        for part in 0..<parts {
          let lower = length * part / parts
          let upper = length * (part + 1) / parts
          segments.append(
            Segment(
              z: line / kernel.y, y: line % kernel.y,
              offset: piece * plane.inputChannels + inputChannels.lowerBound + lower, rows: upper - lower,
              firstRow: isRow ? line * length + lower : (line * pieces + piece) * rowsPerTap + lower,
              isWithinTap: !isRow))
        }
      }
    }
    return segments
  }

  func run(_ terms: [WeightGradientOperands], result: UnsafeMutablePointer<Float>) {
    let columns = outputChannels.count
    let panels = kernels.panels(columns)
    let segments = segments
    let depthBlock = KernelTable.depthBlock
    let sums = Scratch(count: plane.taps * rowsPerTap * columns)
    defer { sums.end() }
    let upstreamPanels = Scratch(count: panels.packedCount(depth: depthBlock))
    defer { upstreamPanels.end() }
    let pixels = plane.forwardPatches.rows
    withRowOffsets(0..<Self.segmentRows, distance: columns) { offsets in
      for (index, term) in terms.enumerated() {
        PixelBlock.with(plane.forwardPatches, term.input) { pixelBlock in
          for from in stride(from: 0, to: pixels, by: depthBlock) {
            let block = from..<min(from + depthBlock, pixels)
            packUpstream(term.upstream, pixels: block, panels, to: upstreamPanels.pointer)
            pixelBlock.move(to: block)
            for segment in segments {
              let elements = pixelBlock.elements(under: segment)
              for panel in 0..<panels.panelCount {
                kernels.indirectColumns(
                  segment.rows, block.count, elements,
                  upstreamPanels.pointer + panels.offset(panel, depth: block.count), panels.width(panel),
                  sums.pointer + segment.firstRow * columns + panel * 2 * kernels.lanes, offsets,
                  panels.columns(panel), index > 0 || from > 0)
              }
            }
          }
        }
      }
    }
    transpose(sums.pointer, to: result)
  }

  /// Panels `[pixels, width]` of the block's output channels.
  private func packUpstream(
    _ upstream: UnsafePointer<Float>, pixels: Range<Int>, _ panels: KernelTable.Panels,
    to packed: UnsafeMutablePointer<Float>
  ) {
    for panel in 0..<panels.panelCount {
      let width = panels.width(panel)
      let columns = panels.columns(panel)
      var target = packed + panels.offset(panel, depth: pixels.count)
      var source =
        upstream + pixels.lowerBound * plane.outputChannels + outputChannels.lowerBound
        + panel * 2 * kernels.lanes
      var remaining = pixels.count
      while remaining > 0 {
        copyFloats(source, to: target, columns)
        clear(target + columns, width &- columns)
        source += plane.outputChannels
        target += width
        remaining &-= 1
      }
    }
  }

  /// From `[taps, input channels, output channels]` to the weight's `[Cout, Cin, taps]`.
  private func transpose(_ sums: UnsafePointer<Float>, to result: UnsafeMutablePointer<Float>) {
    let taps = plane.taps
    let columns = outputChannels.count
    let inputs = inputChannels.count
    let stride = plane.inputChannels &* taps
    let target =
      result + (outputChannels.lowerBound &* plane.inputChannels &+ inputChannels.lowerBound) &* taps
    let count = inputs &* taps
    // The sums in the weight's order: input channels, then taps.
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: count) { rows in
      var next = rows.baseAddress.unsafelyUnwrapped
      for input in 0..<inputs {
        for tap in 0..<taps {
          next.initialize(to: sums + (tap &* rowsPerTap &+ input) &* columns)
          next += 1
        }
      }
      let rows = rows.baseAddress.unsafelyUnwrapped
      transposeRows(UnsafePointer(rows), count: count, columns: columns, to: target, stride: stride)
    }
  }
}
