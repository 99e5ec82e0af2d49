import Checkpoints
import Datasets
import Foundation
import Platform
import TestSupport
import Testing
import Training

@Suite("A dry run refuses what training would refuse before its first step")
struct DryRunTests {
  private let folder = TemporaryFolder()

  private func dryRun(_ recipe: String, _ words: String...) throws {
    _ = try DryRun(recipe: recipe, overrides: words)
  }

  @Test("data without labels where they are learned from")
  func labels() throws {
    // 32 images of 32x32 pixels, as NumPy writes them.
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (32, 32, 32), }"
    let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8)
    let path = "\(folder.path)/images.npy"
    try Data(bytes + (0..<32 * 32 * 32).map { UInt8(truncatingIfNeeded: $0) }).write(
      to: URL(fileURLWithPath: path))
    try dryRun("dcgan", "data=\(path)", "batch=16", "quality.every=1")
    for words in [
      ["quality.every=1", "quality.space=classifier"], ["model.condition=embedding", "dataset.labels=3"],
    ] {
      let error = #expect(throws: DatasetError.self, "\(words)") {
        _ = try DryRun(recipe: "dcgan", overrides: ["data=\(path)", "batch=16"] + words)
      }
      #expect(error?.description.contains("labels") == true, "\(error as Any)")
    }
  }

  @Test("a step size that is zero before the end of a run in epochs")
  func decay() throws {
    let words = [
      "epochs=2", "batch=128", "optimizer.generator.decay=linear", "optimizer.generator.decaySteps=9",
    ]
    _ = try DryRun(recipe: "dcgan", overrides: words + ["dataset.count=512"])
    #expect(throws: OptionsError.self) {
      _ = try DryRun(recipe: "dcgan", overrides: words + ["dataset.count=1024"])
    }
  }

  @Test("weights and runs to begin with that are not there", arguments: ["generator", "run"])
  func initial(key: String) {
    #expect(throws: CheckpointError.self) { try dryRun("dcgan", "init.\(key)=\(folder.path)/none") }
  }

  @Test(
    "a model, or a micro-batch, that no machine has room for",
    .enabled(if: Memory.available(ranksOnNode: 1) != nil, "no limit is known"))
  func memory() {
    #expect(throws: MemoryError.self) { try dryRun("dcgan", "batch=1048576", "microBatches=1") }
    #expect(throws: MemoryError.self) { try dryRun("vae", "size=4096", "model.hidden=65536") }
  }
}
