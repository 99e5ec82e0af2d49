import Testing
import Training

@Suite("The watchdog tells who has not connected")
struct WatchAbsenceTests {
  private let report = WatchReport(hosts: ["node1", "node1", "node2"])

  @Test("ranks are named with their hosts and that of rank 0")
  func absent() {
    #expect(
      report.absent([1]).hasPrefix("rank 1 on node1 has not connected to rank 0 on node1, which would "))
    #expect(
      report.absent([1, 2]).contains(
        " have not connected to rank 0 on node1, which would not notice their end; "))
  }
}
