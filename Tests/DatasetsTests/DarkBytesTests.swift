import Datasets
import Testing

@Suite("Images that are nearly black as they lie in files")
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
}
