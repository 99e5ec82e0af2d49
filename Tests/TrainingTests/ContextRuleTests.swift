import Models
import TensorCore
import Testing

@Suite("Contexts of samples")
struct ContextRuleTests {
  /// Samples without zeros, so that what is hidden differs from all that is known.
  private static func samples(_ count: Int, axes: Int, side: Int = 16, channels: Int = 3) -> Tensor {
    let shape = Shape([count] + Array(repeating: side, count: axes) + [channels])
    return KeyedNoise(seed: 3, purpose: .contexts, turn: 99).uniform(shape).adding(0.25)
  }

  private static func noise(_ count: Int, turn: Int = 0) -> Tensor {
    KeyedNoise(seed: 5, purpose: .contexts, turn: turn).uniform([count, ContextRule.noiseCount])
  }

  /// The places of one sample's context: planes, rows, columns, and whether each is known.
  private static func places(_ context: Tensor, axes: Int) -> [(place: [Int], isKnown: Bool)] {
    let (side, width) = (context.shape[1], context.shape.channels)
    let values = context.scalars
    return (0..<context.count / width).map { index in
      let place =
        axes == 3 ? [index / side / side, index / side % side, index % side] : [index / side, index % side]
      return (place, values[index * width + width - 1] == 1)
    }
  }

  @Test(
    "values are the sample's to the bit where the mask is 1, and 0 where it is 0",
    arguments: [ContextRule.Kind.box, .piece], [2, 3])
  func valuesAndMask(kind: ContextRule.Kind, axes: Int) {
    let samples = Self.samples(4, axes: axes)
    let contexts = ContextRule(kind, hidden: 0.4)(samples, noise: Self.noise(4))
    #expect(contexts.shape.extents == samples.shape.extents.dropLast() + [4])
    let (values, sources) = (contexts.scalars, samples.scalars)
    for place in 0..<samples.count / 3 {
      let mask = values[4 * place + 3]
      #expect(mask == 0 || mask == 1)
      for channel in 0..<3 {
        #expect(values[4 * place + channel] == (mask == 1 ? sources[3 * place + channel] : 0))
      }
    }
  }

  @Test(
    "a box has the side that comes nearest to its share, and lies anywhere",
    arguments: [
      (2, 0.25, 8), (2, 0.5, 11), (2, 0.999, 15), (2, 0.0001, 1), (3, 0.5, 13), (3, 0.125, 8),
    ] as [(Int, Float, Int)])
  func box(axes: Int, hidden: Float, side: Int) {
    let count = 300
    let contexts = ContextRule(.box, hidden: hidden)(
      Self.samples(count, axes: axes, channels: 1), noise: Self.noise(count))
    var starts: [Set<Int>] = Array(repeating: [], count: axes)
    for sample in 0..<count {
      let hidden = Self.places(contexts.rows(sample..<sample + 1), axes: axes).filter { !$0.isKnown }
      #expect(hidden.count == (0..<axes).reduce(1) { product, _ in product * side })
      for axis in 0..<axes {
        let numbers = Set(hidden.map { $0.place[axis] })
        #expect(numbers.count == side && numbers.max()! - numbers.min()! == side - 1)
        starts[axis].insert(numbers.min()!)
      }
    }
    for starts in starts { #expect(starts == Set(0...16 - side)) }
  }

  @Test(
    "a piece ends at a plane, of any direction, and what is hidden has about its share",
    arguments: [2, 3], [0.2, 0.5, 0.8] as [Float])
  func piece(axes: Int, hidden: Float) {
    let count = 60
    let noise = Self.noise(count)
    let contexts = ContextRule(.piece, hidden: hidden)(
      Self.samples(count, axes: axes, channels: 1), noise: noise)
    var shares: [Float] = []
    var signs: Set<[Bool]> = []
    for sample in 0..<count {
      let numbers = noise.rows(sample..<sample + 1).scalars.map(Double.init)
      // Columns first, as noise is read.
      let direction = (0..<axes).map { axis in numbers[4 * axis..<4 * axis + 4].reduce(-2, +) }
      let places = Self.places(contexts.rows(sample..<sample + 1), axes: axes).map { place, isKnown in
        (zip(place.reversed(), direction).reduce(0) { $0 + Double($1.0) * $1.1 }, isKnown)
      }
      let known = places.filter(\.1).map(\.0)
      let unknown = places.filter { !$0.1 }.map(\.0)
      #expect(known.max()! < unknown.min()!, "a plane divides them")
      shares.append(Float(unknown.count) / Float(places.count))
      signs.insert(direction.map { $0 > 0 })
    }
    #expect(abs(shares.reduce(0, +) / Float(count) - hidden) < 0.02, "\(shares.reduce(0, +))")
    #expect(shares.allSatisfy { abs($0 - hidden) < 0.1 }, "\(shares.min()!) to \(shares.max()!)")
    #expect(signs.count == 1 << axes)
  }

  @Test("a coarse context has the mean of each block at its places, and a mask of zeros", arguments: [2, 3])
  func coarse(axes: Int) {
    let (samples, factor) = (Self.samples(2, axes: axes, side: 8, channels: 2), 4)
    let context = ContextRule(.coarse, factor: factor)(samples, noise: Self.noise(2)).scalars
    let sources = samples.scalars
    let places = Self.places(samples.rows(0..<1), axes: axes).map(\.place)
    for sample in 0..<2 {
      for (index, place) in places.enumerated() {
        let block = places.indices.filter { places[$0].map { $0 / factor } == place.map { $0 / factor } }
        for channel in 0..<2 {
          let sum = block.reduce(0.0) { $0 + Double(sources[((sample * places.count) + $1) * 2 + channel]) }
          let value = context[(sample * places.count + index) * 3 + channel]
          #expect(value == Float(sum / Double(block.count)))
        }
        #expect(context[(sample * places.count + index) * 3 + 2] == 0)
      }
    }
  }

  @Test("a grey context has the mean of the channels in each, and a mask of zeros")
  func grey() {
    let samples = Self.samples(2, axes: 2)
    let context = ContextRule(.grey)(samples, noise: Self.noise(2)).scalars
    let sources = samples.scalars
    for place in 0..<samples.count / 3 {
      let mean = sources[3 * place..<3 * place + 3].reduce(0, +) / 3
      #expect(context[4 * place..<4 * place + 3].allSatisfy { abs($0 - mean) < 1e-6 })
      #expect(Set(context[4 * place..<4 * place + 3]).count == 1 && context[4 * place + 3] == 0)
    }
  }

  @Test(
    "a cut is a function of a sample and its own noise, wherever it stands",
    arguments: ContextRule.Kind.allCases)
  func samplesAlone(kind: ContextRule.Kind) {
    let rule = ContextRule(kind)
    let (made, noise) = (Self.samples(10, axes: 2), Self.noise(5))
    let samples = made.rows(0..<5 * rule.cutShape(making: [16, 16, 3]).count / 768)
      .reshaped(Shape([5] + rule.cutShape(making: [16, 16, 3]).extents))
    let contexts = rule(samples, noise: noise)
    for sample in 0..<5 {
      let rows = sample..<sample + 1
      #expect(rule(samples.rows(rows), noise: noise.rows(rows)).scalars == contexts.rows(rows).scalars)
    }
    #expect((rule(samples, noise: Self.noise(5, turn: 1)).scalars != contexts.scalars) == rule.keepsKnown)
  }

  @Test("of a pair one half is shown, without values that are known, and the other is the original")
  func pair() {
    // Two pairs of 2 x 2, in the tens their rows, in the ones their columns.
    let values = [0, 100].flatMap { (sample: Float) in
      [0, 10].flatMap { row in (0..<4).map { sample + row + Float($0) } }
    }
    let samples = Tensor(values, shape: [2, 2, 4, 1])
    let (left, right): ([Float], [Float]) = (
      [0, 1, 10, 11, 100, 101, 110, 111], [2, 3, 12, 13, 102, 103, 112, 113]
    )
    for (half, shown, original) in [(PairHalf.left, left, right), (.right, right, left)] {
      let rule = ContextRule(.pair, shown: half)
      let context = rule(samples, noise: Self.noise(2))
      #expect(context.shape == [2, 2, 2, 2] && context.scalars == shown.flatMap { [$0, 0] })
      let originals = rule.originals(of: samples)
      #expect(originals.shape == [2, 2, 2, 1] && originals.scalars == original)
      #expect(rule.cutShape(making: [2, 2, 1]) == [2, 4, 1] && !rule.keepsKnown)
    }
    #expect(ContextRule(.box).originals(of: samples).scalars == values)
  }

  @Test("places of planes are computed exactly: what is hidden is recorded")
  func bits() {
    func hidden(_ rule: ContextRule, axes: Int) -> [Int] {
      let contexts = rule(Self.samples(4, axes: axes), noise: Self.noise(4))
      return (0..<4).map { sample in
        // A number of the hidden places in order.
        Self.places(contexts.rows(sample..<sample + 1), axes: axes).enumerated().reduce(0) {
          $1.element.isKnown ? $0 : ($0 &* 31 &+ $1.offset) % 1_000_003
        }
      }
    }
    #expect(hidden(ContextRule(.box), axes: 3) == [349_021, 782_869, 122_956, 126_003])
    #expect(hidden(ContextRule(.piece, hidden: 0.3), axes: 2) == [112_764, 278_082, 371_730, 922_775])
    #expect(hidden(ContextRule(.piece), axes: 3) == [227_308, 837_130, 957_742, 745_760])
  }
}
