import TensorCore
import Testing

@Suite("Philox and keyed noise")
struct PhiloxTests {
  /// The published vectors of Random123 (`kat_vectors`, philox 4x32 10).
  @Test(
    "ten rounds give the known answers of Random123",
    arguments: [
      ([0, 0, 0, 0, 0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
      (
        [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff],
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
      ),
      (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344, 0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
      ),
    ] as [([UInt32], [UInt32])])
  func knownAnswers(input: [UInt32], answer: [UInt32]) {
    let block = Philox4x32.block(
      counter: SIMD4(input[0], input[1], input[2], input[3]), key: SIMD2(input[4], input[5]))
    #expect((0..<4).map { block[$0] } == answer)
  }

  private func noise(
    seed: UInt64 = 7, _ purpose: KeyedNoise.Purpose = .latents, turn: Int = 3
  ) -> KeyedNoise {
    KeyedNoise(seed: seed, purpose: purpose, turn: turn)
  }

  @Test("however a range is split, each position gets the same number", arguments: [1, 2, 3, 5, 8, 31, 64])
  func splitsAgree(part: Int) {
    let noise = noise()
    for start in [0, 1, 2, 3, 1001] {
      let uniform = noise.uniform([101], from: start).scalars
      let normal = noise.normal([101], from: start).scalars
      for from in stride(from: 0, to: 101, by: part) {
        let count = min(part, 101 - from)
        #expect(
          noise.uniform([count], from: start + from).scalars == Array(uniform[from..<(from + count)]))
        #expect(noise.normal([count], from: start + from).scalars == Array(normal[from..<(from + count)]))
      }
    }
  }

  @Test("a shape only arranges the numbers")
  func shapesArrange() {
    #expect(noise().normal([3, 5, 2]).scalars == noise().normal([30]).scalars)
  }

  @Test("seeds, purposes and turns do not share numbers, also beyond 32 bits")
  func streamsDiffer() {
    let streams = [
      noise(), noise(seed: 8), noise(seed: 7 | 1 << 32), noise(.samples), noise(.interpolation),
      noise(turn: 4),
      noise(turn: 3 | 1 << 32), noise(turn: 3 | 1 << 55),
    ].map { $0.uniform([64]).scalars }
    for (i, first) in streams.enumerated() {
      for second in streams.dropFirst(i + 1) {
        #expect(zip(first, second).filter { $0 == $1 }.isEmpty)
      }
    }
    let far = noise().uniform([4], from: 1 << 34).scalars
    #expect(zip(far, streams[0]).filter { $0 == $1 }.isEmpty, "positions beyond 32 bits are others")
  }

  @Test("purposes keep the numbers they have")
  func purposes() {
    let numbers = KeyedNoise.Purpose.allCases.map(\.rawValue)
    #expect(numbers == Array(1...4) + Array(6...15) + Array(20...29))
  }

  @Test("uniform numbers fill (0, 1) evenly")
  func uniformMoments() {
    let count = 1 << 16
    let values = noise().uniform([count]).scalars.map(Double.init)
    #expect(values.allSatisfy { $0 > 0 && $0 < 1 })
    let mean = values.reduce(0, +) / Double(count)
    let square = values.reduce(0) { $0 + $1 * $1 } / Double(count)
    // Five standard errors: 1/√12 and √(4/45) of one number.
    #expect(abs(mean - 0.5) < 5 * 0.2887 / 256)
    #expect(abs(square - 1 / 3.0) < 5 * 0.2982 / 256)
    for bin in 0..<16 {
      let share = values.filter { Int($0 * 16) == bin }.count
      #expect(abs(share - count / 16) < 5 * 62, "bin \(bin)")
    }
  }

  @Test("a uniform number is below 1 even where all its bits are set")
  func uniformIsBelowOne() {
    // The first block of this stream with a word whose upper 24 bits are all ones; 24 bits and a half would
    // round to 1.
    let noise = KeyedNoise(seed: 0, purpose: .synthetic, turn: 0)
    let index = 1_473_830
    let words = noise.block(index)
    #expect((0..<4).contains { words[$0] >> 8 == 0xff_ffff }, "the extreme word is where it was found")
    #expect(noise.uniform([4], from: 4 * index).scalars.allSatisfy { $0 < 1 })
  }

  @Test("normal numbers have the moments of N(0, 1), and neighbours of a pair are not correlated")
  func normalMoments() {
    let count = 1 << 16
    let values = noise().normal([count]).scalars.map(Double.init)
    func moment(_ power: Int) -> Double {
      values.reduce(0) { sum, x in sum + (0..<power).reduce(1) { product, _ in product * x } } / Double(count)
    }
    // Five standard errors each: √1, √2, √15 and √96 of one number.
    #expect(abs(moment(1)) < 5 * 1 / 256)
    #expect(abs(moment(2) - 1) < 5 * 1.414 / 256)
    #expect(abs(moment(3)) < 5 * 3.873 / 256)
    #expect(abs(moment(4) - 3) < 5 * 9.798 / 256)
    let pairs = stride(from: 0, to: count, by: 2).reduce(0.0) { $0 + values[$1] * values[$1 + 1] }
    #expect(abs(pairs / Double(count / 2)) < 5 / 181.0)
    #expect(values.allSatisfy { $0.isFinite })
  }
}
