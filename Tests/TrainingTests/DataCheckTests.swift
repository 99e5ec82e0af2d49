import Datasets
import Foundation
import TestSupport
import Testing
import Training

@Suite("Data are checked before they are trained on")
struct DataCheckTests {
  @Test("points are read too: sound ones pass, one that is not finite is named")
  func points() throws {
    let folder = TemporaryFolder()
    for last in [Float(7), .nan] {
      let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"
      let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
      let head = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8)
      let values = [1, 2, 3, 4, 5, last].flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
      }
      let path = "\(folder.path)/points.npy"
      try Data(head + values).write(to: URL(fileURLWithPath: path))
      let request = DatasetRequest(source: path, size: 64, channels: 1)
      if last.isFinite {
        let check = try DataCheck(request)
        #expect(check.count == 3 && check.problems.isEmpty && check.advice == nil)
        #expect(check.remarks == ["points of the plane, labels: 0"])
      } else {
        let error = #expect(throws: DatasetError.self) { try DataCheck(request) }
        #expect(error?.place.contains("sample 2") == true, "\(error as Any)")
      }
    }
  }
}
