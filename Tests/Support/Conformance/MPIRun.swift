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

  /// Runs groups of checks on `ranks` ranks; a job that hangs is ended after a minute with status 110.
  package static func conformance(_ arguments: [String], ranks: Int) throws -> Outcome {
    let flags = ["-n", "\(ranks)", "--oversubscribe", "--bind-to", "none", "--timeout", "60"]
    return try run(mpirun ?? "/usr/bin/mpirun", flags + [try program()] + arguments, environment: [:])
  }

  /// Runs the program by itself, as the launcher of another MPI would.
  package static func alone(_ arguments: [String], environment: [String: String]) throws -> Outcome {
    try run(try program(), arguments, environment: environment)
  }

  /// The program lies beside the test bundle that is running.
  private static func program() throws -> String {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: bundle).deletingLastPathComponent()
      .appendingPathComponent("mpi-conformance").path
  }

  private static func run(
    _ program: String, _ arguments: [String], environment: [String: String]
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if getuid() == 0 {
      variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    process.environment = variables
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Outcome(status: process.terminationStatus, output: output)
  }
}
