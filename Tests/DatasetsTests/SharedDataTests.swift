import Datasets
import Foundation
import TestSupport
import Testing

/// Real files. Where they are not, these tests skip: set LOCKSTEP_SHARED_DATA to a folder with `mnist`,
/// `fashion-mnist` and `iberian-pottery`.
@Suite(.enabled(if: SharedData.isPresent, "real data are absent: set LOCKSTEP_SHARED_DATA"))
struct SharedDataTests {
  /// The mean byte over all pixels, 0...255.
  private static func mean(_ data: any ImageDataset) throws -> Double {
    var pixels = [Float](repeating: 0, count: data.valuesPerImage)
    var sum = 0.0
    for index in 0..<data.count {
      _ = try pixels.withUnsafeMutableBufferPointer { try data.read(index, into: $0.baseAddress!) }
      sum += pixels.reduce(0.0) { $0 + Double($1) }
    }
    return (sum / Double(data.count * data.valuesPerImage) + 1) * 127.5
  }

  @Test(
    "MNIST and Fashion-MNIST have the published counts and means",
    arguments: [
      ("mnist", 60_000, 33.318, 28), ("mnist/t10k-images-idx3-ubyte.gz", 10_000, 33.791, 28),
      ("fashion-mnist", 60_000, 72.940, 28), ("fashion-mnist/t10k-images-idx3-ubyte.gz", 10_000, 73.147, 28),
      ("iberian-pottery", 864, 18.235, 64), ("iberian-pottery", 864, 18.235, 32),
    ])
  func counts(name: String, count: Int, mean: Double, size: Int) throws {
    let data = try open(SharedData.folder + "/" + name, size: size)
    #expect(data.count == count)
    #expect(data.labelCount == (name == "iberian-pottery" ? 12 : 10))
    #expect(try abs(Self.mean(data) - mean) < 0.0006)
  }

  @Test("a real folder of images of many sizes is refused; three of one size give Pillow's mean")
  func imageFolder() throws {
    let folder = TemporaryFolder()
    let tar = Process()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = [
      "tar", "xzf", SharedData.folder + "/iberian-pottery/raw-png-imagefolder.tar.gz", "-C", folder.path,
    ]
    try tar.run()
    tar.waitUntilExit()
    #expect(tar.terminationStatus == 0)
    let error = failure { _ = try open(folder.path + "/data/train", size: 32) }
    #expect(error?.description.contains("the most common size is") == true)
    #expect(
      failure { _ = try open(folder.path + "/data", size: 32) }?.description.contains("within the folder")
        == true)

    let files = FileManager.default.enumerator(atPath: folder.path + "/data")!.compactMap { $0 as? String }
    let one = TemporaryFolder()
    for name in files where name.hasSuffix(".png") {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path + "/data/" + name)))
      let size = bytes[16..<24].reduce(0) { $0 << 8 | Int($1) }
      if size == 267 << 32 | 133 { one.write(bytes, name.replacingOccurrences(of: "/", with: "-")) }
    }
    let data = try open(one.path, size: 267)
    #expect(data.count == 3)
    let mean = try (0..<3).map {
      try data.sample($0).pixels.reduce(0.0) { $0 + (Double($1) + 1) * 127.5 } / (133 * 267)
    }
    #expect(mean.allSatisfy { abs($0 - 202.12005) < 0.001 }, "\(mean)")
  }
}
