import Autograd
import Foundation
import Models
import TensorCore
import Testing
import Training

@Suite("Augmentation of what the discriminator sees")
struct AugmentationTests {
  private static let all = Set(Augmentation.Transform.allCases)
  private static let count = 4096
  private static let uniform = KeyedNoise(seed: 1, purpose: .augmentation, turn: 0)
    .uniform([count, Augmentation.numbersPerSample])

  private static func changes(
    _ kind: Augmentation.Kind, _ transforms: Set<Augmentation.Transform> = all, probability: Float = 1,
    side: Int = 32
  ) -> Augmentation.Changes {
    Augmentation(kind, transforms, probability: probability)
      .changes(of: uniform, probability: probability, height: side, width: side)
  }

  /// The moments of a sample.
  private static func moments(_ values: [Float]) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (mean, (squares / Double(values.count)).squareRoot())
  }

  @Test("DiffAugment's colours have the paper's ranges and order, about the image's mean")
  func diffAugmentColours() {
    let brightness = Self.changes(.diffaugment, [.brightness]).colours.map(\.offset)
    #expect(brightness.allSatisfy { abs($0) < 0.5 } && abs(Self.moments(brightness).mean) < 0.02)
    #expect(abs(Self.moments(brightness).deviation - 1 / 12.0.squareRoot()) < 0.01)
    let saturation = Self.changes(.diffaugment, [.saturation]).colours
    #expect(saturation.allSatisfy { (0...2).contains($0.own) && $0.own + $0.pixelMean == 1 })
    let contrast = Self.changes(.diffaugment, [.contrast]).colours
    #expect(contrast.allSatisfy { (0.5...1.5).contains($0.own) && $0.imageMean == 1 - $0.own })
    // Together: ((x + b - m) s + m - M) c + M, with the means m of the pixel and M of the image after
    // brightness.
    let image = KeyedNoise(seed: 2, purpose: .synthetic, turn: 0).normal([1, 3, 3, 3])
    let change = Self.changes(.diffaugment).colours[0]
    let (b, s, c) = (brightness[0], saturation[0].own, contrast[0].own)
    let x = image.scalars.map { $0 + b }
    let mean = x.reduce(0, +) / 27
    let expected = (0..<27).map { index in
      let pixel = (x[index / 3 * 3] + x[index / 3 * 3 + 1] + x[index / 3 * 3 + 2]) / 3
      return ((x[index] - pixel) * s + pixel - mean) * c + mean
    }
    for (a, b) in zip(image.recoloured([change]).scalars, expected) { #expect(abs(a - b) < 1e-5) }
  }

  @Test("ADA's colours are x + b, times c, then the distance from grey times s, with the paper's deviations")
  func adaptiveColours() {
    let brightness = Self.changes(.ada, [.brightness]).colours.map(\.offset)
    #expect(abs(Self.moments(brightness).mean) < 0.02 && abs(Self.moments(brightness).deviation - 0.2) < 0.01)
    for (transform, deviation) in [(Augmentation.Transform.contrast, 0.5), (.saturation, 1)] {
      let powers = Self.changes(.ada, [transform]).colours.map { Float(log2(Double($0.own))) }
      #expect(abs(Self.moments(powers).mean) < 0.05)
      #expect(abs(Self.moments(powers).deviation - deviation) < 0.03 * deviation)
    }
    let image = KeyedNoise(seed: 2, purpose: .synthetic, turn: 0).normal([1, 3, 3, 3])
    let change = Self.changes(.ada).colours[0]
    let c = Self.changes(.ada, [.contrast]).colours[0].own
    let s = Self.changes(.ada, [.saturation]).colours[0].own
    let x = image.scalars.map { ($0 + brightness[0]) * c }
    let expected = (0..<27).map { index in
      let pixel = (x[index / 3 * 3] + x[index / 3 * 3 + 1] + x[index / 3 * 3 + 2]) / 3
      return (x[index] - pixel) * s + pixel
    }
    for (a, b) in zip(image.recoloured([change]).scalars, expected) { #expect(abs(a - b) < 1e-4) }
  }

  @Test("translations reach an eighth of the side each way, all as often as the paper says")
  func translation() {
    for kind in [Augmentation.Kind.diffaugment, .ada] {
      var counts: [Int: Int] = [:]
      for placement in Self.changes(kind, [.translation]).placements {
        counts[placement.down, default: 0] += 1
        counts[placement.right, default: 0] += 1
      }
      #expect(counts.keys.sorted() == Array(-4...4))
      // ADA rounds a number of [-4, 4], so the outermost are half as frequent.
      for (shift, found) in counts {
        let share = kind == .diffaugment ? 1.0 / 9 : abs(shift) == 4 ? 1.0 / 16 : 1.0 / 8
        #expect(abs(Double(found) / Double(2 * Self.count) - share) < 0.015, "\(kind) \(shift)")
      }
    }
  }

  @Test("flips and quarter turns are equally likely where they are switched on")
  func turns() {
    let placements = Self.changes(.ada, [.flip, .rotation]).placements
    #expect(abs(Double(placements.count { $0.isMirrored }) / Double(Self.count) - 0.5) < 0.03)
    for turns in 0..<4 {
      #expect(abs(Double(placements.count { $0.quarterTurns == turns }) / Double(Self.count) - 0.25) < 0.03)
    }
  }

  @Test("a cutout covers half of each side around its centre, as the papers' masks do", arguments: [32, 15])
  func cutout(side: Int) {
    for kind in [Augmentation.Kind.diffaugment, .ada] {
      let boxes = Self.changes(kind, [.cutout], side: side).boxes
      for (sample, box) in boxes.prefix(500).enumerated() {
        for (place, range) in [(12, box.columns), (13, box.rows)] {
          let u = Self.uniform.scalars[sample * Augmentation.numbersPerSample + place]
          let expected: [Int]
          if kind == .ada {
            // |(i + ½)/side - centre| < ¼ (augment.py of StyleGAN2-ADA).
            expected = (0..<side).filter {
              abs((Double($0) + 0.5) / Double(side) - Double(u)) < 0.25
            }
          } else {
            // clamp(i + offset - size/2) of DiffAugment_pytorch.py.
            let size = Int(Double(side) * 0.5 + 0.5)
            let offset = Int(Double(u) * Double(side + 1 - size % 2))
            expected = Set((0..<size).map { min(max($0 + offset - size / 2, 0), side - 1) }).sorted()
          }
          #expect(Array(range) == expected, "\(kind) \(u)")
        }
      }
    }
  }

  @Test("each transformation is switched on with the probability, independently of the others")
  func probability() {
    let changes = Self.changes(.ada, probability: 0.3)
    func share(_ isChanged: (Int) -> Bool) -> Double {
      Double((0..<Self.count).count(where: isChanged)) / Double(Self.count)
    }
    let isCut = { (sample: Int) in changes.boxes[sample] != .none }
    let isRecoloured = { (sample: Int) in changes.colours[sample].offset != 0 }
    #expect(abs(share { changes.placements[$0].isMirrored } - 0.15) < 0.02)
    #expect(abs(share(isCut) - 0.3) < 0.03)
    #expect(abs(share(isRecoloured) - 0.3) < 0.03)
    #expect(abs(share { isCut($0) && isRecoloured($0) } - 0.09) < 0.02)
    let none = Self.changes(.diffaugment, probability: 0)
    #expect(none.placements.allSatisfy { $0 == PixelPlacement() } && none.boxes.allSatisfy { $0 == .none })
    #expect(none.colours.allSatisfy { $0 == ColourChange() })
  }

  @Test("a sample's numbers follow from its place in the global batch, whichever micro-batch holds it")
  func places() {
    func numbers(_ index: Int, count: Int, _ purpose: KeyedNoise.Purpose, round: Int = 3) -> [Float] {
      MicroBatch(
        index: index, draw: MicroBatch.Draw(step: round),
        images: Tensor(repeating: 0, shape: [count, 8, 8, 1]), labels: [], seed: 9
      ).noise(for: purpose, length: Augmentation.numbersPerSample).scalars
    }
    #expect(
      numbers(0, count: 4, .augmentation)
        == numbers(0, count: 2, .augmentation) + numbers(1, count: 2, .augmentation))
    let uses: [KeyedNoise.Purpose] = [
      .augmentation, .augmentationOfFakes, .augmentationOfGenerated, .augmentationOfPoints,
    ]
    var drawn = uses.map { numbers(0, count: 4, $0) }
    drawn.append(numbers(0, count: 4, .augmentation, round: 4))
    #expect(Set(drawn).count == 5)
    #expect(drawn.joined().allSatisfy { $0 > 0 && $0 < 1 })
  }
}
