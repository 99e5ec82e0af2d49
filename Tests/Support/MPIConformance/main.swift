// Runs under mpirun; the tests start it. `mpi-conformance CHECK… [part=BYTES]` holds the MPI communicator to
// groups of checks, with messages cut into parts of so many bytes, and prints `conforms` on rank 0.

import Conformance
import DataParallel
import Glibc
import MessagePassing

func check(_ name: String, over communicator: any Communicator) throws {
  switch name {
  case "communicator":
    try CommunicatorConformance.run(on: communicator)
  case "reduction":
    try ReductionConformance.run(on: communicator, microBatches: 16)
    try ReductionConformance.run(
      on: communicator, microBatches: 8, counts: ReductionConformance.counts + [ReductionConformance.long])
    try ReductionConformance.run(
      on: communicator, microBatches: 8, counts: [5, ReductionConformance.long], byMessages: 4096)
    try ReductionConformance.plansThatDiffer(on: communicator, count: 200_000)
  case "memory":
    guard try communicator.nodeMemory() != nil else {
      throw ConformanceFailure(description: "ranks of one node share no memory")
    }
  case "allocations":
    try ReductionConformance.allocations(on: communicator)
  case "mismatched-size-0", "mismatched-size-1":
    let (sent, expected) = CommunicatorConformance.wrongSizes[Int(name.suffix(1))!]
    try CommunicatorConformance.mismatchedSize(communicator, sent: sent, expected: expected)
  case "mismatched-collectives":
    try CommunicatorConformance.mismatchedCollectives(communicator)
  case "divergence":
    try DivergenceConformance.run(on: communicator)
  default:
    throw ConformanceFailure(description: "there is no check \(name)")
  }
}

func run() throws {
  let checks = CommandLine.arguments.dropFirst().filter { !$0.hasPrefix("part=") }
  let part = CommandLine.arguments.dropFirst().first { $0.hasPrefix("part=") }?.dropFirst(5)
  let world = try World.join()
  let communicator = try world.makeCommunicator()
  if let part, let bytes = Int(part), let mpi = communicator as? MPICommunicator {
    mpi.partLimit = bytes
  }
  let (rank, size) = (communicator.rank, communicator.size)
  // Like a training run: another thread than the one that joined communicates.
  let thread = CommunicationThread(communicator)
  for name in checks {
    try thread.submit { try check(name, over: $0) }.wait()
  }
  thread.finish()
  if rank == 0 { print("conforms on \(size) ranks, MPI \(world.usesMPI)") }
  try world.leave()
}

do {
  try run()
} catch {
  let line = "mpi-conformance: \(error)\n"
  _ = line.withCString { write(2, $0, strlen($0)) }
  // No code of the command line's: this program tells failures apart by what it prints.
  World.abort(code: 3)
}
