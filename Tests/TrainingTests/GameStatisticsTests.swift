import Models
import Testing
import Training

@Suite("What is drawn of the watch over a game")
struct GameStatisticsTests {
  @Test("the plot of losses has what a check measures with these options, and nothing else")
  func diversity() throws {
    func keys(_ recipe: String, _ words: String...) throws -> [String] {
      let options = try Options.resolve(recipe: recipe, overrides: words)
      return GameDirector.statistics(of: options).filter { $0.plot == "diversity" }.map(\.key)
    }
    let always = ["watch_spread", "watch_rank"]
    #expect(try keys("dcgan", "watch.every=0") == [])
    #expect(try keys("dcgan", "watch.every=50") == always)
    #expect(try keys("dcgan", "watch.every=50", "watch.copies=0.1") == always + ["watch_copies"])
    #expect(try keys("ring", "watch.every=50") == always + ["watch_modes"])
    #expect(
      try keys("ring", "watch.every=50", "watch.copies=0.1") == always + ["watch_modes", "watch_copies"])
  }
}
