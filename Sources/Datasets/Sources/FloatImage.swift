/// An image of numbers in [-1, 1]: `height * width * channels` of them, HWC, grey (1) or RGB (3).
package struct FloatImage: Sendable {
  package let height: Int
  package let width: Int
  package let channels: Int
  package let pixels: [Float]

  /// The image in grey or RGB; luma as of bytes, ITU-R BT.601.
  func converted(toChannels wanted: Int) -> FloatImage {
    guard wanted != channels else { return self }
    let count = height * width
    let converted = [Float](unsafeUninitializedCapacity: count * wanted) { result, initialized in
      convert(count, toChannels: wanted, result.baseAddress!) { pixels[$0] }
      initialized = count * wanted
    }
    return FloatImage(height: height, width: width, channels: wanted, pixels: converted)
  }
}
