import Datasets
import Platform
import TestSupport
import Testing
import Training

@Suite("An output that cannot be made is named as it was asked for")
struct OutputErrorTests {
  private let sampled: SamplingTests

  init() throws { sampled = try SamplingTests() }

  private func failure(_ work: () throws -> Void) throws -> OutputError {
    try #require(#expect(throws: OutputError.self) { try work() })
  }

  @Test("a picture or tensors in a folder that is not there")
  func missingFolder() throws {
    let sampling = try Sampling(path: sampled.run, seed: nil)
    let (grid, images) = try sampling.draw(.grid(count: 1))
    let place = sampled.run + "/none/a"
    let picture = try failure { try sampling.write(images, of: grid, to: place) }
    #expect(
      picture.description == "the output cannot be created, \(place) (open: No such file or directory); "
        + "make its folder first, or choose another --output")
    #expect(ExitStatus(of: picture) == .cannotCreate)
    let tensors = try failure { try Sampling.writeTensors(grid, images: images, to: place) }
    #expect(tensors.description.hasSuffix("or choose another --tensors"))
    let folder = try failure { try sampling.write(images, of: grid, to: sampled.run) }
    #expect(folder.description.hasSuffix("name a file with --output, not a folder"))
  }

  @Test(
    "a folder of shards or of networks, whatever it is called while it is written", arguments: [false, true])
  func folders(isPack: Bool) throws {
    // Nobody can make a folder there.
    for place in ["/proc/none/a", sampled.run + "/options.yaml/a"] {
      let error = try failure {
        if isPack {
          let request = DatasetRequest(source: "pottery", size: 16, channels: 1, count: 2)
          _ = try DataPack(request, to: place, shardBytes: 1 << 20)
        } else {
          let export = try Export(path: sampled.run)
          _ = try export.write(.onnx, networks: [], isAveraged: true, to: place)
        }
      }
      #expect(error.description.hasPrefix("the output cannot be created, \(place) (mkdir: "), "\(error)")
      #expect(error.description.hasSuffix("choose another --output"), "\(error)")
      #expect(ExitStatus(of: error) == .cannotCreate)
    }
  }

  @Test("a folder of samples, and the advice names the option that samples of their own are written with")
  func samples() throws {
    let sampling = try Sampling(path: sampled.run, seed: nil)
    for place in ["/proc/none/a", sampled.run + "/options.yaml"] {
      let error = try failure { try sampling.writeEach(1, to: place) { _ in } }
      #expect(error.description.hasPrefix("the output cannot be created, \(place) (mkdir: "), "\(error)")
      #expect(error.description.hasSuffix("choose another --folder"), "\(error)")
    }
  }

  @Test("a disk that is full is no matter of names")
  func full() throws {
    let sampling = try Sampling(path: sampled.run, seed: nil)
    let (grid, images) = try sampling.draw(.grid(count: 1))
    let error = try failure { try sampling.write(images, of: grid, to: "/dev/full") }
    #expect(error.description.contains("cannot be written, /dev/full (write: No space left on device)"))
    #expect(ExitStatus(of: error) == .inputOutput)
  }
}
