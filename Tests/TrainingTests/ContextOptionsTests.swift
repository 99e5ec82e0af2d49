import Datasets
import Models
import Testing
import Training

@Suite("Options of models that complete samples")
struct ContextOptionsTests {
  @Test("recipes say how contexts are cut; other families cut none")
  func rules() throws {
    func rule(_ recipe: String, _ words: String...) throws -> ContextRule? {
      try Options.resolve(recipe: recipe, overrides: words).context
    }
    #expect(try rule("inpainting") == ContextRule(.box, hidden: 0.25))
    #expect(try rule("inpainting", "context.kind=grey")?.kind == .grey)
    #expect(try rule("super-resolution") == ContextRule(.coarse, factor: 4))
    #expect(try rule("super-resolution", "context.factor=8")?.factor == 8)
    #expect(try rule("completion") == ContextRule(.piece, hidden: 0.5))
    #expect(try rule("voxel-gan") == nil)
    for recipe in ["inpainting", "super-resolution", "completion"] {
      let options = try Options.resolve(recipe: recipe)
      #expect(options.makeModel().context == options.context)
    }
  }

  @Test("blocks fill a sample, and only colours are made grey")
  func agreement() {
    #expect(
      problems("super-resolution", "context.factor=64") == [
        "samples of 32 places a side cannot be cut into blocks of 64, command line key context.factor; "
          + "give a context.factor that divides size"
      ])
    #expect(problems("super-resolution", "context.factor=3").count == 1)
    #expect(
      problems("inpainting", "context.kind=grey", "channels=1") == [
        "context.kind is grey, but samples have no colours, command line key context.kind; give channels=3"
      ])
    #expect(
      problems("completion", "context.kind=grey") == [
        "context.kind is grey, but samples have no colours, command line key context.kind; "
          + "use another context.kind"
      ])
    #expect(problems("completion", "context.kind=coarse", "size=16") == [])
    for share in ["0", "1", "0.9999999999"] {
      #expect(problems("inpainting", "context.hidden=\(share)").count == 1, "\(share)")
    }
  }

  @Test("pairs are of one's own images, of which either half may be shown")
  func pairs() throws {
    let words = ["context.kind=pair", "data=facades"]
    let options = try Options.resolve(recipe: "inpainting", overrides: words)
    #expect(options.context == ContextRule(.pair, hidden: 0.25, shown: .left))
    #expect(DatasetRequest(options).isPaired)
    let other = try Options.resolve(recipe: "inpainting", overrides: words + ["context.shown=right"])
    #expect(other.context?.shown == .right && other.makeModel().context == other.context)
    #expect(
      problems("inpainting", "context.kind=pair") == [
        "context.kind is pair, but pottery has none, command line key context.kind; "
          + "give data=FOLDER, of images that are pairs side by side"
      ])
    #expect(
      problems("completion", "context.kind=pair", "data=facades") == [
        "context.kind is pair, but the data are volumes, command line key context.kind; "
          + "use another context.kind"
      ])
    for word in ["context.hidden=0.3", "context.factor=8", "dataset.stack=3", "context.shown=both"] {
      #expect(problems("inpainting", "context.kind=pair", "data=facades", word).count == 1, "\(word)")
    }
    let shown = problems("inpainting", "context.shown=right")
    #expect(shown.count == 1 && shown[0].contains("give context.kind=pair too"), "\(shown)")
  }

  @Test("words for another kind of context are refused")
  func idle() {
    let coarse = problems("inpainting", "context.factor=8")
    #expect(coarse.count == 1 && coarse[0].contains("give context.kind=coarse too"), "\(coarse)")
    let hidden = problems("super-resolution", "context.hidden=0.3")
    #expect(hidden.count == 1 && hidden[0].contains("no places are hidden"), "\(hidden)")
    #expect(problems("inpainting", "context.kind=coarse", "context.factor=8") == [])
    #expect(problems("super-resolution", "context.kind=piece", "context.hidden=0.3") == [])
  }

  @Test("what a discriminator of contexts does not heed is no key")
  func others() {
    for word in ["dragan.weight=1", "augment.kind=ada", "instanceNoise.deviation=1", "model.latent=9"] {
      #expect(problems("inpainting", word).count == 1, "\(word)")
    }
    for word in ["spectralNorm=false", "r1.weight=1", "labelSmoothing=0.1"] {
      #expect(problems("completion", "loss=nonSaturating", word) == [], "\(word)")
    }
  }

  @Test("of a picture contexts and originals take memory too")
  func memory() throws {
    let bytes = try ["samples.count=24", "samples.count=25"].map { word in
      let options = try Options.resolve(recipe: "inpainting", overrides: [word])
      return options.bytesPerRank(samples: 64, acrossNodes: false)
    }
    #expect(bytes[1] - bytes[0] == 4 * 32 * 32 * (3 + 4 + 3))
  }
}
