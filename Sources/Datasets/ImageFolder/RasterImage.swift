/// A decoded image: `height * width * channels` bytes, HWC, grey (1) or RGB (3).
package struct RasterImage: Sendable {
  package let height: Int
  package let width: Int
  package let channels: Int
  package let pixels: [UInt8]

  /// The same image in grey or RGB. Luma has the weights of ITU-R BT.601 (0.299, 0.587, 0.114), in integers.
  func converted(toChannels wanted: Int) -> RasterImage {
    guard wanted != channels else { return self }
    let count = height * width
    let converted = [UInt8](unsafeUninitializedCapacity: count * wanted) { result, initialized in
      for index in 0..<count {
        if wanted == 3 {
          for channel in 0..<3 { result[3 &* index &+ channel] = pixels[index] }
        } else {
          let red = 19_595 &* UInt32(pixels[3 &* index])
          let green = 38_470 &* UInt32(pixels[3 &* index &+ 1])
          let blue = 7_471 &* UInt32(pixels[3 &* index &+ 2])
          result[index] = UInt8(truncatingIfNeeded: (red &+ green &+ blue &+ 0x8000) >> 16)
        }
      }
      initialized = count * wanted
    }
    return RasterImage(height: height, width: width, channels: wanted, pixels: converted)
  }
}
