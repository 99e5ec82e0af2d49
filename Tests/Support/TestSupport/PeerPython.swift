import Foundation

/// The Python that results are held against: `$LOCKSTEP_PYTHON`, or that of the peers.
package enum PeerPython {
  package static let path = ProcessInfo.processInfo.environment["LOCKSTEP_PYTHON"] ?? "/opt/peers/bin/python"

  /// The exit status of a run whose output nobody reads.
  package static func status(of arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
