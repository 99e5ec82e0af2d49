import Models
import TensorCore
import Testing
import Training

@Suite("Completed samples stand beside their contexts")
struct CompletionPictureTests {
  private func grid(_ count: Int, _ rule: ContextRule, axes: Int = 2) throws -> SampleGrid {
    let data = LatentSourceTests.Numbered(
      count: 40, sampleShape: Shape(Array(repeating: 8, count: axes) + [1]))
    let model = LatentSourceTests.model(rule, axes: axes)
    return try SampleGrid(
      count: count, of: model, LatentSource(of: model, cutting: data, seed: 1, purpose: .samples))
  }

  @Test(
    "a row has as many threes as make the picture nearly square",
    arguments: [(1, 3), (4, 3), (7, 6), (12, 6), (24, 9), (25, 9), (64, 15)])
  func threes(count: Int, columns: Int) throws {
    let grid = try grid(count, ContextRule(.box))
    let made = Tensor(repeating: 0.25, shape: [count, 8, 8, 1])
    let (cells, inRow) = grid.cells(of: made)
    #expect(inRow == columns && cells.shape == [3 * count, 8, 8, 1])
    let completion = try #require(grid.completion)
    let last = 3 * (count - 1)
    for (offset, row) in [completion.shown, made, try #require(completion.originals)].enumerated() {
      #expect(
        cells.rows(last + offset..<last + offset + 1).scalars == row.rows(count - 1..<count).scalars)
    }
  }

  @Test("a person's contexts stand beside what was made of them alone")
  func pairs() throws {
    let contexts = KeyedNoise(seed: 1, purpose: .synthetic, turn: 0).normal([5, 8, 8, 2])
    let grid = try SampleGrid(
      count: 5, of: LatentSourceTests.model(), LatentSource(contexts: contexts))
    let (cells, columns) = grid.cells(of: Tensor(repeating: 0, shape: [5, 8, 8, 1]))
    #expect(columns == 4 && cells.shape == [10, 8, 8, 1])
  }

  @Test("hidden places of images are mid-grey, of volumes empty; means are shown as they are")
  func hidden() throws {
    for axes in [2, 3] {
      let completion = try #require(try grid(4, ContextRule(.piece), axes: axes).completion)
      let masks = completion.contexts.channels(1..<2).scalars
      let originals = try #require(completion.originals).scalars
      #expect(masks.contains(0) && masks.contains(1))
      for (place, shown) in completion.shown.scalars.enumerated() {
        #expect(shown == (masks[place] == 1 ? originals[place] : axes == 2 ? 0 : -1))
      }
      let coarse = try #require(try grid(4, ContextRule(.coarse), axes: axes).completion)
      #expect(coarse.shown.scalars == coarse.contexts.channels(0..<1).scalars)
      #expect(coarse.shown.scalars.allSatisfy { $0 > 0 })
    }
  }

  @Test("without contexts a picture is one of the samples alone")
  func samplesAlone() throws {
    let model = EngineRank.makeState().model
    let grid = try SampleGrid(count: 3, of: model, LatentSource(of: model, seed: 1, purpose: .samples))
    let made = Tensor(repeating: 0, shape: [3, 16, 16, 1])
    #expect(grid.completion == nil && grid.cells(of: made).cells.shape == made.shape)
    #expect(grid.cells(of: made).columns == nil)
  }
}
