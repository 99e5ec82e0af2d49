extension ConvolutionPlane {
  /// `result` = the derivative of the convolution with respect to its weight, applied to `upstream`.
  func weightGradient(
    input: UnsafePointer<Float>, upstream: UnsafePointer<Float>, result: UnsafeMutablePointer<Float>,
    _ kernels: KernelTable
  ) {
    let blocks = weightGradientBlocks(kernels)
    ComputeThreads.run(jobs: blocks.count) { index in
      let gradient = WeightGradientBlock(
        plane: self, inputChannels: blocks[index].input, outputChannels: blocks[index].output,
        kernels: kernels)
      gradient.run(input: input, upstream: upstream, result: result)
    }
  }

  /// Cuts the weight by input and output channels into blocks whose sums stay in the second-level cache.
  private func weightGradientBlocks(_ kernels: KernelTable) -> [(input: Range<Int>, output: Range<Int>)] {
    let inputBlocks = inputChannels <= 64 ? 1 : (inputChannels + 31) / 32
    let rows = taps * ((inputChannels + inputBlocks - 1) / inputBlocks)
    let grain = 32
    let cacheGrains = max(65_536 / (rows * grain), 1)
    let grains = (outputChannels + grain - 1) / grain
    let wanted = (ComputeThreads.count + inputBlocks - 1) / inputBlocks
    let outputBlocks = min(max((grains + cacheGrains - 1) / cacheGrains, wanted), grains)
    return (0..<outputBlocks).flatMap { output in
      let lower = grains * output / outputBlocks * grain
      let upper = min(grains * (output + 1) / outputBlocks * grain, outputChannels)
      return (0..<inputBlocks).map { input in
        (
          input: inputChannels * input / inputBlocks..<inputChannels * (input + 1) / inputBlocks,
          output: lower..<upper
        )
      }
    }
  }
}

/// The gradient of the weights between some input and some output channels, all taps.
private struct WeightGradientBlock {
  let plane: ConvolutionPlane
  let inputChannels: Range<Int>
  let outputChannels: Range<Int>
  let kernels: KernelTable

  /// Elements that lie side by side in the input under every output pixel: rows `firstRow…` of the sums, which
  /// are ordered by tap, then input channel.
  private struct Segment {
    let z: Int
    let y: Int
    /// Floats from the start of the kernel row.
    let offset: Int
    let rows: Int
    let firstRow: Int
  }

  private static let segmentRows = 64

  private var segments: [Segment] {
    var segments: [Segment] = []
    let kernel = plane.kernel
    // With all channels, a whole kernel row lies side by side; else the channels of one tap do.
    let isWhole = inputChannels.count == plane.inputChannels
    let pieces = isWhole ? 1 : kernel.x
    let length = isWhole ? kernel.x * plane.inputChannels : inputChannels.count
    let parts = (length + Self.segmentRows - 1) / Self.segmentRows
    for z in 0..<kernel.z {
      for y in 0..<kernel.y {
        for piece in 0..<pieces {
          for part in 0..<parts {
            let lower = length * part / parts
            let upper = length * (part + 1) / parts
            segments.append(
              Segment(
                z: z, y: y, offset: piece * plane.inputChannels + inputChannels.lowerBound + lower,
                rows: upper - lower, firstRow: ((z * kernel.y + y) * pieces + piece) * length + lower))
          }
        }
      }
    }
    return segments
  }

  func run(
    input: UnsafePointer<Float>, upstream: UnsafePointer<Float>, result: UnsafeMutablePointer<Float>
  ) {
    let patches = plane.forwardPatches
    let columns = outputChannels.count
    let panels = kernels.panels(columns)
    let segments = segments
    let rows = plane.taps * inputChannels.count
    let depthBlock = KernelTable.depthBlock
    let sums = TensorStorage(count: max(rows * columns, 1))
    let upstreamPanels = TensorStorage(count: panels.packedCount(depth: depthBlock))
    let tiles = (Self.segmentRows + kernels.tileRows - 1) / kernels.tileRows
    let segmentBlock = TensorStorage(count: tiles * depthBlock * kernels.lanes)
    if patches.rows == 0 { clear(sums.pointer, rows * columns) }
    withUnsafeTemporaryAllocation(of: Int.self, capacity: Self.segmentRows) { offsets in
      for row in 0..<Self.segmentRows { offsets.initializeElement(at: row, to: row * columns) }
      let offsets = UnsafePointer(offsets.baseAddress.unsafelyUnwrapped)
      var from = 0
      while from < patches.rows {
        let pixels = from..<min(from + depthBlock, patches.rows)
        packUpstream(upstream, pixels: pixels, panels, to: upstreamPanels.pointer)
        for segment in segments {
          pack(segment, patches, input, pixels: pixels, to: segmentBlock.pointer)
          for panel in 0..<panels.panelCount {
            kernels.depthMajor(
              segment.rows, pixels.count, segmentBlock.pointer,
              upstreamPanels.pointer + panels.offset(panel, depth: pixels.count),
              sums.pointer + segment.firstRow * columns + panel * 2 * kernels.lanes, offsets,
              panels.columns(panel), from > 0)
          }
        }
        from = pixels.upperBound
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

  /// Tiles `[pixels, lanes]` of the input elements under a segment.
  private func pack(
    _ segment: Segment, _ patches: Patches, _ input: UnsafePointer<Float>, pixels: Range<Int>,
    to packed: UnsafeMutablePointer<Float>
  ) {
    let lanes = kernels.lanes
    let tiles = (segment.rows + kernels.tileRows - 1) / kernels.tileRows
    let tileStride = pixels.count * lanes
    let channels = patches.channels
    let source = patches.source
    let end = input + patches.images * source.product * channels
    let upper = segment.offset + segment.rows
    patches.forEachRow(pixels) { row, image, z, y, x in
      let target = packed + (row &- pixels.lowerBound) &* lanes
      let low = x >= 0 ? 0 : min(0 &- x, patches.taps.x) &* channels
      let high = max(min(source.x &- x, patches.taps.x), 0) &* channels
      let sz = z &+ segment.z
      let sy = y &+ segment.y
      let isInside =
        UInt(bitPattern: sz) < UInt(bitPattern: source.z) && UInt(bitPattern: sy) < UInt(bitPattern: source.y)
      let line = ((image &* source.z &+ sz) &* source.y &+ sy) &* source.x &+ x
      let offset = line &* channels &+ segment.offset
      var first = 0
      var tile = 0
      while tile < tiles {
        let next = segment.rows &* (tile &+ 1) / tiles
        let destination = target + tile &* tileStride
        if !isInside || upper <= low || segment.offset >= high {
          clear(destination, lanes)
        } else if segment.offset >= low, upper <= high, input + (offset &+ first &+ lanes) <= end {
          // Whole vectors; what lies beyond the tile's rows is not read.
          copyFloats(input + (offset &+ first), to: destination, lanes)
        } else {
          var index = first
          while index < next {
            let position = segment.offset &+ index
            destination[index &- first] =
              position >= low && position < high ? input[offset &+ index] : 0
            index &+= 1
          }
        }
        first = next
        tile &+= 1
      }
    }
  }

  /// From `[taps, input channels, output channels]` to the weight's `[Cout, Cin, taps]`.
  private func transpose(_ sums: UnsafePointer<Float>, to result: UnsafeMutablePointer<Float>) {
    let taps = plane.taps
    let columns = outputChannels.count
    let inputs = inputChannels.count
    var output = 0
    while output < columns {
      let count = min(16, columns &- output)
      var input = 0
      while input < inputs {
        var tap = 0
        while tap < taps {
          let source = sums + ((tap &* inputs &+ input) &* columns &+ output)
          var target =
            result
            + (((outputChannels.lowerBound &+ output) &* plane.inputChannels &+ inputChannels.lowerBound
              &+ input)
              &* taps &+ tap)
          var index = 0
          while index < count {
            target.pointee = source[index]
            target += plane.inputChannels &* taps
            index &+= 1
          }
          tap &+= 1
        }
        input &+= 1
      }
      output &+= 16
    }
  }
}
