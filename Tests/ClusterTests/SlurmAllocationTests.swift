import Cluster
import Testing

@Suite("What Slurm has given a job")
struct SlurmAllocationTests {
  @Test("the slots are the sum of tasks over nodes, whose like stand together")
  func slots() {
    #expect(SlurmAllocation.slots("1") == 1)
    #expect(SlurmAllocation.slots("2(x3),1,4(x2)") == 15)
  }

  @Test(
    "no sum is made of anything else",
    arguments: ["", "two", "2,", "0", "-1", "2(x)3(x4)", "2(x0)", "99999999999999999999"])
  func none(text: String) {
    #expect(SlurmAllocation.slots(text) == nil)
  }
}
