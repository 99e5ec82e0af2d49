import Models
import TensorCore
import Testing
import Training

@Suite("Completed samples are compared with their originals")
struct CompletionsTests {
  @Test("differences are of what was hidden if the rest is kept, else of all; NaN of nothing")
  func error() {
    let (made, original) = (
      Tensor([1, 0.5, -1, 0], shape: [2, 1, 2, 1]), Tensor([0, 0, 0, 1], shape: [2, 1, 2, 1])
    )
    // Of the first sample the first place is hidden, of the second both are.
    let latents = Tensor([0, 0, 0, 1, 0, 0, 0, 0], shape: [2, 4])
    let kept = Completions(of: made, with: original, latents: latents, cutBy: ContextRule(.box))
    #expect(kept.error(ofFirst: 2) == 1 && kept.error(ofFirst: 1) == 1)
    let all = Completions(of: made, with: original, latents: latents, cutBy: ContextRule(.coarse))
    #expect(all.error(ofFirst: 1) == 0.75 && all.error(ofFirst: 9) == 0.875)
    #expect(kept.error(ofFirst: 0).isNaN)
  }

  @Test("overlap is the mean of intersections over unions of what is full, 1 where nothing is")
  func overlap() {
    func completions(_ made: [Float], _ original: [Float]) -> Completions {
      let shape: Shape = [made.count / 3, 1, 1, 3, 1]
      return Completions(
        of: Tensor(made, shape: shape), with: Tensor(original, shape: shape),
        latents: Tensor(repeating: 0, shape: [made.count / 3, 6]), cutBy: ContextRule(.piece))
    }
    #expect(completions([1, 0.1, -1], [-1, 1, 1]).overlap(ofFirst: 1) == 1.0 / 3)
    #expect(completions([-1, 0, -1], [-1, -1, -1]).overlap(ofFirst: 1) == 1)
    #expect(completions([1, 1, -1, -1, -1, -1], [1, -1, -1, -1, -1, -1]).overlap(ofFirst: 2) == 0.75)
  }
}
