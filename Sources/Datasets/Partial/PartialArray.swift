import TensorCore

/// An array of NumPy of which NaN is unknown, as samples of a shape; see ``PartialSamples``.
struct PartialArray {
  private let array: NPYArray
  private let sampleShape: Shape
  private let layout: Layout

  /// - Parameter shapes: those that a sample may have; the first that fits is taken.
  /// - Throws: ``DatasetError`` for an array of another type or of another shape than such samples have.
  init(_ array: NPYArray, _ shapes: [Shape]) throws(DatasetError) {
    let (element, extents, place) = (array.header.element, array.header.extents, array.path.description)
    guard element.isFloat || element == .bool || element == .uint8 else {
      throw DatasetError(
        .unsuitable, "values of type \(element.rawValue)", place, "save floats, NaN where they are unknown")
    }
    let found = shapes.lazy.compactMap { shape in Layout(extents, shape).map { (shape, $0) } }.first
    guard let (sampleShape, layout) = found else {
      let several = (["N"] + shapes[0].extents.map(String.init)).joined(separator: ", ")
      let wanted = shapes.map { "\($0.extents)" }.joined(separator: " or ")
      throw DatasetError(
        .unsuitable, "an array of shape \(extents) for samples of \(wanted)", place,
        "save [\(several)], or one sample without N, or name a model of its size")
    }
    guard layout.count > 0 else {
      throw DatasetError(.badData, "0 samples: shape \(extents)", place, "use another file")
    }
    (self.array, self.sampleShape, self.layout) = (array, sampleShape, layout)
  }

  /// `[N, size…, C + 1]`.
  /// - Parameter remark: told of values that are hardly read as they were meant.
  /// - Throws: ``DatasetError`` for values out of range, and for a sample of which nothing is known.
  func contexts(_ remark: (String) -> Void) throws(DatasetError) -> Tensor {
    let places = sampleShape.rows
    let valuesPerSample = places * layout.channels
    let range = try array.range(
      addingTo: ContentHash(), valuesPerSample: valuesPerSample, of: "samples",
      SampleProblems(areData: false), allowsNaN: true)
    if let doubt = array.remark(on: range) { remark(doubt) }
    var contexts = Contexts(sampleShape)
    for sample in 0..<layout.count {
      let bytes = try array.bytes(sample * valuesPerSample..<(sample + 1) * valuesPerSample)
      let pixels: [Float]
      if array.header.element.isFloat {
        pixels =
          FloatImage(
            height: places, width: 1, channels: layout.channels,
            pixels: layout.interleaved(range.signed(array.floats(bytes)))
          ).converted(toChannels: sampleShape.channels).pixels
      } else {
        pixels = RasterImage(
          height: places, width: 1, channels: layout.channels, pixels: layout.interleaved(range.pixels(bytes))
        ).converted(toChannels: sampleShape.channels).pixels.map { Float($0) / 127.5 - 1 }
      }
      try contexts.add(pixels, place: "\(array.path), sample \(sample)")
    }
    return contexts.tensor
  }
}

/// Which axes of an array are what.
private struct Layout {
  /// The samples.
  let count: Int
  let channels: Int
  private let isPlanar: Bool

  /// Nil for an array that has no samples of that size. What could be several grey samples or one with
  /// channels is the former.
  init?(_ extents: [Int], _ sampleShape: Shape) {
    let sides = sampleShape.extents.dropLast()
    let isChannels = { (extent: Int) in extent == 1 || extent == 3 && sides.count == 2 }
    switch extents.count - sides.count {
    case 0 where extents.elementsEqual(sides):
      (count, channels, isPlanar) = (1, 1, false)
    case 1 where extents.dropFirst().elementsEqual(sides):
      (count, channels, isPlanar) = (extents[0], 1, false)
    case 1 where extents.dropLast().elementsEqual(sides) && isChannels(extents.last!):
      (count, channels, isPlanar) = (1, extents.last!, false)
    case 2 where extents.dropFirst().dropLast().elementsEqual(sides) && isChannels(extents.last!):
      (count, channels, isPlanar) = (extents[0], extents.last!, false)
    case 2 where extents.dropFirst(2).elementsEqual(sides) && isChannels(extents[1]):
      (count, channels, isPlanar) = (extents[0], extents[1], true)
    default:
      return nil
    }
  }

  /// Channels innermost, from the file's order.
  func interleaved<Value>(_ values: [Value]) -> [Value] {
    isPlanar ? values.interleaved(channels: channels) : values
  }
}
