/// The weight gradient of a layer with more channels than pixels: of some input channels, all taps and output
/// channels.
///
/// There the gradient is larger than its factors, so it is the input that is transposed, and sums are written
/// where they belong: row `o` of the upstream gradient, read in place, times patches `[pixels, input
/// channels, taps]`.
struct DeepWeightGradient {
  let plane: ConvolutionPlane
  let inputChannels: Range<Int>
  let kernels: KernelTable

  /// Whether this form suits: taps and channels are transposed in blocks of 8 × 8.
  static func suits(_ plane: ConvolutionPlane) -> Bool {
    plane.taps % 8 == 0 && plane.inputChannels % 8 == 0
      && plane.forwardPatches.rows <= plane.outputChannels
  }

  /// Input channels that give about 256 columns, in whole blocks.
  static func channelBlock(_ plane: ConvolutionPlane) -> Int {
    min(max(256 / plane.taps / 8 * 8, 8), plane.inputChannels)
  }

  private var columns: Int { inputChannels.count * plane.taps }
  private var width: Int { 2 * kernels.lanes }

  func run(_ terms: [WeightGradientOperands], result: UnsafeMutablePointer<Float>) {
    let pixels = plane.forwardPatches.rows
    let depthBlock = min(KernelTable.depthBlock, pixels)
    let panels = Scratch(count: columns * depthBlock)
    defer { panels.end() }
    let target = result + inputChannels.lowerBound * plane.taps
    withRowOffsets(0..<plane.outputChannels, distance: plane.inputChannels * plane.taps) { offsets in
      let pointerCount = depthBlock + KernelTable.pointersAhead
      withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: pointerCount) { rows in
        rows.initialize(repeating: terms[0].upstream)
        var isContinued = false
        for term in terms {
          for from in stride(from: 0, to: pixels, by: depthBlock) {
            let block = from..<min(from + depthBlock, pixels)
            for pixel in block { rows[pixel - from] = term.upstream + pixel * plane.outputChannels }
            pack(term.input, pixels: block, to: panels.pointer)
            for column in stride(from: 0, to: columns, by: width) {
              kernels.indirectColumns(
                plane.outputChannels, block.count, UnsafePointer(rows.baseAddress.unsafelyUnwrapped),
                panels.pointer + column * block.count, width, target + column, offsets, width, isContinued)
            }
            isContinued = true
          }
        }
      }
    }
  }

  /// Panels `[pixels, width]` of the patches, input channels before taps.
  private func pack(
    _ input: UnsafePointer<Float>, pixels: Range<Int>, to panels: UnsafeMutablePointer<Float>
  ) {
    let patches = plane.forwardPatches
    let source = patches.source
    let channels = patches.channels
    let taps = plane.taps
    let zeros = Scratch(zeros: inputChannels.count)
    defer { zeros.end() }
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: taps) { tapPixels in
      let tapPixels = tapPixels.baseAddress.unsafelyUnwrapped
      patches.forEachRow(pixels) { row, image, z, y, x in
        var tap = tapPixels
        for tz in z..<z &+ patches.taps.z {
          for ty in y..<y &+ patches.taps.y {
            let isLineInside =
              UInt(bitPattern: tz) < UInt(bitPattern: source.z)
              && UInt(bitPattern: ty) < UInt(bitPattern: source.y)
            let line = ((image &* source.z &+ tz) &* source.y &+ ty) &* source.x
            for tx in x..<x &+ patches.taps.x {
              let isInside = isLineInside && UInt(bitPattern: tx) < UInt(bitPattern: source.x)
              tap.initialize(
                to: isInside
                  ? input + ((line &+ tx) &* channels &+ inputChannels.lowerBound)
                  : UnsafePointer(zeros.pointer))
              tap += 1
            }
          }
        }
        let target = panels + (row &- pixels.lowerBound) &* width
        var channel = 0
        while channel < inputChannels.count {
          var first = 0
          while first < taps {
            transpose8x8(
              to: { index in
                let column = (channel &+ index) &* taps &+ first
                let inPanel = column & (width &- 1)
                return target + ((column &- inPanel) &* pixels.count &+ inPanel)
              },
              from: { tapPixels[first &+ $0] + channel })
            first &+= 8
          }
          channel &+= 8
        }
      }
    }
  }
}
