/// The gradient of the weights of some input and some output channels by tiles: for each layer and position
/// the transformed upstream gradient, transposed, times the transformed input, summed over all tiles
/// and then transformed to taps.
///
/// Each sum is one chain over terms, images, then tiles in row-major order.
struct WinogradWeightGradient {
  let plane: ConvolutionPlane
  let form: WinogradForm
  let kernels: KernelTable
  let inputChannels: Range<Int>
  let outputChannels: Range<Int>

  /// The most channels of a block, so that its sums stay in the second-level cache.
  private static let inputBlock = 32
  private static let outputBlock = 128
  private static let outputGrain = 16
  /// Tiles that are added in one go.
  private static let tileBlock = 128

  /// All blocks of `plane`.
  static func run(
    _ plane: ConvolutionPlane, _ form: WinogradForm, _ terms: [WeightGradientOperands],
    result: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let terms = terms.map {
      Term(input: $0.input, upstream: TransformedUpstream($0.upstream, of: plane, form, kernels))
    }
    let inputs = blocks(plane.inputChannels, of: inputBlock)
    // More blocks where threads would go without; a grain is whole vectors.
    let wanted = (ComputeThreads.count + inputs.count - 1) / inputs.count
    let share = ((plane.outputChannels + wanted - 1) / wanted + outputGrain - 1) / outputGrain * outputGrain
    let outputs = blocks(plane.outputChannels, of: min(outputBlock, share))
    ComputeThreads.run(jobs: inputs.count * outputs.count) { job in
      WinogradWeightGradient(
        plane: plane, form: form, kernels: kernels, inputChannels: inputs[job % inputs.count],
        outputChannels: outputs[job / inputs.count]
      ).run(terms, result: result)
    }
  }

  private struct Term {
    let input: UnsafePointer<Float>
    let upstream: TransformedUpstream
  }

  private static func blocks(_ channels: Int, of size: Int) -> [Range<Int>] {
    stride(from: 0, to: channels, by: size).map { $0..<min($0 + size, channels) }
  }

  private var rows: Int { outputChannels.count }
  private var columns: Int { inputChannels.count }
  /// Floats from position to position of the sums: an odd number of cache lines, as a transform reads all
  /// positions together.
  private var sumStride: Int { (rows * columns / 16 | 1) * 16 }

  private func run(_ terms: [Term], result: UnsafeMutablePointer<Float>) {
    let sums = Scratch(count: form.positions * sumStride)
    defer { sums.end() }
    // For each output channel `[taps, input channels]`.
    let gradients = Scratch(count: rows * plane.taps * columns)
    defer { gradients.end() }
    let transform = kernels.transforms[form]!.gradient
    for layer in plane.layers {
      for (index, term) in terms.enumerated() {
        add(layer, term, continuing: index > 0, to: sums.pointer)
      }
      let taps = plane.windowTaps(layer, form)
      TilePointers.with { pointers in
        for row in 0..<rows {
          pointers.read(sums.pointer + row * columns, stride: sumStride, count: form.positions)
          for index in taps.indices {
            pointers.to[index] = gradients.pointer + (row * plane.taps + taps[index]) * columns
          }
          pointers.apply(transform, channels: columns)
        }
      }
    }
    transpose(gradients.pointer, to: result)
  }

  /// From `[output channels, taps, input channels]` to the weight's `[Cout, Cin, taps]`.
  private func transpose(_ gradients: UnsafePointer<Float>, to result: UnsafeMutablePointer<Float>) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: plane.taps) { taps in
      for row in 0..<rows {
        for tap in 0..<plane.taps {
          taps.initializeElement(at: tap, to: gradients + (row * plane.taps + tap) * columns)
        }
        let kernel = (outputChannels.lowerBound + row) * plane.inputChannels + inputChannels.lowerBound
        transposeRows(
          UnsafePointer(taps.baseAddress.unsafelyUnwrapped), count: plane.taps, columns: columns,
          to: result + kernel * plane.taps, stride: plane.taps)
      }
    }
  }

  /// Adds a term to the sums of one layer, for each position `[output channels, input channels]`.
  private func add(
    _ layer: Triple, _ term: Term, continuing isContinued: Bool, to sums: UnsafeMutablePointer<Float>
  ) {
    let squares = plane.inputSquares(layer, form)
    let panels = kernels.panels(columns)
    let block = min(Self.tileBlock, squares.count)
    let positionStride = panels.packedCount(depth: block) + 16
    let transformed = Scratch(count: form.positions * positionStride)
    defer { transformed.end() }
    withRowOffsets(0..<rows, distance: columns) { offsets in
      let capacity = block + KernelTable.pointersAhead
      withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: capacity) { elements in
        elements.initialize(repeating: term.upstream.pointer)
        for from in stride(from: 0, to: squares.count, by: block) {
          let tiles = from..<min(from + block, squares.count)
          transform(term.input, squares, tiles, to: transformed.pointer, positionStride: positionStride)
          for position in 0..<form.positions {
            for tile in tiles {
              elements[tile &- from] = term.upstream.row(position, tile) + outputChannels.lowerBound
            }
            for panel in 0..<panels.panelCount {
              kernels.indirectColumns(
                rows, tiles.count, UnsafePointer(elements.baseAddress.unsafelyUnwrapped),
                transformed.pointer
                  + (position * positionStride + panels.offset(panel, depth: tiles.count)),
                panels.width(panel),
                sums + (position * sumStride + panel * 2 * kernels.lanes), offsets, panels.columns(panel),
                isContinued || from > 0)
            }
          }
        }
      }
    }
  }

  /// The input under some tiles, for each position in panels `[tiles, width]`.
  private func transform(
    _ input: UnsafePointer<Float>, _ squares: TileSquares, _ tiles: Range<Int>,
    to transformed: UnsafeMutablePointer<Float>, positionStride: Int
  ) {
    let transform = kernels.transforms[form]!.input
    let panels = kernels.panels(columns)
    let zeros = Scratch(zeros: columns)
    defer { zeros.end() }
    let outside = UnsafePointer(zeros.pointer)
    TilePointers.with { pointers in
      for panel in 0..<panels.panelCount {
        let width = panels.width(panel)
        let input = input + (inputChannels.lowerBound + panel * 2 * kernels.lanes)
        var target = transformed + panels.offset(panel, depth: tiles.count)
        squares.forEach(tiles) { _, square in
          squares.forEachPixel(of: square) { pointers.from[$0] = $1.map { input + $0 } ?? outside }
          pointers.write(target, stride: positionStride, count: form.positions)
          pointers.apply(transform, channels: width)
          target += width
        }
      }
    }
  }
}

/// The upstream gradient of a convolution, transformed: for each position of a tile `[tiles, channels]`.
struct TransformedUpstream {
  private let storage: TensorStorage
  private let rowStride: Int
  private let positionStride: Int

  init(
    _ upstream: UnsafePointer<Float>, of plane: ConvolutionPlane, _ form: WinogradForm, _ kernels: KernelTable
  ) {
    let channels = plane.outputChannels
    let squares = TileSquares(
      images: plane.images, extents: plane.output, channels: channels, tiles: form.tiles(plane.output),
      side: form.outputs, spacing: form.outputs, step: .one, origin: .zero)
    // Odd numbers of cache lines, as the rows of a position, and all positions of a row, are visited
    // together.
    rowStride = (channels / 16 | 1) * 16
    positionStride = (squares.count * rowStride / 16 | 1) * 16
    storage = TensorStorage(count: form.positions * positionStride)
    let (target, rowStride, positionStride) = (storage.pointer, rowStride, positionStride)
    let transform = kernels.transforms[form]!.upstream
    ComputeThreads.split(squares.count, grain: 16) { tiles in
      let zeros = Scratch(zeros: channels)
      defer { zeros.end() }
      let outside = UnsafePointer(zeros.pointer)
      TilePointers.with { pointers in
        squares.forEach(tiles) { tile, square in
          squares.forEachPixel(of: square) { pointers.from[$0] = $1.map { upstream + $0 } ?? outside }
          pointers.write(target + tile &* rowStride, stride: positionStride, count: form.positions)
          pointers.apply(transform, channels: channels)
        }
      }
    }
  }

  /// Where a prefetch may look.
  var pointer: UnsafePointer<Float> { UnsafePointer(storage.pointer) }

  /// The channels of a tile.
  @inline(__always)
  func row(_ position: Int, _ tile: Int) -> UnsafePointer<Float> {
    UnsafePointer(storage.pointer + (position &* positionStride &+ tile &* rowStride))
  }
}
