import Conformance
import MessagePassing
import Testing

@Suite("Every communicator conforms")
struct CommunicatorTests {
  @Test("a rank alone conforms without MPI")
  func solo() throws {
    try CommunicatorConformance.run(on: SoloCommunicator())
  }

  @Test("threads conform, on no node, one or two", arguments: [1, 2, 3, 4, 8], 0...2)
  func threads(size: Int, nodeCount: Int) throws {
    let nodes = (0..<nodeCount).map { Array($0 * size / nodeCount..<($0 + 1) * size / nodeCount) }
    let ranks = try ThreadCommunicator.run(size: size, nodes: nodes) { communicator in
      try CommunicatorConformance.run(on: communicator)
      return communicator.rank
    }
    #expect(ranks == Array(0..<size))
  }

  @Test("a process that no launcher started is a world of one, without MPI")
  func alone() throws {
    let world = try World.join(LaunchEnvironment { _ in nil })
    let usesMPI = world.usesMPI
    #expect(!usesMPI)
    try CommunicatorConformance.run(on: try world.makeCommunicator())
    try world.leave()
  }
}

/// Needs mpirun, as every installation of Open MPI has it.
@Suite("MPI conforms", .serialized, .enabled(if: MPIRun.isAvailable))
struct MPICommunicatorTests {
  @Test("ranks under mpirun conform", arguments: [1, 2, 3, 4])
  func communicator(ranks: Int) throws {
    let outcome = try MPIRun.conformance(["communicator"], ranks: ranks)
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("conforms on \(ranks) ranks, MPI true"))
  }

  @Test("ranks of one node share memory", arguments: [2, 3])
  func memory(ranks: Int) throws {
    let outcome = try MPIRun.conformance(["memory"], ranks: ranks)
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test("messages that are cut into parts, as those above 1 GiB are, arrive whole")
  func parts() throws {
    let outcome = try MPIRun.conformance(["communicator", "part=65537"], ranks: 2)
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test(
    "a message of the wrong size is an error on its receiver, not a hang",
    arguments: CommunicatorConformance.wrongSizes.indices)
  func mismatchedSize(index: Int) throws {
    let outcome = try MPIRun.conformance(["mismatched-size-\(index)"], ranks: 2)
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test("collectives that differ are the same error on every rank, not a hang", arguments: [2, 3])
  func mismatchedCollectives(ranks: Int) throws {
    let outcome = try MPIRun.conformance(["mismatched-collectives"], ranks: ranks)
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test("processes of a foreign launcher, which MPI joins one by one, refuse to run side by side")
  func singletons() throws {
    let outcome = try MPIRun.alone(["communicator"], environment: ["PMI_SIZE": "2", "PMI_RANK": "0"])
    #expect(outcome.status == 3)
    #expect(outcome.output.contains("PMI_SIZE says that 2 processes were launched but MPI joined 1"))
  }

  @Test("a check that fails on one rank ends the job with the code it asked for")
  func abort() throws {
    let outcome = try MPIRun.conformance(["unheard-of"], ranks: 2)
    #expect(outcome.status == 3, "\(outcome.output)")
    #expect(outcome.output.contains("there is no check unheard-of"))
  }
}
