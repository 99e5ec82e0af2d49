import Foundation
import Reporting
import TestSupport
import Testing

@Suite("TensorBoard")
struct TensorBoardTests {
  @Test(
    "the checksum is that of RFC 3720, appendix B.4",
    arguments: [
      ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
      ([UInt8](0..<32), 0x46DD_794E), ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
      (
        [
          0x01, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x14,
          0, 0, 0,
          0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
        ], 0xD996_3A56
      ), (Array("123456789".utf8), 0xE306_9283), ([], 0),
    ] as [([UInt8], UInt32)])
  func checksum(bytes: [UInt8], expected: UInt32) {
    #expect(CRC32C.checksum(bytes) == expected)
  }

  @Test("a record is length, masked checksum, data, masked checksum")
  func framing() {
    let record = TFRecord.framed(Array("123456789".utf8))
    #expect(record.count == 8 + 4 + 9 + 4)
    #expect(Array(record[..<8]) == [9, 0, 0, 0, 0, 0, 0, 0])
    // ((0xE3069283 >> 15) | (0xE3069283 << 17)) + 0xA282EAD8
    #expect(Array(record[21...]) == [0xE5, 0xB0, 0x8A, 0xC7])
  }

  @Test("file names sort in the order of the sessions, whatever the clock says")
  func names() throws {
    let folder = TemporaryFolder()
    func session(at time: Double) throws -> String {
      try TensorBoardWriter(folder: folder.path, wallTime: { time }, host: "node 1/../x", process: 7).path
    }
    let paths = try [session(at: 2000), session(at: 2000), session(at: 5), session(at: 3000.9)]
    #expect(
      paths
        == ["0000002000", "0000002001", "0000002002", "0000003000"].map {
          folder.path(of: "events.out.tfevents.\($0).node_1____x.7.v2")
        })
    #expect(paths.sorted() == paths)
  }

  @Test("a folder that cannot be made is named")
  func failure() {
    #expect(throws: ReportingError.cannotWrite(path: "/proc/none", operation: "mkdir", errno: 2)) {
      try TensorBoardWriter(folder: "/proc/none")
    }
  }

  // Needs TensorBoard's own reader: the python of LOCKSTEP_PYTHON, /opt/peers/bin/python or the path's
  // python3.
  @Test(
    "TensorBoard reads scalars and pictures, and shows each step once after a resume",
    .enabled(if: Python.withTensorBoard != nil))
  func reader() throws {
    let folder = TemporaryFolder()
    let picture = try PNGFile(
      encoding: Pixels(width: 3, height: 2, channels: 1, samples: [0, 50, 100, 150, 200, 250]))
    let first = try TensorBoardWriter(folder: folder.path)
    for step in 1...6 {
      try first.write(scalars: [("loss/D", Double(step) / 8), ("loss/G", step == 2 ? .nan : 2)], step: step)
    }
    try first.write(picture: picture, tag: "samples", step: 4)
    try first.write(picture: picture, tag: "samples", step: 6)
    // The run was killed behind step 6; its last checkpoint is step 4.
    let second = try TensorBoardWriter(folder: folder.path, resumingAfter: 4)
    try second.write(scalars: [("loss/D", 9), ("loss/G", 3)], step: 5)
    try second.synchronize()

    let output = try #require(Python.withTensorBoard).run(Self.script, [folder.path])
    #expect(
      output == """
        scalars ['loss/D', 'loss/G'] images ['samples']
        loss/D [(1, 0.125), (2, 0.25), (3, 0.375), (4, 0.5), (5, 9.0)]
        loss/G [(1, 2.0), (2, nan), (3, 2.0), (4, 2.0), (5, 3.0)]
        samples [(4, 3, 2, \(picture.bytes.count), b'\\x89PNG')]
        loss/D [1, 2, 3, 4, 5]
        samples [4]

        """)
  }

  /// Reads with the classic accumulator and with the one behind today's dashboards.
  private static let script = """
    import sys
    from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
    a = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'images': 0})
    a.Reload()
    print('scalars', a.Tags()['scalars'], 'images', a.Tags()['images'])
    for tag in a.Tags()['scalars']:
        print(tag, [(e.step, e.value) for e in a.Scalars(tag)])
    print('samples', [(e.step, e.width, e.height, len(e.encoded_image_string), e.encoded_image_string[:4])
                      for e in a.Images('samples')])
    p = plugin_event_accumulator.EventAccumulator(sys.argv[1], size_guidance={'tensors': 0})
    p.Reload()
    for tag in ('loss/D', 'samples'):
        print(tag, [e.step for e in p.Tensors(tag)])
    """
}

/// A Python interpreter beside the program, to check against.
struct Python: Sendable {
  let path: String

  /// One that imports `tensorboard`, nil if there is none on this machine.
  static let withTensorBoard: Python? = {
    let environment = ProcessInfo.processInfo.environment
    let candidates = [environment["LOCKSTEP_PYTHON"], "/opt/peers/bin/python", "/usr/bin/python3"].compactMap
    { $0 }
    return candidates.map(Python.init).first { (try? $0.run("import tensorboard", [])) != nil }
  }()

  struct Failure: Error {
    let status: Int32
  }

  /// What `script` prints, given `arguments`.
  func run(_ script: String, _ arguments: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["-c", script] + arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(status: process.terminationStatus) }
    return String(decoding: data, as: UTF8.self)
  }
}
