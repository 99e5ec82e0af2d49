/// The colours of one vessel: clay and paint. In grey images their lightness remains.
struct VesselFinish: Sendable {
  /// Red, green, blue in [0, 1].
  let clay: SIMD3<Float>
  let paint: SIMD3<Float>
  /// Of clay and paint in a grey image.
  let clayLightness: Float
  let paintLightness: Float

  /// What lies behind the vessel in a colour image; a grey one has black.
  static let background = SIMD3<Float>(0.055, 0.05, 0.055)

  private static let clays: [SIMD3<Float>] = [
    SIMD3(0.84, 0.44, 0.27),  // terracotta
    SIMD3(0.93, 0.72, 0.50),  // buff
    SIMD3(0.72, 0.31, 0.20),  // red slip
    SIMD3(0.88, 0.58, 0.36),  // orange
  ]
  private static let paints: [SIMD3<Float>] = [
    SIMD3(0.17, 0.12, 0.11),  // black gloss
    SIMD3(0.36, 0.16, 0.11),  // dark red
    SIMD3(0.97, 0.90, 0.76),  // white ground
  ]

  init(_ noise: inout SampleNoise) {
    let first = Self.clays[noise.integer(below: Self.clays.count)]
    let second = Self.clays[noise.integer(below: Self.clays.count)]
    clay = first + (second - first) * noise.uniform(0...0.5)
    let paintIndex = noise.integer(below: Self.paints.count)
    paint = Self.paints[paintIndex]
    clayLightness = noise.uniform(0.82...1)
    paintLightness = paintIndex == 2 ? 0.62 : 0.34 + 0.1 * Float(paintIndex)
  }
}
