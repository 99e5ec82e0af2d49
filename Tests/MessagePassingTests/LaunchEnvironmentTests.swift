import MessagePassing
import Testing

@Suite("The launcher is read from the environment")
struct LaunchEnvironmentTests {
  private func environment(_ variables: [String: String]) -> LaunchEnvironment {
    LaunchEnvironment { variables[$0] }
  }

  @Test("no variable means no launcher, also within a Slurm allocation")
  func none() {
    #expect(environment([:]).launcher == .none)
    let batch = environment(["SLURM_JOB_ID": "7", "SLURM_PROCID": "0", "SLURM_NTASKS": "8"])
    #expect(batch.launcher == .none)
    #expect(environment(["SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"]).launcher == .none)
  }

  @Test("mpirun of Open MPI says size and rank")
  func openMPI() {
    let found = environment([
      "OMPI_COMM_WORLD_SIZE": "8", "OMPI_COMM_WORLD_RANK": "5", "PMIX_RANK": "5", "SLURM_STEP_NUM_TASKS": "2",
      "SLURM_PROCID": "1",
    ])
    #expect(found.launcher == .openMPI)
    #expect([found.size, found.rank] == [8, 5])
  }

  @Test("srun with PMIx is a launcher; srun without is one whose tasks cannot meet")
  func slurm() throws {
    var variables = ["SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "3"]
    let alone = environment(variables)
    #expect(alone.launcher == .slurmWithoutPMI)
    let error = #expect(throws: CommunicationError.self) { _ = try World.join(alone).usesMPI }
    #expect(error == .singletons(launched: 4, joined: 1, variable: "SLURM_STEP_NUM_TASKS"))
    variables["PMIX_RANK"] = "3"
    let found = environment(variables)
    #expect(found.launcher == .slurm)
    #expect([found.size, found.rank] == [4, 3])
    variables["SLURM_STEP_NUM_TASKS"] = "1"
    #expect(environment(variables).launcher == .slurm)
  }

  @Test("another PMI launcher is recognised")
  func pmi() {
    let found = environment(["PMI_SIZE": "3", "PMI_RANK": "2"])
    #expect(found.launcher == .pmi)
    #expect([found.size, found.rank] == [3, 2])
    let sizeless = environment(["PMIX_RANK": "1"])
    #expect(sizeless.launcher == .pmi && sizeless.size == nil && sizeless.rank == 1)
  }
}
