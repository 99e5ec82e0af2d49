import Datasets
import Testing

@Suite("CIFAR's binary files")
struct CIFARTests {
  /// Records whose red, green and blue planes each hold one value.
  private func records(_ labels: [[UInt8]]) -> [UInt8] {
    labels.enumerated().flatMap { index, labels in
      labels + (0..<3072).map { UInt8(10 * (index + 1) + $0 / 1024) }
    }
  }

  @Test("the files of a folder follow each other in order, planes become pixels, and labels are the classes")
  func ten() throws {
    let folder = TemporaryFolder()
    folder.write(records([[3], [9]]), "data_batch_1.bin")
    folder.write(records([[0]]), "data_batch_2.bin")
    folder.write(records([[1]]), "test_batch.bin")
    let data = try open(folder.path, size: 32, channels: 3)
    #expect(data.count == 3 && data.labelCount == 10)
    #expect(try (0..<3).map { try data.sample($0).label } == [3, 9, 0])
    let second = try data.sample(1).pixels
    #expect(Array(second.prefix(6)) == [20, 21, 22, 20, 21, 22].map(scaled))
    #expect(try data.sample(2).pixels[0] == scaled(10))
    let one = try open(folder.path + "/test_batch.bin", size: 16, channels: 1)
    let sample = try one.sample(0)
    #expect(one.count == 1 && sample.label == 1 && sample.pixels.allSatisfy { $0 == scaled(11) })
    #expect(one.fingerprint != data.fingerprint)
  }

  @Test("of CIFAR-100's two labels the fine one is taken")
  func hundred() throws {
    let folder = TemporaryFolder()
    folder.write(records([[19, 99], [0, 42]]), "train.bin")
    let data = try open(folder.path, size: 32, channels: 3)
    #expect(data.count == 2 && data.labelCount == 100)
    #expect(try (0..<2).map { try data.sample($0).label } == [99, 42])
    #expect(try data.sample(0).pixels[0] == scaled(10))
  }

  @Test(
    "every byte counts in the fingerprint; a part of a record and a label out of range are refused by place")
  func faults() throws {
    let folder = TemporaryFolder()
    let good = records([[3], [9]])
    let fingerprint = try open(folder.write(good, "a.bin"), size: 32, channels: 3).fingerprint
    for place in [1, 3072, 3074, 6145] {
      var other = good
      other[place] ^= 1
      #expect(try open(folder.write(other, "b.bin"), size: 32, channels: 3).fingerprint != fingerprint)
    }
    for count in [0, 1, 3072, 3075, 6145] {
      let path = folder.write(Array(good.prefix(count)), "data_batch_1.bin")
      #expect(failure { _ = try open(path, size: 32) }?.kind == .badData, "\(count) bytes")
    }
    let wrong = folder.write(records([[3], [10]]), "c.bin")
    let error = failure { _ = try open(wrong, size: 32) }
    #expect(error?.description.contains("label 10 is out of range 0..<10") == true)
    #expect(error?.description.contains("sample 1, byte 3073") == true)
  }
}
