import Foundation
import Testing

extension EndToEnd {
  /// A GAN of volumes.
  struct VolumeTests {
    private static let words =
      ["voxel-gan"] + narrow + [
        "size=16", "checkpoint.every=2", "samples.count=4",
        "optimizer.generator.learningRate=0.01",
        "ema.decay=0.5",
      ]

    private func trained(
      _ more: [String] = [], steps: Int = 4, ranks: Int = 1, _ run: String = "run", in folder: Folder
    ) throws {
      let finished = try Lockstep.train(
        Self.words + more + ["steps=\(steps)", "--run", run], ranks: ranks, in: folder)
      guard finished.status == 0 else { throw Unexpected(finished) }
    }

    @Test("it ends with the same bits on 1 and 3 ranks, resumed too", .enabled(if: MPIRun.isAvailable))
    func ranks() throws {
      let folder = try Folder()
      try trained(in: folder)
      try trained(steps: 2, ranks: 3, "begun", in: folder)
      let resumed = try Lockstep.train(["--run", "begun", "--resume", "steps=4"], ranks: 2, in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(try Lockstep.inspect("begun", in: folder).hashes == Lockstep.inspect("run", in: folder).hashes)
      let measured = try Lockstep.run(["evaluate", "run", "quality.samples=64"], in: folder)
      #expect(measured.status == 0 && measured.output.contains("frechet distance"), "\(measured.errors)")
    }

    @Test("samples are drawn as solids, each with its surface for other programs, and their numbers")
    func samples() throws {
      let folder = try Folder()
      try trained(in: folder)
      let each = try Lockstep.run(["sample", "run", "--folder", "fakes", "--count", "3"], in: folder)
      #expect(each.status == 0, "\(each.errors)")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/fakes").sorted()
      #expect(names == (0..<3).flatMap { ["00000\($0).obj", "00000\($0).png"] })
      let words = ["sample", "run", "--count", "2", "--tensors", "t.safetensors", "--output", "two.png"]
      #expect(try Lockstep.run(words, in: folder).status == 0)
      // The header, whose length stands in the first eight bytes.
      #expect(
        String(decoding: try folder.bytes("t.safetensors").dropFirst(8).prefix(400), as: UTF8.self)
          .contains("[2, 16, 16, 16, 1]"))
      #expect(try folder.bytes("two.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }

    @Test("own volumes are read from a NumPy file, with labels; images are no volumes, nor volumes images")
    func own() throws {
      let folder = try Folder()
      // Balls of two radii.
      let volumes = (0..<16).flatMap { number in
        (0..<16).flatMap { z in
          (0..<16).flatMap { y in
            (0..<16).map { x -> UInt8 in
              let distance = [z, y, x].reduce(0) { $0 + (2 * $1 - 15) * (2 * $1 - 15) }
              return distance < (number % 2 == 0 ? 100 : 180) ? 1 : 0
            }
          }
        }
      }
      let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (16, 16, 16, 16), }"
      try folder.write(Fixtures.npy(header, volumes), "images.npy")
      try folder.write(
        Fixtures.npy(
          "{'descr': '|u1', 'fortran_order': False, 'shape': (16,), }", (0..<16).map { UInt8($0 % 2) }),
        "labels.npy")
      let info = try Lockstep.run(["data", "info", "images.npy"], in: folder)
      #expect(info.status == 0 && info.output.contains("16 x 16 x 16"), "\(info.output)\(info.errors)")
      try trained(
        ["data=images.npy", "dataset.labels=2", "model.condition=projection", "spectralNorm=true"], in: folder
      )
      #expect(try Lockstep.run(["sample", "run", "--class", "1", "-o", "one.png"], in: folder).status == 0)
      let flat = try Lockstep.train(
        ["dcgan", "data=images.npy", "steps=1", "--run", "flat"], ranks: 1, in: folder)
      #expect(flat.status == 65 && flat.errors.contains("voxel-gan"), "\(flat.errors)")
      try Fixtures.images(16, in: folder)
      let solid = try Lockstep.train(
        Self.words + ["data=images", "steps=1", "--run", "solid"], ranks: 1, in: folder)
      #expect(solid.status == 65 && solid.errors.contains("[N, D, H, W]"), "\(solid.errors)")
    }
  }
}
