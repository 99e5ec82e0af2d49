import Datasets
import Foundation
import TestSupport
import Testing
import Training

@Suite("Data are packed as they are, or as a run would see them")
struct DataPackTests {
  private let folder = TemporaryFolder()

  @Test("only numbers are said to be rounded to bytes, whether or not images are brought to one size")
  func rounding() throws {
    for (type, bytes, isRounded) in [("|u1", 1, false), ("<f4", 4, true)] {
      // Three images of 8x8 zeros, as NumPy writes them.
      let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (3, 8, 8), }"
      let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
      let head = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8)
      let path = "\(folder.path)/\(bytes).npy"
      try Data(head + [UInt8](repeating: 0, count: 3 * 8 * 8 * bytes)).write(to: URL(fileURLWithPath: path))
      for isFitted in [false, true] {
        let request = DatasetRequest(source: path, size: 4, channels: 1, resize: isFitted ? .crop : .none)
        let pack = try DataPack(
          request, to: "\(folder.path)/\(bytes)-\(isFitted)/", shardBytes: 1 << 20, isFitted: isFitted)
        #expect(pack.samples == 3 && pack.isRounded == isRounded, "\(type), \(isFitted)")
      }
    }
  }
}
