import Foundation
import Testing

extension EndToEnd {
  /// Models that complete samples.
  struct CompletionTests {
    private static let words =
      ["completion"] + narrow + [
        "size=16", "dataset.count=256", "samples.count=4", "steps=3",
        "optimizer.generator.learningRate=0.01", "ema.decay=0.5",
      ]

    private func trained(
      _ more: [String] = [], ranks: Int = 1, _ run: String = "run", in folder: Folder
    ) throws {
      let finished = try Lockstep.train(Self.words + more + ["--run", run], ranks: ranks, in: folder)
      guard finished.status == 0 else { throw Unexpected(finished) }
    }

    @Test(
      "runs end with the same bits and pictures on 1 and 3 ranks, which evaluate measures alike",
      .enabled(if: MPIRun.isAvailable))
    func ranks() throws {
      let folder = try Folder()
      let measured = ["quality.every=3", "quality.samples=96", "quality.components=8", "watch.every=3"]
      try trained(measured, in: folder)
      try trained(measured, ranks: 3, "three", in: folder)
      #expect(try Lockstep.inspect("three", in: folder).hashes == Lockstep.inspect("run", in: folder).hashes)
      let picture = "samples/step-00000003.png"
      #expect(try folder.bytes("three/\(picture)") == folder.bytes("run/\(picture)"))
      var printed: [String] = []
      for ranks in [1, 3] {
        let job = try MPIRun.start(
          [.init(ranks: ranks, words: [Lockstep.path!, "evaluate", "run", "--json"])], in: folder)
        let finished = try job.wait()
        #expect(finished.status == 0, "\(finished.errors)")
        printed.append(finished.output)
      }
      #expect(printed[0] == printed[1])
      let object = try JSONSerialization.jsonObject(with: Data(printed[0].utf8)) as? [String: Any] ?? [:]
      let error = try #require(object["reconstruction_error"] as? Double, "\(printed)")
      let overlap = try #require(object["iou"] as? Double, "\(printed)")
      #expect(error > 0 && error < 2 && overlap > 0 && overlap < 1, "\(printed)")
      #expect((object["shown"] as? String)?.contains("one side of a plane") == true, "\(printed)")
      #expect(object["copies"] == nil, "what completes a training sample is near to it: \(printed)")
      let others = try Lockstep.run(
        ["evaluate", "run", "dataset.count=128", "context.hidden=0.7"], in: folder)
      for row in ["difference from the original", "shown", "share nearer than 99 % of the data are"] {
        #expect(others.output.contains("\n\(row) "), "\(others.output)\(others.errors)")
      }
      #expect(others.output.contains("without about 0.7 of"), "\(others.output)")
    }

    @Test("a person's sherds are completed, each with its surface, and no more than there are")
    func sherds() throws {
      let folder = try Folder()
      try trained(in: folder)
      let values = (0..<2 * 4096).flatMap { place -> [UInt8] in
        let value: Float = place % 16 < 8 ? .nan : Float(place % 2)
        return (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
      }
      let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 16, 16, 16), }"
      try folder.write(Fixtures.npy(header, values), "sherds.npy")
      let each = try Lockstep.run(
        ["sample", "run", "--context", "sherds.npy", "--folder", "vessels"], in: folder)
      #expect(each.status == 0, "\(each.errors)")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/vessels").sorted()
      #expect(names == (0..<2).flatMap { ["00000\($0).obj", "00000\($0).png"] })
      let more = try Lockstep.run(["sample", "run", "--context", "sherds.npy", "--count", "3"], in: folder)
      #expect(more.status == 64 && more.errors.contains("2 contexts in the file"), "\(more.errors)")
      let seeded = try Lockstep.run(["sample", "run", "--context", "sherds.npy", "--seed", "1"], in: folder)
      #expect(seeded.status == 64 && seeded.errors.contains("leave out --seed"), "\(seeded.errors)")
      let strips = try Lockstep.run(["sample", "run", "--interpolate", "2"], in: folder)
      #expect(strips.status == 64 && strips.errors.contains("leave out --interpolate"), "\(strips.errors)")
    }

    @Test(
      "samples of the run are its own picture, of other data another; what is gone is told with --context")
    func data() throws {
      let folder = try Folder()
      try trained(in: folder)
      let volumes = (0..<4 * 4096).map { UInt8($0 / 1024 % 2) }
      let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 16, 16, 16), }"
      try folder.write(Fixtures.npy(header, volumes), "held.npy")
      for (name, words) in [("own", []), ("held", ["data=held.npy"])] {
        let sampled = try Lockstep.run(["sample", "run", "-o", "\(name).png"] + words, in: folder)
        #expect(sampled.status == 0, "\(sampled.errors)")
      }
      #expect(try folder.bytes("own.png") == folder.bytes("run/samples/step-00000003.png"))
      #expect(try folder.bytes("held.png") != folder.bytes("own.png"))
      let gone = try Lockstep.run(["sample", "run", "data=gone.npy"], in: folder)
      #expect(gone.status == 66 && gone.errors.contains("--context FILE"), "\(gone.errors)")
    }
  }
}
