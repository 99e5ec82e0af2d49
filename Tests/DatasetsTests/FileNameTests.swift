import Datasets
import Testing

@Suite("Names of files")
struct FileNameTests {
  /// A shard without samples: a tar's two blocks of zeros.
  private let shard = [UInt8](repeating: 0, count: 1024)
  private let record = [UInt8](repeating: 7, count: 3073)

  @Test("a file is taken for what its name ends in, in capitals too, by itself and in a folder")
  func capitals() throws {
    for (name, bytes, format) in [
      ("A.TXT", Array("abcd".utf8), "text"), ("data_batch_1.BIN", record, "CIFAR-10 binary"),
    ] {
      let folder = TemporaryFolder()
      for path in [folder.write(bytes, name), folder.path] {
        let request = DatasetRequest(source: path, size: 4, channels: 1)
        #expect(try Datasets.source(request).format == format)
      }
    }
    for (name, words) in [
      ("A.TAR", "0 samples: no PNG"), ("A.TAR.GZ", "a compressed tar"), ("A.CSV", "a table of text"),
    ] {
      let folder = TemporaryFolder()
      let path = folder.write(shard, name)
      #expect(failure { _ = try open(path, size: 4) }?.description.contains(words) == true, "\(name)")
    }
    let folder = TemporaryFolder()
    folder.write(shard, "A.TAR")
    let error = failure { _ = try open(folder.path, size: 4) }
    #expect(error?.description.contains("in 1 shard") == true, "\(error?.description ?? "read")")
  }
}
