/// Finds the input elements under some output pixels of a weight gradient.
struct PixelBlock {
  /// The position of the first tap of a pixel's patch, and its offset in the input as if it were inside.
  private struct Pixel {
    let z: Int
    let y: Int
    let x: Int
    let offset: Int
  }

  private let patches: Patches
  private let input: UnsafePointer<Float>
  /// A row of zeros, then a row for each pixel whose elements are partly outside of the input.
  private let beside: TensorStorage
  private let pixels: UnsafeMutableBufferPointer<Pixel>
  private let elements: UnsafeMutableBufferPointer<UnsafePointer<Float>>
  private var count = 0

  private static let rowCapacity = WeightGradientBlock.segmentRows

  /// Calls `body` with room for ``KernelTable/depthBlock`` pixels.
  static func with(_ patches: Patches, _ input: UnsafePointer<Float>, _ body: (inout PixelBlock) -> Void) {
    let depth = KernelTable.depthBlock
    let beside = TensorStorage(count: (depth + 1) * rowCapacity)
    clear(beside.pointer, rowCapacity)
    withUnsafeTemporaryAllocation(of: Pixel.self, capacity: depth) { pixels in
      withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: depth) { elements in
        var block = PixelBlock(
          patches: patches, input: input, beside: beside, pixels: pixels, elements: elements)
        body(&block)
      }
    }
  }

  mutating func move(to block: Range<Int>) {
    let source = patches.source
    let channels = patches.channels
    let first = pixels.baseAddress.unsafelyUnwrapped
    count = block.count
    patches.forEachRow(block) { row, image, z, y, x in
      let line = ((image &* source.z &+ z) &* source.y &+ y) &* source.x &+ x
      (first + (row &- block.lowerBound)).initialize(
        to: Pixel(z: z, y: y, x: x, offset: line &* channels))
    }
  }

  /// For every pixel the address of `segment.rows` elements: in the input itself, in the row of zeros, or in a
  /// copy beside the input. Valid until the next call.
  func elements(under segment: WeightGradientBlock.Segment) -> UnsafePointer<UnsafePointer<Float>> {
    let channels = patches.channels
    let source = patches.source
    let width = patches.taps.x
    let zeros = UnsafePointer(beside.pointer)
    let start = input + ((segment.z &* source.y &+ segment.y) &* source.x &* channels &+ segment.offset)
    let upper = segment.offset &+ segment.rows
    var free = beside.pointer + Self.rowCapacity
    var pixel = UnsafePointer(pixels.baseAddress.unsafelyUnwrapped)
    let end = pixel + count
    let result = elements.baseAddress.unsafelyUnwrapped
    var element = result
    while pixel < end {
      let x = pixel.pointee.x
      let low = x >= 0 ? 0 : min(0 &- x, width) &* channels
      let high = max(min(source.x &- x, width), 0) &* channels
      if UInt(bitPattern: pixel.pointee.z &+ segment.z) >= UInt(bitPattern: source.z)
        || UInt(bitPattern: pixel.pointee.y &+ segment.y) >= UInt(bitPattern: source.y) || upper <= low
        || segment.offset >= high
      {
        element.initialize(to: zeros)
      } else if segment.offset >= low, upper <= high {
        element.initialize(to: start + pixel.pointee.offset)
      } else {
        let from = max(low &- segment.offset, 0)
        let to = min(high, upper) &- segment.offset
        clear(free, from)
        copyFloats(start + (pixel.pointee.offset &+ from), to: free + from, to &- from)
        clear(free + to, segment.rows &- to)
        element.initialize(to: UnsafePointer(free))
        free += Self.rowCapacity
      }
      pixel += 1
      element += 1
    }
    return UnsafePointer(result)
  }
}
