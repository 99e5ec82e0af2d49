import ArgumentParser
import Platform
import Training

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a checkpoint's networks for PyTorch, the Hugging Face hub or ONNX.",
    discussion: """
      safetensors: OUTPUT becomes a folder as the Hugging Face hub has them, with
      one plain safetensors file a network (PyTorch's names and layouts),
      config.json, samples.png and a README.md with a little Python that loads the
      weights strictly and runs them.

      onnx: one checker-clean model a network for any runtime (opset 17). The batch
      is dynamic. Inputs are latents [N, latent], points [N, 2], images [N, C, H, W]
      and volumes [N, 1, D, H, W], and beside them classes [N] (int64) of a model
      that is asked by class; noisy [N, C, H, W] and time [N] of a diffusion model;
      contexts [N, C + 1, …] of a model that completes samples, whose discriminator
      takes pairs [N, 2C + 1, …], a context and a sample.

      With model.packing, as in ring and grid, a discriminator takes packs: N is a
      multiple of it, and there is a score a pack.

      Networks with layers that compare the samples of a batch (minibatch
      discrimination and minibatch deviation) are not exported: take the others
      with --network.

      What makes samples has its averaged weights (EMA). A variational autoencoder
      is written as two networks, decoder and encoder; their images are brightness
      from 0 to 1.

      OUTPUT may hold an earlier export of the same files, which are replaced, and
      hidden files; other files are refused.

        lockstep export runs/dcgan --format safetensors --output hub/dcgan
        lockstep export runs/dcgan --format onnx --network generator --output onnx

      The other way, PyTorch weights start a run by name:

        lockstep train dcgan init.generator=FILE.safetensors
      """)

  @Argument(help: "A run folder or a checkpoint folder within one.", completion: .directory)
  var path: String

  @Option(help: "safetensors or onnx.")
  var format: Export.Format

  @Option(name: .shortAndLong, help: "The folder to write into; made if it is not there.")
  var output: String

  @Option(help: "A network, such as generator; may be repeated. All of them unless given.")
  var network: [String] = []

  @Flag(help: "Write the trained weights instead of their moving average.")
  var unaveraged = false

  func run() throws {
    alone {
      let export = try Export(path: path)
      for reason in export.rejected { Failure.report(reason) }
      let files = try export.write(format, networks: network, isAveraged: !unaveraged, to: output) {
        Failure.report($0)
      }
      print("step \(export.step), in \(TerminalText.escaped(output)): \(files.joined(separator: ", "))")
    }
  }
}

extension Export.Format: ExpressibleByArgument {}
