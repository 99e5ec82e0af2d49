/// Finds the input elements under some output pixels of a weight gradient.
struct PixelBlock {
  /// The position of the first tap of a pixel's patch, and its offset in the input as if it were inside.
  private struct Pixel {
    let z: Int
    let y: Int
    let x: Int
    let offset: Int
    /// The part of a kernel row that lies within the input.
    let low: Int
    let high: Int
  }

  private let patches: Patches
  private let input: UnsafePointer<Float>
  /// A row of zeros, then a row for each pixel whose elements are partly outside of the input.
  private let beside: Scratch
  private let pixels: UnsafeMutableBufferPointer<Pixel>
  private let elements: UnsafeMutableBufferPointer<UnsafePointer<Float>>
  private var count = 0

  private static let rowCapacity = WeightGradientBlock.segmentRows

  /// Calls `body` with room for ``KernelTable/depthBlock`` pixels.
  static func with(_ patches: Patches, _ input: UnsafePointer<Float>, _ body: (inout PixelBlock) -> Void) {
    let depth = KernelTable.depthBlock
    let beside = Scratch(count: (depth + 1) * rowCapacity)
    defer { beside.end() }
    clear(beside.pointer, rowCapacity)
    withUnsafeTemporaryAllocation(of: Pixel.self, capacity: depth) { pixels in
      let capacity = depth + KernelTable.pointersAhead
      withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: capacity) { elements in
        elements.initialize(repeating: UnsafePointer(beside.pointer))
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
      let low = x >= 0 ? 0 : min(0 &- x, patches.taps.x) &* channels
      let high = max(min(source.x &- x, patches.taps.x), 0) &* channels
      (first + (row &- block.lowerBound)).initialize(
        to: Pixel(z: z, y: y, x: x, offset: line &* channels, low: low, high: high))
    }
  }

  /// For every pixel the address of `segment.rows` elements: in the input itself, in the row of zeros, or in
  /// a copy beside the input. Valid until the next call.
  func elements(under segment: WeightGradientBlock.Segment) -> UnsafePointer<UnsafePointer<Float>> {
    segment.isWithinTap ? elements(underTap: segment) : elements(underRow: segment)
  }

  /// A tap is either inside the input or outside of it.
  private func elements(
    underTap segment: WeightGradientBlock.Segment
  ) -> UnsafePointer<UnsafePointer<Float>> {
    let source = patches.source
    let zeros = UnsafePointer(beside.pointer)
    let start =
      input + ((segment.z &* source.y &+ segment.y) &* source.x &* patches.channels &+ segment.offset)
    let tap = segment.offset / patches.channels
    let pixel = UnsafePointer(pixels.baseAddress.unsafelyUnwrapped)
    let result = elements.baseAddress.unsafelyUnwrapped
    var index = 0
    while index < count {
      let isInside =
        UInt(bitPattern: pixel[index].z &+ segment.z) < UInt(bitPattern: source.z)
        && UInt(bitPattern: pixel[index].y &+ segment.y) < UInt(bitPattern: source.y)
        && UInt(bitPattern: pixel[index].x &+ tap) < UInt(bitPattern: source.x)
      result[index] = isInside ? start + pixel[index].offset : zeros
      index &+= 1
    }
    return UnsafePointer(result)
  }

  /// A row of taps may begin before the input and end behind it.
  private func elements(
    underRow segment: WeightGradientBlock.Segment
  ) -> UnsafePointer<UnsafePointer<Float>> {
    let source = patches.source
    let zeros = UnsafePointer(beside.pointer)
    let start =
      input + ((segment.z &* source.y &+ segment.y) &* source.x &* patches.channels &+ segment.offset)
    let lower = segment.offset
    let upper = segment.offset &+ segment.rows
    var free = beside.pointer + Self.rowCapacity
    let pixel = UnsafePointer(pixels.baseAddress.unsafelyUnwrapped)
    let result = elements.baseAddress.unsafelyUnwrapped
    var index = 0
    while index < count {
      let (low, high) = (pixel[index].low, pixel[index].high)
      if UInt(bitPattern: pixel[index].z &+ segment.z) >= UInt(bitPattern: source.z)
        || UInt(bitPattern: pixel[index].y &+ segment.y) >= UInt(bitPattern: source.y) || upper <= low
        || lower >= high
      {
        result[index] = zeros
      } else if low <= lower, upper <= high {
        result[index] = start + pixel[index].offset
      } else {
        let from = max(low &- lower, 0)
        let to = min(high, upper) &- lower
        clear(free, from)
        copyFloats(start + (pixel[index].offset &+ from), to: free + from, to &- from)
        clear(free + to, segment.rows &- to)
        result[index] = UnsafePointer(free)
        free += Self.rowCapacity
      }
      index &+= 1
    }
    return UnsafePointer(result)
  }
}
