import Checkpoints
import Glibc
import Platform
import TestSupport
import Testing

@Suite struct AttemptsTests {
  private let folder = TemporaryFolder()

  private func store(steps: ClosedRange<Int>) throws -> CheckpointStore {
    let store = CheckpointStore(directory: folder.path, keepLast: 9)
    for step in steps { try store.save(sampleContents(step: step)) }
    return store
  }

  @Test("a generation from which two starts have come to nothing is passed over, by name, for an older one")
  func passedOver() throws {
    let store = try store(steps: 1...2)
    try store.countAttempt(from: "step-00000002")
    #expect(try store.newestValid(maximumAttempts: 2).generation?.step == 2)
    try store.countAttempt(from: "step-00000002")
    let found = try store.newestValid(maximumAttempts: 2)
    #expect(found.generation?.step == 1)
    let text = try #require(found.rejected.first).reason.description
    #expect(
      text.contains("starts from it ended") && text.contains("step-00000002") && text.contains("attempts"),
      "\(text)")
    #expect(try store.newestValid().generation?.step == 2, "only starts are limited, not looks")
    for _ in 0..<2 { try store.countAttempt(from: "step-00000001") }
    let last = try store.newestValid(maximumAttempts: 2)
    #expect(last.generation == nil && last.rejected.map(\.name) == ["step-00000002", "step-00000001"])
  }

  @Test("starts from a generation that was set aside for another are counted too")
  func setAside() throws {
    let store = try store(steps: 1...2)
    let name = "step-00000002.replaced-ab"
    rename(folder.path + "/step-00000002", folder.path + "/" + name)
    for count in 1...2 {
      #expect(try store.newestValid(maximumAttempts: 2).generation?.name == name)
      try store.countAttempt(from: name)
      #expect(store.attempts == [name: count])
    }
    #expect(try store.newestValid(maximumAttempts: 2).generation?.step == 1)
    try store.forgetAttempts(from: name)
    #expect(store.attempts.isEmpty)
  }

  @Test("what several threads count is counted")
  func concurrent() throws {
    let store = try store(steps: 1...4)
    let threads = (1...4).map { step in
      SystemThread { for _ in 0..<25 { try? store.countAttempt(from: "step-0000000\(step)") } }
    }
    for thread in threads { thread.join() }
    #expect(store.attempts.sorted { $0.key < $1.key }.map(\.value) == [25, 25, 25, 25])
  }

  @Test("a count is forgotten when the run gets on, and when the generation is written anew")
  func forgotten() throws {
    let store = try store(steps: 1...2)
    try store.countAttempt(from: "step-00000001")
    try store.countAttempt(from: "step-00000002")
    try store.forgetAttempts(from: "step-00000001")
    #expect(store.attempts == ["step-00000002": 1])
    try store.save(sampleContents(step: 2, seed: 1))
    #expect(store.attempts.isEmpty)
    #expect(names(in: folder.path) == ["latest", "step-00000001", "step-00000002"])
  }

  @Test("counts of generations that are gone go too")
  func gone() throws {
    let store = try store(steps: 1...2)
    for step in 1...2 { try store.countAttempt(from: "step-0000000\(step)") }
    try CheckpointStore(directory: folder.path, keepLast: 1).save(sampleContents(step: 3))
    try store.countAttempt(from: "step-00000003")
    #expect(store.attempts == ["step-00000003": 1])
  }

  @Test(
    "a file of counts that is none counts nothing",
    arguments: [
      "", "\n\n", "step-00000001", "step-00000001 2 3", "step-00000001 -2",
      "step-00000001 99999999999999999999",
      "../step-00000001 2", "step-1 2", "\u{0}\u{1b}[2J",
    ])
  func garbage(text: String) throws {
    let store = try store(steps: 1...1)
    writeFile(folder.path + "/attempts", Array(text.utf8))
    #expect(store.attempts.isEmpty)
    #expect(try store.newestValid(maximumAttempts: 2).generation?.step == 1)
  }
}
