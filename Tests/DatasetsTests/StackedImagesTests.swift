import Datasets
import Testing

@Suite("Stacked images")
struct StackedImagesTests {
  private func open(count: Int? = 300, seed: UInt64 = 4, stack: Int = 3) throws -> any ImageDataset {
    try Datasets.open(
      DatasetRequest(source: "pottery", size: 16, channels: 3, count: count, stack: stack, seed: seed))
  }

  @Test("each channel is an image of the data, and the label is the number of their labels")
  func channels() throws {
    let stacked = try #require(try open() as? StackedImages)
    let base = stacked.base
    #expect(stacked.count == 300 && stacked.valuesPerImage == 3 * base.valuesPerImage)
    #expect(stacked.labelCount == base.labelCount * base.labelCount * base.labelCount)
    for index in [0, 1, 7, 299] {
      let (pixels, label) = try stacked.sample(index)
      var number = 0
      for (channel, part) in stacked.parts(of: index).enumerated() {
        let single = try base.sample(part)
        #expect((0..<single.pixels.count).allSatisfy { pixels[3 * $0 + channel] == single.pixels[$0] })
        number = number * base.labelCount + Int(single.label)
      }
      #expect(Int(label) == number)
    }
  }

  @Test("a sample is a function of its number and the seed, and images are drawn evenly")
  func drawing() throws {
    let (first, again, other) = (try open(), try open(count: 900), try open(seed: 5))
    func parts(_ data: any ImageDataset) throws -> [[Int]] {
      let stacked = try #require(data as? StackedImages)
      return (0..<300).map { stacked.parts(of: $0) }
    }
    #expect(try parts(first) == parts(again))
    #expect(try parts(first) != parts(other))
    #expect(first.fingerprint != again.fingerprint && first.fingerprint != other.fingerprint)
    #expect(try open().fingerprint == first.fingerprint)
    let large = try #require(try open(count: 20_000) as? StackedImages)
    let base = Double(large.base.count)
    let mean = (0..<20_000).reduce(0.0) { $0 + Double(large.parts(of: $1)[2]) } / 20_000
    #expect(abs(mean / base - 0.5) < 0.01)
  }

  @Test("images that do not make up the channels are refused")
  func refused() {
    let error = failure { _ = try open(stack: 2) }
    #expect(error?.kind == .unsuitable && error?.description.contains("2 grey images") == true)
  }
}
