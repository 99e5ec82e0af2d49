import ArgumentParser
import Platform
import TensorCore
import Training

struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw samples from a run or a checkpoint, as one picture or each in a file of its own.",
    discussion: """
      Samples come from the averaged generator (EMA) with its running statistics.

        lockstep sample runs/dcgan --count 100 --output samples.png
        lockstep sample runs/cgan-mnist --class 7 --count 16
        lockstep sample runs/vessels --class amphora
        lockstep sample runs/dcgan/checkpoints/step-00000400 --interpolate 8
        lockstep sample runs/dcgan --count 10000 --folder fakes
        lockstep sample runs/diffusion-mnist model.guidance=3 model.samplingSteps=50
        lockstep sample runs/completion data=heldout.npy
        lockstep sample runs/completion --context sherds.npy --folder vessels
        lockstep sample runs/diffusion --context sherds.npy --count 24

      A model that completes samples is shown parts of those of the run's data, or
      of data=; its picture has for each what was known, what was made of it, and
      the original. With --context it is shown your own: a NumPy array with NaN for
      what is unknown, a PNG that is transparent there, or a folder of PNGs; for
      context.kind=coarse or grey whole samples, or one value a coarse block; for
      pair what is shown, or pairs side by side, of which the shown half is taken.

      A diffusion model completes with --context too, without training for it
      (RePaint), each time in another way: --count takes what is in there in turn,
      and rows of the picture have one and what was made of it. Each step of the
      sampler is made model.resampling times; fewer are faster and fit worse.
      """)

  @Argument(help: "A run folder or a checkpoint folder within one.", completion: .directory)
  var path: String

  @Argument(
    help: ArgumentHelp(
      "key=value words that change how the model samples, such as model.samplingSteps=50.",
      valueName: "key=value"))
  var words: [String] = []

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The file to write; samples.png unless given.",
      discussion: "Of text as lines, if the name ends in .txt, which is samples.txt unless given."))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Samples in the grid, 1 to 4096; the run's samples.count, as in its own pictures, unless given.",
      discussion:
        "With a class a row there are as many of each, so up to a row fewer, and of fewer than classes the first ones; with --folder up to 1000000."
    ))
  var count: Int?

  @Option(
    help: ArgumentHelp(
      "Write each sample into this folder, for other programs: a PNG, of a volume its surface as OBJ too, or text.",
      discussion: "In a folder for each class, if the model knows classes. No other picture is drawn."))
  var folder: String?

  @Option(help: "Draw this many strips that go from one latent to another instead of a grid.")
  var interpolate: Int?

  @Option(help: "Samples of a strip, 2 to 64; 10 unless given.")
  var columns: Int?

  @Option(
    help: ArgumentHelp(
      "What a model is to complete: a NumPy file, an image, or a folder of images.",
      discussion:
        "All that is in there, unless --count says how much; of a diffusion model by each class, unless --class says which."
    ))
  var context: String?

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      "The class of all samples, by name or number; one class a row unless given.",
      discussion: "Names are those of the data, such as its folders'; numbers begin with 0."))
  var only: String?

  @Option(
    help: ArgumentHelp(
      "The key of the latents; by default the run's, which gives the grid of its sample pictures.",
      discussion: "With --context for a diffusion model alone: another seed, other completions."))
  var seed: UInt64?

  @Option(
    help:
      "Also write latents [N, latent], or contexts [N, H, W, C + 1] or [N, D, H, W, 2], and images [N, H, W, C] or [N, D, H, W, 1] (and classes [N]) to this safetensors file."
  )
  var tensors: String?

  @Flag(help: "Draw with the trained generator instead of its moving average.")
  var unaveraged = false

  func validate() throws {
    if let output, !output.hasSuffix(".txt") { try PictureName.check(output) }
    let most = folder == nil ? 4096 : 1_000_000
    guard (1...most).contains(count ?? 1) else {
      throw ValidationError("--count lies between 1 and \(most).")
    }
    guard (2...64).contains(columns ?? 2) else { throw ValidationError("--columns lies between 2 and 64.") }
    guard columns == nil || interpolate != nil else {
      throw ValidationError("--columns is for --interpolate; a grid is as wide as it is high.")
    }
    guard interpolate == nil || (count == nil && folder == nil) else {
      throw ValidationError("--interpolate counts strips; leave out --count and --folder.")
    }
    guard folder == nil || (tensors == nil && output == nil) else {
      throw ValidationError("--output and --tensors go with a picture; leave out --folder.")
    }
    guard output == nil || output != tensors else {
      throw ValidationError("--output and --tensors are two files.")
    }
    let outputs = [folder == nil ? output ?? "samples.png" : nil, tensors].compactMap(\.self)
    if let context, let written = outputs.first(where: { Files.holds(context, $0) }) {
      throw ValidationError("\(TerminalText.escaped(written)) is, or lies in, what --context reads.")
    }
    guard context == nil || !words.contains(where: { $0.hasPrefix("data=") }) else {
      throw ValidationError("--context stands for what is cut from data; leave out data=.")
    }
    if let interpolate, !(1...64).contains(interpolate) {
      throw ValidationError("--interpolate lies between 1 and 64.")
    }
  }

  func run() throws {
    alone {
      let sampling = try Sampling(
        path: path, seed: seed, only: only, contexts: context, isAveraged: !unaveraged, overrides: words)
      for remark in sampling.remarks { Failure.report(remark) }
      if let folder {
        let count = count ?? sampling.usualCount
        try sampling.writeEach(count, to: folder) { written in
          if written % 4096 == 0, written < count { print("\(written) of \(count) samples") }
        }
        print("\(Count.text(count, "sample")) of step \(sampling.step): \(TerminalText.escaped(folder))")
        return
      }
      let arrangement: Sampling.Arrangement =
        interpolate.map { .interpolation(rows: $0, columns: columns ?? 10) }
        ?? .grid(count: count ?? sampling.usualCount)
      let output = output ?? (sampling.isText ? "samples.txt" : "samples.png")
      let (grid, images) = try sampling.draw(arrangement)
      try sampling.write(images, of: grid, to: output)
      if let tensors { try Sampling.writeTensors(grid, images: images, to: tensors) }
      print(
        "\(Count.text(images.shape[0], "sample")) of step \(sampling.step): \(TerminalText.escaped(output))")
    }
  }
}
