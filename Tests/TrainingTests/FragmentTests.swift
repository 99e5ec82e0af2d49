import Autograd
import Models
import Networks
import TensorCore
import Testing
import Training

@Suite("A diffusion model completes fragments in several ways")
struct FragmentTests {
  private static func model(classes: Int = 0, guidance: Float = 1, resampling: Int = 2) -> Diffusion {
    let model = Diffusion(
      Diffusion.Configuration(
        size: 16, channels: 1, features: 4, classes: classes, samplingSteps: 3, guidance: guidance,
        resampling: resampling))
    _ = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 1)
    // Some weights begin with zeros, which would hide all before them.
    for store in [model.networks[0].store, model.networks[0].average!] {
      for parameter in store.parameters where parameter.shape.rank > 1 {
        let values = KeyedNoise(seed: 9, purpose: .synthetic, turn: parameter.range.lowerBound)
          .normal(parameter.shape)
        let fanIn = Float(parameter.shape.count / parameter.shape[0])
        store.set(parameter, to: values.multiplied(by: 1 / fanIn.squareRoot()))
      }
    }
    return model
  }

  /// Images that are known above, each to another line.
  private static func contexts(_ count: Int) -> Tensor {
    Tensor(
      (0..<count * 256).flatMap { place -> [Float] in
        let (image, row) = (place / 256, place % 256 / 16)
        return row < 6 + 2 * image ? [Float(place % 7) / 7 - 0.4, 1] : [0, 0]
      }, shape: [count, 16, 16, 2])
  }

  private static func source(_ count: Int, seed: UInt64 = 5) -> LatentSource {
    LatentSource(completing: contexts(count), by: model(), seed: seed)
  }

  private static func completions(
    _ places: Range<Int>, of count: Int, by model: Diffusion = model(), seed: UInt64 = 5,
    classes: [Int]? = nil
  ) throws -> Tensor {
    let drawn = try source(count, seed: seed).draw(places)
    return model.samples(drawn.latents, completing: drawn.fragments, classes: classes)
  }

  private static func place(_ sample: Int, of samples: Tensor) -> [Float] {
    samples.rows(sample..<sample + 1).scalars
  }

  @Test("what is known stays to the bit, and fragments come in turn")
  func known() throws {
    let samples = try Self.completions(0..<5, of: 2)
    #expect(samples.shape == [5, 16, 16, 1])
    let contexts = Self.contexts(2)
    for sample in 0..<5 {
      let fragment = contexts.rows(sample % 2..<sample % 2 + 1)
      let (values, mask) = (fragment.channels(0..<1).scalars, fragment.channels(1..<2).scalars)
      let made = Self.place(sample, of: samples)
      for place in 0..<256 where mask[place] == 1 {
        #expect(made[place].bitPattern == values[place].bitPattern)
      }
      #expect(made.allSatisfy { abs($0) <= 1 } && Set(made.suffix(96)).count > 10)
    }
  }

  @Test("completions of one fragment differ, and are the same whatever is drawn beside them")
  func places() throws {
    let all = try Self.completions(0..<6, of: 1)
    #expect(Set((0..<6).map { Self.place($0, of: all) }).count == 6)
    #expect(try Self.completions(4..<5, of: 1).scalars == Self.place(4, of: all))
    #expect(try Self.completions(0..<3, of: 1).scalars == all.rows(0..<3).scalars)
    #expect(try Self.completions(0..<3, of: 1, seed: 6).scalars != all.rows(0..<3).scalars)
    // More than are computed at a time.
    let many = try Self.completions(0..<67, of: 2)
    #expect(Self.place(66, of: many) == (try Self.completions(66..<67, of: 2)).scalars)
  }

  @Test("they begin with the noise of the samples of their places, and draw other noise for each pass")
  func noise() throws {
    let model = Self.model()
    let (drawn, plain) = (
      try Self.source(2).draw(3..<6),
      try LatentSource(of: model, seed: 5, purpose: .samples).draw(3..<6)
    )
    #expect(drawn.latents.scalars == plain.latents.scalars)
    #expect(plain.fragments == nil && Self.source(2).count == nil && Self.source(2).fragmentCount == 2)
    let fragments = try #require(drawn.fragments)
    let noises = (1..<5).map { fragments.noise(ofPass: $0).scalars }
    #expect(Set(noises + [drawn.latents.scalars]).count == 5)
    #expect(fragments.noise(ofPass: 1).shape == [3, 16, 16, 1])
    let whole = KeyedNoise(seed: 5, purpose: .completion, turn: 1).normal([6, 256])
    #expect(noises[0] == whole.rows(3..<6).scalars)
  }

  @Test("the model's own number of repetitions is taken, and samples of noise know nothing of it")
  func resampling() throws {
    let models = [1, 2, 5].map { Self.model(resampling: $0) }
    #expect(Set(try models.map { try Self.completions(0..<1, of: 1, by: $0).scalars }).count == 3)
    let latents = KeyedNoise(seed: 3, purpose: .synthetic, turn: 1).normal([2, 256])
    #expect(Set(models.map { $0.samples(latents).scalars }).count == 1)
    var passes = 0
    models[2].noteProgress = { passes += 1 }
    _ = try Self.completions(0..<1, of: 1, by: models[2])
    #expect(passes == 2 * 5 + 1)
  }

  @Test("a completion is of its class, and guided")
  func classes() throws {
    let (plain, guided) = (Self.model(classes: 3), Self.model(classes: 3, guidance: 3))
    let of = { (model: Diffusion, label: Int) in
      try Self.completions(0..<1, of: 1, by: model, classes: [label]).scalars
    }
    #expect(try Set([of(plain, 0), of(plain, 1), of(guided, 0), of(guided, 1)]).count == 4)
  }

  @Test("a picture has a row for each fragment: that, and its completions; mid-grey where there is none")
  func rows() throws {
    let grid = try SampleGrid(count: 5, of: Self.model(), Self.source(2))
    let made = Tensor((0..<5).map { Float($0 + 1) / 8 }, shape: [5, 1, 1, 1]).broadcast(to: [5, 16, 16, 1])
    let (cells, columns) = grid.cells(of: made)
    #expect(columns == 4 && cells.shape == [8, 16, 16, 1])
    let shown = try #require(grid.completion).shown
    let expected = [
      shown.rows(0..<1), made.rows(0..<1), made.rows(2..<3), made.rows(4..<5),
      shown.rows(1..<2), made.rows(1..<2), made.rows(3..<4), Tensor(repeating: 0, shape: [1, 16, 16, 1]),
    ]
    #expect(cells.scalars == expected.flatMap(\.scalars))
    #expect(shown.rows(0..<1).scalars != shown.rows(1..<2).scalars)
    // One completion of each: pairs, as many beside each other as make it square.
    let pairs = try SampleGrid(count: 8, of: Self.model(), Self.source(8))
    #expect(pairs.cells(of: Tensor(repeating: 0, shape: [8, 16, 16, 1])).columns == 4)
  }

  @Test(
    "many completions of a fragment take several rows, each of which begins with it",
    arguments: [(1, 10, 1, 10), (1, 24, 3, 8), (1, 300, 17, 18), (2, 60, 3, 10), (2, 18, 1, 9)])
  func longRows(fragments: Int, count: Int, rows: Int, inRow: Int) throws {
    let grid = try SampleGrid(count: count, of: Self.model(), Self.source(fragments))
    let made = Tensor((0..<count).map { Float($0 + 1) / 512 }, shape: [count, 1, 1, 1])
      .broadcast(to: [count, 16, 16, 1])
    let (cells, columns) = grid.cells(of: made)
    #expect(columns == 1 + inRow && cells.shape[0] == fragments * rows * (1 + inRow))
    let shown = try #require(grid.completion).shown
    for row in 0..<fragments * rows {
      let (fragment, first) = (row / rows, row * (1 + inRow))
      #expect(cells.rows(first..<first + 1).scalars == shown.rows(fragment..<fragment + 1).scalars)
      let sample = fragment + row % rows * inRow * fragments
      #expect(cells.rows(first + 1..<first + 2).scalars == made.rows(sample..<sample + 1).scalars)
    }
    let drawn = (0..<cells.shape[0]).map { cells.rows($0..<$0 + 1).scalars }
    for sample in 0..<count {
      #expect(drawn.count { $0 == made.rows(sample..<sample + 1).scalars } == 1)
    }
  }

  @Test("with classes a row is one class, in which every fragment is completed, as long as there is room")
  func classRows() throws {
    let model = Self.model(classes: 3)
    let grid = try SampleGrid(count: 12, of: model, Self.source(2))
    #expect(grid.classes == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
    #expect(grid.latents.rows(0..<4).scalars == grid.latents.rows(8..<12).scalars)
    let contexts = try #require(grid.completion).contexts
    for sample in 0..<12 {
      #expect(Self.place(sample, of: contexts) == Self.place(sample % 2, of: Self.contexts(2)))
    }
    let made = Tensor((0..<12).map { Float($0 + 1) / 16 }, shape: [12, 1, 1, 1])
      .broadcast(to: [12, 16, 16, 1])
    let (cells, columns) = grid.cells(of: made)
    #expect(columns == 6 && cells.shape[0] == 18)
    // The second fragment of the last class.
    #expect(cells.rows(16..<18).scalars == made.rows(9..<10).scalars + made.rows(11..<12).scalars)
    let few = try SampleGrid(count: 5, of: model, Self.source(2))
    #expect(few.classes == [0, 0, 1, 1])
    let one = try SampleGrid(count: 5, of: model, only: 2, Self.source(2))
    #expect(one.classes == [2, 2, 2, 2, 2] && one.columns == nil)
  }
}
