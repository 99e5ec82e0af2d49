import Datasets
import Foundation
import TensorCore
import Testing

@Suite("Folders of binvox's volumes")
struct BinvoxTests {
  private let folder = TemporaryFolder()

  /// A file of a cube, each voxel of which is full or empty by its place.
  private func binvox(_ side: Int, _ isFull: (_ x: Int, _ y: Int, _ z: Int) -> Bool) -> [UInt8] {
    var pairs: [(value: UInt8, count: UInt8)] = []
    for x in 0..<side {
      for z in 0..<side {
        for y in 0..<side {
          let value: UInt8 = isFull(x, y, z) ? 1 : 0
          if let last = pairs.last, last.value == value, last.count < 255 {
            pairs[pairs.count - 1].count += 1
          } else {
            pairs.append((value, 1))
          }
        }
      }
    }
    return header(side) + pairs.flatMap { [$0.value, $0.count] }
  }

  private func header(_ side: Int) -> [UInt8] {
    Array("#binvox 1\ndim \(side) \(side) \(side)\ntranslate -0.5 -0.5 -0.5\nscale 1\ndata\n".utf8)
  }

  private func open(
    _ size: Int, labels: Int? = nil, limits: DatasetLimits = DatasetLimits()
  ) throws(DatasetError) -> any ImageDataset {
    try Datasets.open(
      DatasetRequest(
        source: folder.path, size: size, channels: 1, isVolume: true, labelCount: labels, limits: limits))
  }

  private func listed(_ problems: SampleProblems = SampleProblems()) throws -> (any VolumeDataset)? {
    try Datasets.volumesIfAny(
      DatasetRequest(source: folder.path, size: 64, channels: 1), problems: problems)
  }

  @Test("layers are y from the top, rows z and columns x")
  func axes() throws {
    folder.write(binvox(3) { x, y, z in x == 1 && y == 2 && z == 0 }, "a.binvox")
    folder.write(binvox(3) { x, y, z in x == 2 && y == 0 && z == 1 }, "b.BINVOX")
    let data = try open(3)
    #expect(data.sampleShape == [3, 3, 3, 1] && data.count == 2 && data.sampleName == "volumes")
    #expect(data.remarks.isEmpty && data.labelCount == 0)
    for (index, full) in [(0, 0 * 9 + 0 * 3 + 1), (1, 2 * 9 + 1 * 3 + 2)] {
      let (values, label) = try data.sample(index)
      #expect(values == (0..<27).map { $0 == full ? 1 : -1 } && label == -1)
    }
  }

  @Test("runs of more than 255 voxels go on in the next pair")
  func runs() throws {
    folder.write(binvox(16) { x, y, z in x + y + z > 20 }, "a.binvox")
    let values = try open(16).sample(0).pixels
    for place in values.indices {
      let (y, z, x) = (15 - place / 256, place / 16 % 16, place % 16)
      #expect(values[place] == (x + y + z > 20 ? 1 : -1))
    }
  }

  @Test("sub-folders are labels, in which each volume may have a folder of its own; what is ignored is told")
  func labels() throws {
    folder.write(binvox(2) { _, _, _ in true }, "chair/model/model.binvox")
    folder.write(binvox(2) { x, _, _ in x == 0 }, "chair/z.binvox")
    folder.write(binvox(2) { _, _, _ in false }, "bowl/a.binvox")
    folder.write([0], "bowl/a.png")
    folder.write([0], "chair/model/model.obj")
    folder.write([0], "chair/model/all.npy")
    let data = try open(2)
    #expect(data.count == 3 && data.labelCount == 2 && data.classNames == ["bowl", "chair"])
    #expect(try (0..<3).map { try data.sample($0).label } == [0, 1, 1])
    #expect(try data.sample(0).pixels == [Float](repeating: -1, count: 8))
    #expect(try data.sample(1).pixels == (0..<8).map { $0 % 2 == 0 ? 1 : -1 })
    #expect(try data.sample(2).pixels == [Float](repeating: 1, count: 8))
    #expect(data.remarks == ["2 files ignored: 1 npy, 1 png"])
    #expect(try open(2, labels: 5).labelCount == 5 && open(2, labels: 5).usedLabelCount == 2)
    #expect(failure { _ = try open(2, labels: 1) }?.description.contains("2 sub-folders") == true)
  }

  @Test("labels without volumes, volumes beside folders, and folders that are too deep are refused by name")
  func structure() {
    folder.write(binvox(2) { _, _, _ in true }, "a/b/c/d.binvox")
    #expect(failure { _ = try open(2) }?.description.contains("/a/b)") == true)
    folder.write(binvox(2) { _, _, _ in true }, "d.binvox")
    #expect(failure { _ = try open(2) }?.description.contains("volumes beside folders of volumes") == true)
    let other = TemporaryFolder()
    other.write(binvox(2) { _, _, _ in true }, "a/b.binvox")
    other.write([0], "c/d.txt")
    let request = DatasetRequest(source: other.path, size: 2, channels: 1, isVolume: true)
    let error = failure { _ = try Datasets.open(request) }
    #expect(error?.description.contains("no .binvox file of this label") == true, "\(error as Any)")
  }

  @Test("volumes are fitted by whole factors")
  func fit() throws {
    // Boxes of 2 x 2 x 2 with y above 0 full hold 4 of 8; those above, all.
    folder.write(binvox(4) { _, y, _ in y > 0 }, "a.binvox")
    let small = try open(2)
    #expect(try small.sample(0).pixels == [1, 1, 1, 1, 0, 0, 0, 0])
    #expect(small.remarks == ["scaled from 4 x 4 x 4"])
    #expect(try open(9).sample(0).pixels.filter { $0 == 1 }.count == 8 * 8 * 6)
    let error = failure { _ = try open(3) }
    #expect(error?.kind == .unsuitable && error?.description.contains("size=") == true)
  }

  @Test("a malformed file is named, and what is wrong with it")
  func malformed() {
    let text = { (line: String) in Array("#binvox 1\n\(line)\ndata\n".utf8) + [0, 8] }
    for (bytes, what) in [
      (header(2) + [0, 7], "truncated: 7 of 8 voxels"), (header(2) + [0, 7, 1], "truncated: 7 of 8 voxels"),
      (header(2), "truncated: 0 of 8 voxels"), (header(2) + [0, 9], "more than 8 voxels"),
      (header(2) + [0, 8, 0, 1], "2 bytes behind the last of 8 voxels"), (header(2) + [2, 8], "the value 2"),
      (header(2) + [0, 0, 0, 8], "a run of no voxels"), (text("dim 2 2"), "`dim 2 2`"),
      (text("dim 2 2 3"), "`dim 2 2 3`"), (text("dim 0 0 0"), "`dim 0 0 0`"),
      (text("dim -2 -2 -2"), "`dim -2 -2 -2`"), (text("dim 2 2 2\ndim 2 2 2"), "once"),
      (text("dim a b c"), "`dim a b c`"), (text("scale 1"), "no line `dim`"),
      (text("dim 99999 99999 99999"), "above the limit"),
      (text("dim 9223372036854775807 9223372036854775807 9223372036854775807"), "above the limit"),
      (Array("#binvox 2\ndim 2 2 2\ndata\n".utf8) + [0, 8], "no binvox file of version 1"),
      (Array("#binvox 1\ndim 2 2 2\n".utf8), "no line `data`"), ([], "no binvox file"),
      ([UInt8](repeating: 0x41, count: 9000), "no binvox file"),
    ] {
      folder.write(bytes, "bad.binvox")
      let error = failure { _ = try open(2) }
      #expect(error?.kind == .badData && error?.description.contains(what) == true, "\(error as Any)")
      #expect(error?.description.contains("bad.binvox") == true)
    }
    folder.write(header(2) + [0, 8], "bad.binvox")
    #expect(failure { _ = try open(2) } == nil)
    #expect(failure { _ = try open(2, limits: DatasetLimits(pixels: 7)) } != nil)
    #expect(
      failure { _ = try open(2, limits: DatasetLimits(bytes: 20)) }?.description.contains("raise") == true)
  }

  @Test("volumes of several sizes are refused by name; a check lists every bad file")
  func sizes() throws {
    folder.write(binvox(2) { _, _, _ in true }, "a.binvox")
    folder.write(binvox(4) { _, _, _ in true }, "b.binvox")
    folder.write(header(2) + [3, 8], "c.binvox")
    folder.write(binvox(2) { _, _, _ in false }, "d.binvox")
    let error = failure { _ = try open(2) }
    #expect(error?.description.contains("4 x 4 x 4, the first is of 2 x 2 x 2") == true)
    #expect(error?.description.contains("b.binvox") == true)
    let problems = SampleProblems(collects: true)
    let volumes = try #require(try listed(problems))
    #expect(volumes.count == 2 && problems.list.count == 2 && volumes.extent.sizes == "2 x 2 x 2")
    #expect(volumes.least == 0 && volumes.largest == 1 && volumes.type == "bool")
    #expect(problems.list.map { $0.description.contains("b.binvox") } == [true, false])
    #expect(problems.list.map { $0.description.contains("c.binvox") } == [false, true])
  }

  @Test("a file that changes its size after opening is an error when it is read")
  func rewritten() throws {
    let path = folder.write(binvox(2) { _, _, _ in true }, "a.binvox")
    let data = try open(4)
    folder.write(binvox(4) { _, _, _ in true }, "a.binvox")
    #expect(failure { _ = try data.sample(0) }?.description.contains(path) == true)
  }

  @Test("the fingerprint covers contents and names, and not the place")
  func fingerprint() throws {
    let other = TemporaryFolder()
    for folder in [folder, other] { folder.write(binvox(2) { x, _, _ in x == 0 }, "a.binvox") }
    let before = try open(2).fingerprint
    let request = DatasetRequest(source: other.path, size: 2, channels: 1, isVolume: true)
    #expect(try Datasets.open(request).fingerprint == before)
    other.write(binvox(2) { x, _, _ in x == 1 }, "a.binvox")
    #expect(try Datasets.open(request).fingerprint != before)
    try FileManager.default.moveItem(atPath: folder.path + "/a.binvox", toPath: folder.path + "/b.binvox")
    #expect(try open(2).fingerprint != before)
  }

  @Test("a recipe of images is told of volumes, and one of volumes of images")
  func otherKind() throws {
    folder.write(binvox(4) { _, _, _ in true }, "chair/a.binvox")
    let volumes = failure { _ = try DatasetsTests.open(folder.path, size: 4) }
    #expect(volumes?.kind == .unsuitable && volumes?.description.contains("model.family=voxel-gan") == true)
    let single = failure { _ = try DatasetsTests.open(folder.path + "/chair/a.binvox", size: 4) }
    #expect(single?.description.contains("name the folder") == true)
    let images = TemporaryFolder()
    images.write(Fixture.greyPNG, "a/b.png")
    let request = DatasetRequest(source: images.path, size: 4, channels: 1, isVolume: true)
    let error = failure { _ = try Datasets.open(request) }
    #expect(error?.kind == .unsuitable && error?.description.contains("a folder of images") == true)
    #expect(error?.description.contains(".binvox") == true)
    // Beside one another both are read by who asks for them.
    images.write(binvox(4) { _, _, _ in true }, "a/c.binvox")
    #expect(try Datasets.open(request).remarks == ["1 file ignored: 1 png"])
    #expect(try DatasetsTests.open(images.path, size: 4).remarks == ["1 file ignored: 1 binvox"])
    #expect(try Datasets.volumesIfAny(request) == nil)
    folder.write(Fixture.greyPNG, "preview.png")
    #expect(try open(4).remarks == ["1 file ignored: 1 png"])
  }

  @Test("several threads read the volumes that one reads")
  func threads() throws {
    for index in 0..<8 { folder.write(binvox(6) { x, y, z in (x + y * z) % 8 == index }, "\(index).binvox") }
    let data = try open(6)
    let wanted = try (0..<8).map { try data.sample($0).pixels }
    #expect(Set(wanted).count == 8)
    DispatchQueue.concurrentPerform(iterations: 128) { turn in
      #expect((try? data.sample(turn % 8).pixels) == wanted[turn % 8])
    }
  }
}
