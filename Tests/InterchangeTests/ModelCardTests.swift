import Interchange
import Testing

@Suite("The card of an exported model")
struct ModelCardTests {
  private func card(options: String = "steps: 5\n", makesVolumes: Bool = false) -> ModelCard {
    ModelCard(
      title: "a|b<c>```d", tags: ["gan"], facts: [("data", "x|y<script>\n\u{1B}z"), ("steps", "5")],
      figures: (4, [("loss|D", 0.5)]), networks: ["generator"], picture: "samples.png", options: options,
      use: .pass(byClass: false, makesVolumes: makesVolumes))
  }

  private func lines(_ card: ModelCard) -> [Substring] {
    card.markdown.split(separator: "\n", omittingEmptySubsequences: false)
  }

  @Test("words from outside open no column, no element, no line and no block of code")
  func escapes() {
    let lines = lines(card())
    #expect(lines.contains(#"# a\|b&lt;c>```d"#))
    #expect(lines.contains(#"| data | x\|y&lt;script>\n\u{1b}z |"#))
    #expect(lines.contains(#"| loss\|D | 0.5 |"#) && lines.contains("The line of step 4 of its log:"))
    #expect(!card().markdown.contains("<script"))
    #expect(lines.filter { $0.hasPrefix("```") } == ["```python", "```", "```yaml", "```"])
  }

  @Test("a fence within the options does not end their block")
  func fence() {
    let card = card(options: "title: |\n  x\n```\n````\nsteps: 5\n")
    #expect(lines(card).filter { $0.hasPrefix("```") } == ["```python", "```", "```yaml", "```"])
    #expect(card.markdown.hasSuffix("steps: 5\n```\n"))
  }

  @Test("volumes are saved as an array, which other samples are not")
  func volumes() {
    for makesVolumes in [false, true] {
      let card = card(makesVolumes: makesVolumes)
      #expect(lines(card).contains(#"numpy.save("samples.npy", output[:, 0].numpy())"#) == makesVolumes)
      #expect(lines(card).contains("    output = apply(torch.randn(16, *shape))"))
    }
  }
}
