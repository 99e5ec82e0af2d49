import Conformance
import MessagePassing
import Testing

@Suite("Misuse of the thread communicator is an error, never a hang")
struct MisuseTests {
  struct Broken: Error, Equatable {}

  @Test(
    "a message of the wrong size names both ends and both sizes",
    arguments: CommunicatorConformance.wrongSizes)
  func messageSize(sent: Int, expected: Int) throws {
    let results = ThreadCommunicator.results(size: 2) { communicator in
      try CommunicatorConformance.mismatchedSize(communicator, sent: sent, expected: expected)
    }
    for result in results { try result.get() }
  }

  @Test("collectives that differ are the same error on every rank", arguments: [2, 3, 5])
  func collectives(size: Int) throws {
    let results = ThreadCommunicator.results(size: size) { communicator in
      try CommunicatorConformance.mismatchedCollectives(communicator)
    }
    for result in results { try result.get() }
  }

  @Test("an error on one rank reaches the caller and the others do not wait for it", arguments: [2, 4])
  func oneRankFails(size: Int) throws {
    let results = ThreadCommunicator.results(size: size) { communicator in
      if communicator.rank == 1 { throw Broken() }
      try communicator.barrier()
    }
    for (rank, result) in results.enumerated() {
      if rank == 1 {
        #expect(throws: Broken()) { try result.get() }
      } else {
        let error = #expect(throws: CommunicationError.self) { try result.get() }
        #expect(error?.description.contains("rank 1 has left") == true)
      }
    }
    #expect(throws: Broken()) {
      try ThreadCommunicator.run(size: size) { communicator in
        if communicator.rank == 1 { throw Broken() }
        try communicator.barrier()
      }
    }
  }

  @Test("ranks that wait for each other are told so")
  func deadlock() throws {
    let results = ThreadCommunicator.results(size: 2) { communicator in
      if communicator.rank == 0 {
        try communicator.barrier()
      } else {
        var byte: [UInt8] = [0]
        try byte.withUnsafeMutableBytes { bytes in
          try communicator.exchange(
            sends: [], receives: [IncomingMessage(from: 0, tag: 7, buffer: bytes)])
        }
      }
    }
    for result in results {
      let error = #expect(throws: CommunicationError.self) { try result.get() }
      #expect(error?.description.contains("rank 1 waits for message 7 from rank 0") == true)
    }
  }

  @Test("alone, a message without its counterpart is an error")
  func solo() {
    var byte: [UInt8] = [0]
    byte.withUnsafeMutableBytes { bytes in
      let communicator = SoloCommunicator()
      #expect(throws: CommunicationError.self) {
        try communicator.exchange(sends: [], receives: [IncomingMessage(from: 0, tag: 7, buffer: bytes)])
      }
      #expect(throws: CommunicationError.self) {
        try communicator.exchange(
          sends: [OutgoingMessage(to: 0, tag: 7, bytes: UnsafeRawBufferPointer(bytes))], receives: [])
      }
    }
  }
}
