import ArgumentParser
import Reporting
import TensorCore
import Training

struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw samples from a run or a checkpoint as a PNG.",
    discussion: """
      Samples come from the averaged generator (EMA) with its running statistics.

        lockstep sample runs/dcgan --count 100 --output samples.png
        lockstep sample runs/cgan-mnist --class 7 --count 16
        lockstep sample runs/dcgan/checkpoints/step-00000400 --interpolate 8
      """)

  @Argument(help: "A run folder or a checkpoint folder within one.")
  var path: String

  @Option(name: .shortAndLong, help: "The picture to write, a PNG.")
  var output = "samples.png"

  @Option(help: "Samples in the grid, 1 to 4096.")
  var count = 64

  @Option(help: "Draw this many strips that go from one latent to another instead of a grid.")
  var interpolate: Int?

  @Option(help: "Samples of a strip, 2 to 64.")
  var columns = 10

  @Option(
    name: .customLong("class"),
    help: "The class of all samples, from 0; by default one class a row, if the model knows classes.")
  var only: Int?

  @Option(help: "The key of the latents; by default the run's, which gives the grid of its sample pictures.")
  var seed: UInt64?

  @Option(
    help: "Also write latents [N, latent] and images [N, H, W, C] (and classes [N]) to this safetensors file."
  )
  var tensors: String?

  func validate() throws {
    try PictureName.check(output)
    guard (1...4096).contains(count) else { throw ValidationError("--count lies between 1 and 4096.") }
    guard (2...64).contains(columns) else { throw ValidationError("--columns lies between 2 and 64.") }
    if let interpolate, !(1...64).contains(interpolate) {
      throw ValidationError("--interpolate lies between 1 and 64.")
    }
  }

  func run() throws {
    alone {
      let sampling = try Sampling(path: path, seed: seed, only: only)
      for reason in sampling.rejected { Failure.report(reason) }
      let arrangement: Sampling.Arrangement =
        interpolate.map { .interpolation(rows: $0, columns: columns) } ?? .grid(count: count)
      let (grid, images) = sampling.draw(arrangement)
      try sampling.write(images, of: grid, to: output)
      if let tensors { try Sampling.writeTensors(grid, images: images, to: tensors) }
      print(
        "\(Count.text(images.shape[0], "sample")) of step \(sampling.step): \(TerminalText.escaped(output))")
    }
  }
}
