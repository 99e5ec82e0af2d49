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

  @Test("the images of a sample are those that recorded runs used")
  func recorded() throws {
    let stacked = try #require(try open() as? StackedImages)
    // Philox4x32-10 in Python, held against the known answers of its authors.
    #expect(
      [0, 1, 2, 299].map { stacked.parts(of: $0) } == [
        [24841, 4123, 36861], [20822, 17945, 25099], [53969, 27978, 32132], [27025, 45040, 59021],
      ])
  }

  @Test("images that do not make up the channels are refused")
  func refused() {
    let error = failure { _ = try open(stack: 2) }
    #expect(error?.kind == .unsuitable && error?.description.contains("2 grey images") == true)
  }

  @Test("labels of stacks that would not fit a label are refused, for any number of images")
  func labels() throws {
    let folder = TemporaryFolder()
    let path = folder.write(npy("|u1", "(2, 2, 2)", Array(0..<8)), "images.npy")
    func count(_ largest: UInt8, _ stack: Int) throws -> Int {
      folder.write(npy("|u1", "(2,)", [largest, largest]), "labels.npy")
      let data = try Datasets.open(DatasetRequest(source: path, size: 2, channels: stack, stack: stack))
      let label = try data.sample(data.count - 1).label
      #expect(Int(label) == data.labelCount - 1)
      return data.labelCount
    }
    #expect(try count(255, 3) == 256 * 256 * 256)
    #expect(try count(214, 4) == 215 * 215 * 215 * 215)
    let error = failure { _ = try count(215, 4) }
    #expect(error?.kind == .unsuitable)
    #expect(error?.description.contains("stacks of 4 images with 216 labels") == true)
  }
}
