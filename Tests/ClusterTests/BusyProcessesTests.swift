import Cluster
import Platform
import Testing

@Suite("Processes that compute beside one that is timed")
struct BusyProcessesTests {
  private func start(_ count: Int, _ script: String) -> BusyProcesses {
    BusyProcesses(count, "/bin/sh", ["sh", "-c", script])
  }

  @Test("one that ends is an error with its last words, before all are there and after")
  func ended() throws {
    let others = start(2, "echo 'lockstep: no memory for 3 GiB more' >&2; exit 78")
    defer { others.end() }
    let error = #expect(throws: ClusterError.self) { try others.waitUntilBusy(milliseconds: 60_000) }
    #expect(
      error?.lines == ["a process beside this one ended: no memory for 3 GiB more; give --beside fewer"])

    let late = start(1, "echo busy >&2; exec sleep 0.3")
    defer { late.end() }
    try late.waitUntilBusy(milliseconds: 60_000)
    let limit = MonotonicClock.milliseconds + 60_000
    #expect(throws: ClusterError.self) {
      while MonotonicClock.milliseconds < limit { try late.check() }
    }
  }

  @Test("a program that cannot be started is an error")
  func absent() {
    let others = BusyProcesses(1, "/nowhere/lockstep", ["lockstep"])
    defer { others.end() }
    #expect(throws: ClusterError.self) { try others.waitUntilBusy(milliseconds: 60_000) }
  }

  @Test("the line that says so is waited for, and no other; all of them have one deadline")
  func deadline() throws {
    let busy = start(2, "echo busy >&2; exec sleep 600")
    defer { busy.end() }
    let first = MonotonicClock.milliseconds
    try busy.waitUntilBusy(milliseconds: 60_000)
    #expect(MonotonicClock.milliseconds - first < 60_000)

    let others = start(5, "echo something else >&2; exec sleep 600")
    defer { others.end() }
    let start = MonotonicClock.milliseconds
    try others.waitUntilBusy(milliseconds: 1000)
    let waited = MonotonicClock.milliseconds - start
    #expect(waited >= 1000 && waited < 4000, "\(waited)")
  }
}
