import Foundation
import Platform
import Testing

extension EndToEnd {
  /// Runs that find no more memory.
  struct MemoryTests {
    @Test("where memory runs out within a run, its status says so, on which rank and in which step")
    func exhausted() throws {
      let folder = try Folder()
      // At its end, where nothing else is left to do, it draws what takes more than it has had.
      let job = try Lockstep.start(
        ["train", "dcgan", "steps=200", "checkpoint.every=10", "samples.count=4096", "samples.every=0"]
          + narrow + ["threads=1", "--run", "run"], in: folder)
      let hasSaved = try job.wait { folder.has("run/checkpoints/step-00000010") }
      try #require(hasSaved)
      let pid = try #require(Processes.withWord("samples.count=4096").first)
      let sizes = try String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8).split(separator: " ")
      let inUse = try #require(sizes.first.flatMap { Int($0) }) * Int(getpagesize())
      let words = ["/usr/bin/env", "prlimit", "--pid", "\(pid)", "--as=\(inUse + 8 << 20)"]
      try #require(try Job(words, in: folder).wait().status == 0)
      let finished = try job.wait()
      #expect(finished.status == 78, "\(finished.errors)")
      let status = String(decoding: try folder.bytes("run/status.json"), as: UTF8.self)
      let place = "rank 0 on \(Host.name ?? "") has run out of memory after step 200"
      #expect(status.contains("\"state\":\"failed\"") && status.contains("\"exit_code\":78"), "\(status)")
      #expect(status.contains(place), "\(status)")
    }
  }
}
