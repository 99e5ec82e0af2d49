import Checkpoints
import DataParallel
import Datasets
import Foundation
import MessagePassing
import Platform
import Reporting
import TensorCore
import TestSupport
import Testing
import Training

@Suite("Every error has its documented exit code")
struct ExitStatusTests {
  /// The code of what `work` throws.
  private func code(_ work: () throws -> Void) throws -> Int32 {
    let error = #expect(throws: (any Error).self) { try work() }
    return ExitStatus(of: try #require(error)).rawValue
  }

  @Test("errors of the rooms below")
  func rooms() throws {
    let folder = TemporaryFolder()
    try Data("not an image set".utf8).write(to: URL(fileURLWithPath: folder.path + "/bad-images-idx3-ubyte"))
    #expect(try code { throw PlanError.emptyBatch(batch: 0) } == 78)
    #expect(
      try code {
        throw TurnError(network: "generator", step: 1, place: "main.0.weight", ranks: [1])
      } == 79)
    #expect(try code { throw WatchError(verdict: .collapsed, step: 9, rewinds: 1, refuge: 5) } == 79)
    #expect(
      try code {
        _ = try Datasets.open(DatasetRequest(source: folder.path + "/missing", size: 32, channels: 1))
      } == 66)
    let bad = DatasetRequest(source: folder.path + "/bad-images-idx3-ubyte", size: 32, channels: 1)
    #expect(try code { _ = try Datasets.open(bad) } == 65)
    #expect(
      try code {
        let picture = ImageGrid().pixels(of: Tensor(repeating: 0, shape: [1, 2, 2, 1]))
        try PNGFile.write(picture, to: folder.path + "/no/a.png")
      } == 74)
    #expect(
      try code {
        _ = try ThreadCommunicator.run(size: 2) { communicator in
          let difference = try ReplicaCheck.difference(
            "state", hash: [UInt8(communicator.rank)], step: 1, over: communicator)
          throw try #require(difference)
        }
      } == 76)
    struct Surprise: Error {}
    #expect(try code { throw Surprise() } == 1)
  }

  private static let barrier = CollectiveHeader(operation: .barrier)

  @Test(
    "errors of communication: a lost rank may be tried again, ranks that differ and a wrong start may not",
    arguments: [
      (.mpi(call: "receive", rank: 1, code: 17, text: "x"), 69), (.stalled(waits: "x"), 69),
      (.messageSize(source: 0, destination: 1, tag: 4, sent: 64, expected: 100), 76),
      (.collectivesDiffer(rank: 1, entered: barrier, reference: barrier), 76),
      (.otherProgram(call: "barrier", rank: 0, other: 1), 76),
      (.singletons(launched: 4, joined: 1, variable: "PMI_SIZE"), 78),
      (.unsupported(call: "MPI_Init_thread", text: "x"), 78),
    ] as [(CommunicationError, Int32)])
  func communication(error: CommunicationError, expected: Int32) {
    #expect(ExitStatus(of: error).rawValue == expected)
  }

  @Test(
    "errors of checkpoints",
    arguments: [
      (CheckpointError.Kind.damaged, 65), (.otherModel, 65), (.newerFormat, 65), (.notFound, 66),
      (.cannotCreate, 73), (.noSpace, 73), (.inputOutput, 74),
    ] as [(CheckpointError.Kind, Int32)])
  func checkpoints(kind: CheckpointError.Kind, expected: Int32) {
    let error = CheckpointError(kind, "x", path: "y")
    #expect(ExitStatus(of: error).rawValue == expected)
    #expect(ExitStatus(of: UnsharedError(cause: error)).rawValue == expected)
  }

  @Test("errors of options and of run folders")
  func training() throws {
    let folder = TemporaryFolder()
    #expect(try code { _ = try Options.resolve(recipe: "dcgan", overrides: ["nonsense=1"]) } == 78)
    #expect(try code { _ = try Options.resolve(recipe: folder.path + "/missing.yaml") } == 66)
    #expect(try code { _ = try RunFolder.reopen(at: folder.path) } == 66)
    #expect(
      try code {
        _ = try RunFolder.create(at: "/sys/kernel/a", options: Options.resolve(recipe: "dcgan"))
      } == 73)
  }

  @Test("errors of coordination carry the code of their cause")
  func coordination() throws {
    #expect(try code { throw CoordinationError.elsewhere(.stopped) } == 75)
    #expect(try code { throw CoordinationError.here(rank: 1, host: "a", .badData, message: "m") } == 65)
    #expect(try code { throw CoordinationError.disagreement("m") } == 76)
  }
}
