import MessagePassing
import Testing

@Suite("Values that need no communication")
struct PureValueTests {
  @Test("the most frequent record is the reference, of equals that of the lower rank")
  func agreement() {
    #expect(Agreement(of: [[1], [1]]) == Agreement(of: [[1]]))
    #expect(Agreement(of: [[1], [2]]).dissenters == [1])
    #expect(Agreement(of: [[9], [2], [2], [3]]).dissenters == [0, 3])
    #expect(Agreement(of: [[9], [2], [2], [3]]).reference == [2])
  }

  @Test("ranks are grouped by node, however they are placed")
  func layout() {
    let layout = NodeLayout(processorNames: ["b", "a", "b", "b", "a"])
    #expect(layout.names == ["b", "a"])
    #expect(layout.nodeOfRank == [0, 1, 0, 0, 1])
    #expect(layout.ranks(onNode: 0) == [0, 2, 3])
    #expect((0..<5).map(layout.localSize) == [3, 2, 3, 3, 2])
  }

  @Test("parts cover a message without gap or overlap and none exceeds the limit", arguments: 0..<50)
  func parts(count: Int) {
    for limit in 1..<12 {
      let parts = MPICommunicator.parts(of: count, limit: limit)
      #expect(parts.flatMap(Array.init) == Array(0..<count))
      #expect(parts.allSatisfy { $0.count <= limit } && !parts.isEmpty)
    }
  }

  @Test("MPI names itself before it is initialised")
  func library() {
    #expect(!MPILibrary.version.isEmpty)
  }

  @Test("errors are one line that ends in what to do")
  func errors() {
    let header = CommunicationError.messageSize(source: 0, destination: 1, tag: 4, sent: 64, expected: 100)
    #expect(
      header.description
        == "message 4 from rank 0 to rank 1 has 64 bytes instead of 100; "
        + "check that all ranks run the same program and recipe")
  }
}
