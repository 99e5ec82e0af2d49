import Testing
import Training

@Suite("The probability of augmentation is a pure function of what was measured")
struct AugmentRuleTests {
  private let rule = AugmentRule(every: 4, target: 0.6, speed: 1000, limit: 0.8)

  private func decide(_ probability: Float, _ sign: Float, _ images: Float = 64) -> Float {
    rule.decide(probability: probability, AugmentInputs(sign: sign, images: images)).probability
  }

  @Test("it moves toward the target by the images seen over the speed, as in the paper's section 3.1")
  func speed() {
    #expect(decide(0, 0.7) == 0.064 && decide(0.5, 1) == 0.5 + 0.064)
    #expect(decide(0.5, 0.5) == 0.5 - 0.064 && decide(0.5, -1) == 0.5 - 0.064)
    #expect(decide(0.5, 0.6) == 0.5)
    // As many images in smaller portions.
    var probability: Float = 0
    for _ in 0..<10 { probability = decide(probability, 0.9, 50) }
    #expect(abs(probability - 0.5) < 1e-6)
  }

  @Test("it stays between zero and the limit")
  func bounds() {
    #expect(decide(0.79, 1) == 0.8 && decide(0.8, 1) == 0.8)
    #expect(decide(0.05, 0) == 0 && decide(0, 0) == 0)
    // A run may begin above the limit; it is lowered by its discriminator alone.
    #expect(decide(0.9, 1) == 0.9 && decide(0.9, 0) == 0.9 - 0.064)
  }

  @Test("a window without a turn, or with a sum that is no number, changes nothing")
  func nothing() {
    #expect(decide(0.3, .nan, 0) == 0.3 && decide(0.3, .infinity) == 0.3)
    #expect(rule.decide(probability: 0.3, AugmentInputs(sign: .nan, images: 0)).decision == .keep)
    #expect(rule.decide(probability: 0.3, AugmentInputs(sign: 1, images: 8)).decision == .raise)
    #expect(rule.decide(probability: 0.3, AugmentInputs(sign: 0, images: 8)).decision == .lower)
    #expect(rule.decide(probability: 0, AugmentInputs(sign: 0, images: 8)).decision == .keep)
  }
}
