// Runs under mpirun; the tests start it. `mpi-conformance CHECK [PART]` holds the MPI communicator to one group of
// checks, with messages cut into parts of PART bytes, and prints `conforms` on rank 0.

import Conformance
import DataParallel
import Glibc
import MessagePassing

func check(_ name: String, over communicator: any Communicator) throws {
  switch name {
  case "communicator":
    try CommunicatorConformance.run(on: communicator)
  case "reduction":
    for microBatches in [8, 16] {
      try ReductionConformance.run(on: communicator, microBatches: microBatches)
    }
  case "mismatched-size":
    try CommunicatorConformance.mismatchedSize(communicator)
  case "mismatched-collectives":
    try CommunicatorConformance.mismatchedCollectives(communicator)
  case "divergence":
    try DivergenceConformance.run(on: communicator)
  default:
    throw ConformanceFailure(description: "there is no check \(name)")
  }
}

func run() throws {
  let arguments = CommandLine.arguments
  let world = try World.join()
  let communicator = try world.makeCommunicator()
  if arguments.count > 2, let part = Int(arguments[2]), let mpi = communicator as? MPICommunicator {
    mpi.partLimit = part
  }
  let (rank, size) = (communicator.rank, communicator.size)
  // Like a training run: another thread than the one that joined communicates.
  let thread = CommunicationThread(communicator)
  try thread.submit { try check(arguments.count > 1 ? arguments[1] : "communicator", over: $0) }.wait()
  thread.finish()
  if rank == 0 { print("conforms on \(size) ranks, MPI \(world.usesMPI)") }
  try world.leave()
}

do {
  try run()
} catch {
  let line = "mpi-conformance: \(error)\n"
  _ = line.withCString { write(2, $0, strlen($0)) }
  World.abort(code: 76)
}
