import Foundation
import Testing

extension EndToEnd {
  /// `cluster/deploy` to this machine, which a script in place of ssh makes the other host.
  struct DeployTests {
    private let folder: Folder
    private var target: String { folder.path + "/there/lockstep" }

    init() throws {
      folder = try Folder()
      try FileManager.default.createDirectory(
        atPath: folder.path + "/there", withIntermediateDirectories: true)
      try Data("good".utf8).write(to: URL(fileURLWithPath: target))
      try Data("node1 slots=1\nnode1 slots=2\n".utf8).write(to: URL(fileURLWithPath: folder.path + "/hosts"))
    }

    /// Copies `program`; `filter` is what the copy goes through on its way.
    private func deploy(_ program: String, through filter: String = "cat") throws -> Finished {
      try folder.writeScript("for word; do :; done; \(filter) | sh -c \"$word\"", "ssh")
      let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
      let words = [Package.folder + "/cluster/deploy", folder.path + "/hosts", target]
      return try Job(
        ["/usr/bin/env", "PATH=\(folder.path):\(path)", "LOCKSTEP=\(program)"] + words, in: folder
      ).wait()
    }

    private var names: [String] {
      get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path + "/there") }
    }

    @Test("a whole copy takes the place of the program, once where a host is named twice")
    func whole() throws {
      let finished = try deploy(Lockstep.path!)
      #expect(finished.status == 0, "\(finished.output)\(finished.errors)")
      #expect(finished.output.components(separatedBy: "node1  \(target)").count == 2, "\(finished.output)")
      #expect(FileManager.default.contentsEqual(atPath: target, andPath: Lockstep.path!))
      #expect(try names == ["lockstep"])
    }

    @Test("a copy that is cut off, or does not start, leaves the program that was there and nothing else")
    func bad() throws {
      let cut = try deploy(Lockstep.path!, through: "head -c 1000")
      #expect(cut.status == 69 && cut.output.contains("not whole"), "\(cut.output)\(cut.errors)")
      let broken = try deploy("/bin/false")
      #expect(broken.status == 69 && broken.output.contains("cannot start"), "\(broken.output)")
      #expect(try String(contentsOfFile: target, encoding: .utf8) == "good")
      #expect(try names == ["lockstep"])
    }

    @Test("a program that cannot be read ends with 66 and a line of its own")
    func missing() throws {
      let finished = try deploy("/nope")
      #expect(finished.status == 66 && finished.errors.contains("LOCKSTEP=/nope"), "\(finished.errors)")
    }
  }
}
