extension Array {
  /// Planes of one channel after another as pixels, channels innermost.
  /// - Precondition: the planes are whole.
  func interleaved(channels: Int) -> [Element] {
    let area = count / channels
    precondition(count == area * channels, "\(count) values of \(channels) planes")
    return [Element](unsafeUninitializedCapacity: count) { result, initialized in
      for pixel in 0..<area {
        for channel in 0..<channels {
          result.initializeElement(at: channels &* pixel &+ channel, to: self[channel &* area &+ pixel])
        }
      }
      initialized = count
    }
  }
}
