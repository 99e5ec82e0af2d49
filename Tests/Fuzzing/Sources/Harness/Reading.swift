import Datasets
import Glibc
import TensorCore

/// Files for readers that take paths, in memory where the system has such a folder.
package enum Reading {
  /// Writes the input under `name` into a folder of this process, opens it as training, as `data check` and as
  /// `sample --context` do, and decodes the first samples and the last. Whatever the bytes are, this returns.
  /// - Parameters:
  ///   - name: its file, or a folder's and its.
  ///   - other: lies beside the input.
  ///   - opensFolder: whether the folder is opened instead of the input, as it is where something lies beside
  ///     that.
  package static func run(
    _ start: UnsafePointer<UInt8>?, _ count: Int, name: String,
    beside other: (name: String, bytes: [UInt8])? = nil, opensFolder: Bool = false
  ) {
    let path = folder + "/" + name
    let parent = String(path[..<path.lastIndex(of: "/")!])
    if parent != folder { mkdir(parent, 0o700) }
    if let other {
      other.bytes.withUnsafeBufferPointer { write($0.baseAddress, $0.count, to: parent + "/" + other.name) }
    }
    write(start, count, to: path)
    open(other == nil && !opensFolder ? path : parent)
  }

  private static func write(_ start: UnsafePointer<UInt8>?, _ count: Int, to path: String) {
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    precondition(descriptor >= 0, "the fuzzer writes its input to \(path)")
    precondition(count == 0 || Glibc.write(descriptor, start, count) == count, "a whole input")
    close(descriptor)
  }

  private enum Way: CaseIterable {
    case images, cropped, padded, stacked, checked, points, volumes, listedVolumes, checkedVolumes
    case partial, greyPartial, partialVolumes

    func request(_ path: String) -> DatasetRequest {
      var request = DatasetRequest(source: path, size: 16, channels: 3, labelCount: 10)
      switch self {
      case .cropped: request.resize = .crop
      case .padded: request.resize = .pad
      case .stacked: (request.stack, request.channels, request.labelCount) = (2, 2, nil)
      case .points: (request.size, request.channels) = (1, 2)
      case .volumes: (request.isVolume, request.channels) = (true, 1)
      default: break
      }
      return request
    }
  }

  private static func open(_ path: String) {
    for way in Way.allCases {
      let request = way.request(path)
      do throws(DatasetError) {
        switch way {
        case .images, .cropped, .padded, .stacked, .volumes: try checkRange(read(Datasets.open(request)))
        case .checked: try decode(Datasets.source(request, problems: SampleProblems(collects: true)))
        case .points:
          let values = try read(Datasets.open(request))
          precondition(values.allSatisfy(\.isFinite), "coordinates are finite")
        case .listedVolumes:
          guard let volumes = try Datasets.volumesIfAny(request) else { continue }
          try checkRange(read(volumes))
        case .checkedVolumes:
          guard let volumes = try Datasets.volumesIfAny(request, problems: SampleProblems(collects: true))
          else { continue }
          _ = (volumes.format, volumes.type, volumes.least, volumes.largest, volumes.ignored)
          _ = try read(volumes)
        case .partial:
          try check(PartialSamples.read(path, sampleShape: [2, 2, 3], [3, 5, 3], [16, 16, 3]))
        case .greyPartial: try check(PartialSamples.read(path, sampleShape: [2, 2, 1], [7, 9, 1]))
        case .partialVolumes: try check(PartialSamples.read(path, sampleShape: [4, 4, 4, 1], [2, 2, 2, 1]))
        }
      } catch {
        // A message for people, on one line.
        precondition(
          !error.description.utf8.contains { $0 < 0x20 }, "control characters in \(error.description)")
      }
    }
  }

  private static func checkRange(_ values: [Float]) {
    precondition(values.allSatisfy { $0 >= -1 && $0 <= 1 }, "values lie in -1...1")
  }

  /// That something of each sample is known, and what is not is 0.
  private static func check(_ contexts: Tensor) {
    let (values, channels) = (contexts.scalars, contexts.shape.channels)
    checkRange(values)
    let count = values.count / contexts.shape[0]
    for sample in 0..<contexts.shape[0] {
      var isKnown = false
      for place in stride(from: sample * count, to: (sample + 1) * count, by: channels) {
        let mask = values[place + channels - 1]
        precondition(
          mask == 1 || mask == 0 && values[place..<place + channels - 1].allSatisfy { $0 == 0 },
          "what is unknown is 0")
        isKnown = isKnown || mask == 1
      }
      precondition(isKnown, "something of each sample is known")
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
    _ = (data.usedLabelCount, data.classNames, data.characters, data.remarks)
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
    let files = [
      "input", "input.bin", "input.tar", "input.txt", "input.binvox", "index.txt", "0.tar", "images/0.png",
      "two/0.binvox", "two/input.binvox", "labels/train-labels-idx1-ubyte", "labels/train-images-idx3-ubyte",
    ]
    for name in files { unlink("\(folder)/\(name)") }
    for name in ["/images", "/two", "/labels", ""] { rmdir(folder + name) }
  }
}
