import Checkpoints
package import MessagePassing
import Platform

#if canImport(Glibc)
  import Glibc
#endif

/// What must be the same on every rank before the first step.
package struct Handshake: Sendable {
  /// SHA-256 of the program file.
  package let program: String
  /// The instruction set that the kernels use, on which the bits of a result depend.
  package let kernels: String
  /// The processor that the BLAS library computes for, on which the last digits of the measures of quality
  /// depend, and so what is decided on them; alike on all ranks where nothing is measured.
  package let blas: String
  /// SHA-256 of the resolved options as this rank understands them.
  package let options: String
  /// The fingerprint of the data as this rank reads them.
  package let data: String

  /// What this rank has.
  package init(program: String, kernels: String, blas: String, options: String, data: String) {
    self.blas = blas
    self.program = program
    self.kernels = kernels
    self.options = options
    self.data = data
  }

  /// Compares all ranks with rank 0: one all-gather of some 200 bytes a rank.
  /// - Throws: ``CoordinationError/disagreement(_:)`` on rank 0, which names the ranks, their hosts and what
  ///   differs; ``CoordinationError/elsewhere(_:)`` on the others.
  package func verify(over communicator: any Communicator) throws {
    let record = [program, kernels, blas, options, data, communicator.processorName].joined(separator: "\n")
    let records = try communicator.allGather(Array(record.utf8)).map {
      String(decoding: $0, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(
        String.init)
    }
    func host(_ rank: Int) -> String { records[rank][Self.subjects.count] }
    var differences: [String] = []
    var advice: [String] = []
    for (subject, (name, mend)) in Self.subjects.enumerated() {
      let ranks = records.indices.filter { records[$0][subject] != records[0][subject] }
      guard !ranks.isEmpty else { continue }
      let list = ranks.prefix(4).map { "rank \($0) on \(host($0))" }.joined(separator: ", ")
      let more = ranks.count > 4 ? " and \(ranks.count - 4) more" : ""
      differences.append("\(name) of \(list)\(more)")
      advice.append(mend)
    }
    guard !differences.isEmpty else { return }
    guard communicator.rank == 0 else { throw CoordinationError.elsewhere(.disagreement) }
    throw CoordinationError.disagreement(
      "\(differences.joined(separator: "; ")) differs from rank 0's on \(host(0)); "
        + advice.joined(separator: ", and "))
  }

  /// What is compared, in the order of the record, and what to do where it differs.
  private static let subjects = [
    ("the program", "copy one program to every host"),
    (
      "the instruction set",
      "use hosts of one kind, or have all ranks use LOCKSTEP_KERNELS=baseline (mpirun -x, or lockstep launch)"
    ),
    (
      "the processor that OpenBLAS computes for",
      "give all ranks one OPENBLAS_CORETYPE (mpirun -x OPENBLAS_CORETYPE=Haswell, or lockstep launch)"
    ),
    ("the options", "start all ranks with one command"),
    ("the data", "copy one data set to every host"),
  ]

  /// SHA-256 of the running program's file, or a fixed text where it cannot be read.
  package static func programDigest() -> String {
    guard let file = fopen("/proc/self/exe", "rb") else { return "unreadable" }
    defer { fclose(file) }
    let hash = SHA256()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = fread(buffer.baseAddress, 1, buffer.count, file)
      if count == 0 { break }
      hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return hash.digest()
  }
}
