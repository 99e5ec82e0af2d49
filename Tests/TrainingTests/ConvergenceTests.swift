import Checkpoints
import Testing
import Training

@Suite("Whether a run still gets better is a pure function of its measurements")
struct ConvergenceTests {
  private func options(_ words: String...) throws -> Options {
    try Options.resolve(recipe: "dcgan", overrides: ["quality.every=10"] + words)
  }

  /// What is remembered after each measurement.
  private func course(_ values: [Double], _ options: Options) -> [Convergence?] {
    var states: [Convergence?] = []
    for (place, value) in values.enumerated() {
      states.append(
        Convergence.after(
          value, step: 10 * (place + 1), options.quality, margin: options.stop.margin,
          before: states.last ?? nil))
    }
    return states
  }

  @Test("measurements without improvement are counted, and the count begins anew with each improvement")
  func misses() throws {
    let options = try options("stop.patience=2")
    let states = course([9, 8, 8.5, 7, 7, .nan, 7.1], options)
    #expect(states.map { $0?.misses } == [0, 0, 1, 0, 1, 2, 3])
    #expect(states.map { $0?.best.step } == [10, 20, 20, 40, 40, 40, 40])
    #expect(states.map { $0?.verdict(options) != nil } == [false, false, false, false, false, true, true])
    #expect(states[5]?.verdict(options) == "frechet has not improved on 7.0 of step 40 in 2 measurements")
  }

  @Test("a margin asks for more, and what is larger may be better")
  func margin() throws {
    let near = try options("stop.patience=1", "stop.margin=0.1")
    #expect(course([10, 9.5, 8.9], near).map { $0?.misses } == [0, 1, 0])
    let large = try options("stop.patience=1", "quality.metric=coverage")
    #expect(course([0.2, 0.4, 0.3], large).map { $0?.misses } == [0, 0, 1])
  }

  @Test("a generation of the first format, which names more keys, goes on where they are the same")
  func formerSetting() throws {
    let quality = try options("quality.components=16").quality
    // SHA-256 of "pca  1000 16 2048", its first 32 bits.
    #expect(quality.classifierSteps == 1000 && quality.samples == 2048)
    let best = BestGeneration(step: 10, value: 5, metric: .frechet, setting: 0x2e580d50)
    #expect(best.isLike(quality, weights: nil))
    #expect(try !best.isLike(options("quality.components=17").quality, weights: nil))
  }

  @Test("what is no number is no beginning, and another metric is one")
  func beginnings() throws {
    let frechet = try options("stop.patience=1")
    #expect(course([.nan, .infinity, 5], frechet).map { $0?.misses } == [nil, nil, 0])
    let coverage = try options("stop.patience=1", "quality.metric=coverage")
    let old = course([5, 6], frechet)[1]
    #expect(old?.verdict(frechet)?.hasSuffix(" in 1 measurement") == true && old?.verdict(coverage) == nil)
    let new = Convergence.after(0.5, step: 30, coverage.quality, margin: 0, before: old)
    #expect(new?.misses == 0 && new?.best.step == 30)
    let more = try options("stop.patience=1", "quality.samples=777")
    #expect(Convergence.after(9, step: 30, more.quality, margin: 0, before: old)?.misses == 0)
    #expect(try options().stop.patience == 0 && old?.verdict(options()) == nil)
  }

  @Test("counts of a manifest that no run reaches are none", arguments: ["step", "setting", "misses"])
  func impossible(name: String) {
    var state: [String: StateValue] = [
      "convergence.step": 30, "convergence.value": 1.5, "convergence.metric": "frechet",
      "convergence.setting": -1, "convergence.misses": 2,
    ]
    #expect(Convergence(state)?.misses == 2)
    for count in [-2, Int.max] {
      state["convergence.\(name)"] = .integer(count)
      #expect(Convergence(state) == nil)
    }
  }
}
