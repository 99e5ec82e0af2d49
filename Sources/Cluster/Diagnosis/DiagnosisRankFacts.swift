import Training

/// What one rank tells rank 0 about itself.
package struct RankFacts: Sendable, Equatable {
  /// The node.
  package var host: String
  /// SHA-256 of the program file.
  package var program: String
  /// The version of the program.
  package var version: String
  /// The kernels in use and the instruction sets of the processor.
  package var kernels: String
  /// The digest of `ArithmeticProbe`.
  package var arithmetic: String
  /// What the MPI library says of itself.
  package var mpi: String
  /// What BLAS says of itself.
  package var blas: String
  /// Cores of the node.
  package var cores: Int
  /// Cores that the rank may use.
  package var usableCores: Int

  package init(
    host: String, program: String, version: String, kernels: String, arithmetic: String, mpi: String,
    blas: String,
    cores: Int, usableCores: Int
  ) {
    self.host = host
    self.program = program
    self.version = version
    self.kernels = kernels
    self.arithmetic = arithmetic
    self.mpi = mpi
    self.blas = blas
    self.cores = cores
    self.usableCores = usableCores
  }

  /// The record that travels: one field a line.
  package var record: [UInt8] {
    let texts = [host, program, version, kernels, arithmetic, mpi, blas].map { text in
      String(text.map { $0.isNewline ? " " : $0 })
    }
    return Array((texts + ["\(cores)", "\(usableCores)"]).joined(separator: "\n").utf8)
  }

  /// The facts of a record; nil where it is none, as from a program of another version.
  package init?(record: [UInt8]) {
    let fields = String(decoding: record, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard fields.count == 9, let cores = Int(fields[7]), let usable = Int(fields[8]) else { return nil }
    self.init(
      host: fields[0], program: fields[1], version: fields[2], kernels: fields[3], arithmetic: fields[4],
      mpi: fields[5], blas: fields[6], cores: cores, usableCores: usable)
  }
}
