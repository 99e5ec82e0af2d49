import CMPI

extension MPICommunicator {
  /// MPI's own sum over all ranks (`MPI_Allreduce`), to be measured against. Its bits depend on the number of
  /// ranks, so no result of it may reach a weight.
  /// - Precondition: MPI can count the elements, in 32 bits.
  package func libraryAllReduce(
    _ values: UnsafePointer<Float>, into sums: UnsafeMutablePointer<Float>, count: Int
  ) throws(CommunicationError) {
    precondition(count <= Int(Int32.max), "MPI cannot count \(count) elements")
    try MPILibrary.check(
      MPI_Allreduce(values, sums, Int32(count), CMPI_FLOAT(), CMPI_SUM(), handle), "MPI_Allreduce", rank: rank
    )
  }
}
