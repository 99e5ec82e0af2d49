import Datasets
import Testing

@Suite("Images that are dark as they lie in files, and told to be")
struct DarkBytesTests {
  @Test("images whose bytes are 0 and 1 are told by some of them, and read as they are")
  func dark() throws {
    let folder = TemporaryFolder()
    for number in 0..<20 { folder.write(Fixture.png(2, 2, [0, 1, 1, 0]), "\(10 + number).png") }
    let data = try open(folder.path, size: 2)
    #expect(data.remarks == ["no byte above 1 in 16 images, where 255 is full"])
    #expect(try data.sample(0).pixels == [0, 1, 1, 0].map(scaled))
    folder.write(Fixture.png(2, 2, [0, 1, 2, 0]), "10.png")
    #expect(try open(folder.path, size: 2).remarks == [])
  }

  @Test("images with transparent places are told by some of them, and read on black")
  func transparent() throws {
    let folder = TemporaryFolder()
    for (number, alpha) in [0, 255].enumerated() {
      let pixels: [UInt8] = [200, 255, 100, 255, 0, 255, 50, UInt8(alpha)]
      folder.write(Fixture.png(2, 2, pixels, channels: 2), "\(number).png")
    }
    folder.write(Fixture.png(2, 2, [200, 100, 0, 50]), "2.png")
    let data = try open(folder.path, size: 2)
    #expect(data.remarks == ["transparent places, put on black, in 1 of 3 images looked at"])
    #expect(try data.sample(0).pixels == [200, 100, 0, 0].map(scaled))
  }
}
