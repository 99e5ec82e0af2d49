import Datasets
import Glibc
import TensorCore

/// Files for readers that take paths, in memory where the system has such a folder.
package enum Reading {
  /// Writes the input under `name` into a folder of this process, opens it as training and as `data check`
  /// do, and decodes the first samples and the last. Whatever the bytes are, this returns.
  /// - Parameters:
  ///   - shard: lies beside the input.
  ///   - opensFolder: whether the folder is opened instead of the input, as it is where something lies beside
  ///     that.
  package static func run(
    _ start: UnsafePointer<UInt8>?, _ count: Int, name: String,
    beside shard: (name: String, bytes: [UInt8])? = nil, opensFolder: Bool = false
  ) {
    if let shard {
      shard.bytes.withUnsafeBufferPointer { write($0.baseAddress, $0.count, to: folder + "/" + shard.name) }
    }
    let path = folder + "/" + name
    write(start, count, to: path)
    open(shard == nil && !opensFolder ? path : folder)
  }

  private static func write(_ start: UnsafePointer<UInt8>?, _ count: Int, to path: String) {
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    precondition(descriptor >= 0, "the fuzzer writes its input to \(path)")
    precondition(count == 0 || Glibc.write(descriptor, start, count) == count, "a whole input")
    close(descriptor)
  }

  private enum Way: CaseIterable {
    case images, resized, checked, points, volumes, listedVolumes, partial
  }

  private static func open(_ path: String) {
    for way in Way.allCases {
      let request = DatasetRequest(
        source: path, size: way == .points ? 1 : 16, channels: way == .points ? 2 : way == .volumes ? 1 : 3,
        isVolume: way == .volumes, labelCount: 10, resize: way == .resized ? .crop : .none)
      do throws(DatasetError) {
        switch way {
        case .images, .resized, .volumes:
          let pixels = try read(Datasets.open(request))
          precondition(pixels.allSatisfy { $0 >= -1 && $0 <= 1 }, "pixels lie in -1...1")
        case .checked: try decode(Datasets.source(request, problems: SampleProblems(collects: true)))
        case .points:
          let values = try read(Datasets.open(request))
          precondition(values.allSatisfy(\.isFinite), "coordinates are finite")
        case .listedVolumes:
          if let volumes = try Datasets.volumesIfAny(request, problems: SampleProblems(collects: true)) {
            _ = (volumes.extent, volumes.least, volumes.largest, volumes.ignored)
          }
        case .partial:
          let values = try PartialSamples.read(path, sampleShape: [2, 2, 3]).scalars
          precondition(values.allSatisfy { $0 >= -1 && $0 <= 1 }, "values and masks lie in -1...1")
        }
      } catch {
        // A message for people, on one line.
        precondition(
          !error.description.utf8.contains { $0 < 0x20 }, "control characters in \(error.description)")
      }
    }
  }

  private static func places(_ count: Int) -> [Int] {
    count > 4 ? [0, 1, 2, count - 1] : Array(0..<count)
  }

  private static func decode(_ source: any ImageSource) throws(DatasetError) {
    for index in places(source.count) {
      _ = source.label(index)
      _ = try source.image(index)
      _ = try source.imageFile(index)
    }
  }

  /// The last sample that was read.
  private static func read(_ data: any ImageDataset) throws(DatasetError) -> [Float] {
    _ = (data.usedLabelCount, data.classNames, data.characters)
    var pixels = [Float](repeating: 0, count: data.valuesPerImage)
    for index in places(data.count) {
      try pixels.withUnsafeMutableBufferPointer { (buffer) throws(DatasetError) in
        _ = try data.read(index, into: buffer.baseAddress!)
      }
    }
    return pixels
  }

  private static let folder: String = {
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    let path = "\(parent)/lockstep-fuzz-\(getpid())"
    precondition(mkdir(path, 0o700) == 0, "a folder for the fuzzer")
    atexit { Reading.removeFolder() }
    return path
  }()

  private static func removeFolder() {
    for name in ["input", "input.bin", "input.tar", "input.txt", "input.binvox", "index.txt", "0.tar"] {
      unlink("\(folder)/\(name)")
    }
    rmdir(folder)
  }
}
