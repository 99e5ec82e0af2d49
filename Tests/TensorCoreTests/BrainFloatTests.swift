import TensorCore
import Testing

@Suite("Numbers of 16 bits with the exponent of Float")
struct BrainFloatTests {
  /// The nearest number by arithmetic: with `unit` the distance of its neighbours, ties to even.
  private func nearest(_ value: Float) -> Float {
    guard value.isFinite, value != 0 else { return value }
    let exponent = max(value.exponent, Float.leastNormalMagnitude.exponent)
    let unit = Double(sign: .plus, exponent: Int(exponent) - 7, significand: 1)
    return Float((Double(value) / unit).rounded(.toNearestOrEven) * unit)
  }

  private static let values: [Float] =
    [
      0, -0, 1, -1, 1.00390625, 1.01171875, 1 + 0x1p-9, .infinity, -.infinity, .leastNonzeroMagnitude,
      0x1p-133, 0x1.8p-133, .leastNormalMagnitude, .greatestFiniteMagnitude / 2, 3.14159265, -2.71828182,
    ]
    + KeyedNoise(seed: 1, purpose: .synthetic, turn: 0).normal([1000]).scalars.map { $0 * 1e-3 }

  @Test("are the nearest ones, ties to even", arguments: [0, 1, 15, 16, 17, 1016])
  func rounding(count: Int) {
    let values = Array(Self.values.prefix(count))
    var rounded = values
    rounded.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      BrainFloat.round(start, count: count)
    }
    #expect(rounded.map(\.bitPattern) == values.map { nearest($0).bitPattern })
  }

  @Test("are packed and unpacked in place", arguments: [1, 15, 16, 17, 1016])
  func inPlace(count: Int) {
    var values = Array(Self.values.prefix(count))
    let expected = values.map { nearest($0).bitPattern }
    values.withUnsafeMutableBufferPointer { buffer in
      let start = buffer.baseAddress!
      BrainFloat.pack(start, into: start, count: count)
      let packed = UnsafeRawPointer(start).assumingMemoryBound(to: UInt16.self)
      #expect((0..<count).allSatisfy { UInt32(packed[$0]) << 16 == expected[$0] })
      BrainFloat.unpack(start, into: start, count: count)
    }
    #expect(values.map(\.bitPattern) == expected)
  }

  @Test("a NaN stays one, whatever its bits")
  func notANumber() {
    var values = [0x7f80_0001, 0xffff_ffff, 0x7fff_ffff, 0xff80_0001].map { Float(bitPattern: $0) }
    let count = values.count
    values.withUnsafeMutableBufferPointer { BrainFloat.round($0.baseAddress!, count: count) }
    let areStill = values.allSatisfy { $0.isNaN }
    #expect(areStill)
  }
}
