import Foundation

/// Starts `mpi-conformance` under mpirun.
package enum MPIRun {
  /// Whether mpirun is on the path; without it the tests that need it skip.
  package static let isAvailable = mpirun != nil

  private static let mpirun: String? = {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").map { "\($0)/mpirun" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  /// What a job came to.
  package struct Outcome {
    package let status: Int32
    package let output: String
  }

  /// Runs one group of checks on `ranks` ranks; a job that hangs is ended after a minute with status 110.
  package static func conformance(_ arguments: [String], ranks: Int) throws -> Outcome {
    // The program lies beside the test bundle that is running.
    let folder = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let program = URL(fileURLWithPath: folder).deletingLastPathComponent().appendingPathComponent(
      "mpi-conformance")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: mpirun ?? "/usr/bin/mpirun")
    process.arguments =
      ["-n", "\(ranks)", "--oversubscribe", "--bind-to", "none", "--timeout", "60", program.path] + arguments
    var environment = ProcessInfo.processInfo.environment
    if getuid() == 0 {
      environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    process.environment = environment
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Outcome(status: process.terminationStatus, output: output)
  }
}
