import Checkpoints
import Datasets
import Glibc
package import MessagePassing
import Platform

/// What must be the same on every rank before the first step.
package struct Handshake: Sendable {
  /// One thing that is compared.
  private struct Item: Sendable {
    /// What it is, for messages.
    let name: String
    /// What this rank has; one line.
    let value: String
    /// What to do where ranks differ.
    let advice: String
  }

  private let items: [Item]

  /// Of the programs and their command lines alone, before anything is said that another version or another
  /// command might not understand.
  /// - Parameters:
  ///   - program: SHA-256 of the program file.
  ///   - words: what stands on the command line behind the program.
  package init(program: String, words: some Sequence<String> = CommandLine.arguments.dropFirst()) {
    items = [
      Item(name: "the program", value: program, advice: "copy one program to every host"),
      Item(
        name: "the command line", value: SHA256.digest(of: words.joined(separator: "\0")),
        advice: "start all ranks with one command"),
    ]
  }

  /// Of what the ranks are to do, and how they compute.
  /// - Parameters:
  ///   - arithmetic: see ``ArithmeticProbe``.
  ///   - blas: see ``ArithmeticProbe/blas()``; alike on all ranks where nothing is measured.
  ///   - options: SHA-256 of the resolved options as this rank understands them.
  ///   - data: the fingerprint of the data as this rank reads them.
  package init(arithmetic: String, blas: String, options: String, data: String) {
    items = [
      Item(
        name: "the rounding of exp, log, sin or a product", value: arithmetic,
        advice: "install one version of SLEEF (libsleef3) and of the C library on every host"),
      Item(
        name: "what OpenBLAS computes", value: blas,
        advice:
          "install one OpenBLAS on every host, and give all ranks one OPENBLAS_CORETYPE (mpirun -x "
          + "OPENBLAS_CORETYPE=Haswell, or lockstep launch)"),
      Item(name: "the options", value: options, advice: "start all ranks with one command"),
      Item(name: "the data", value: data, advice: "copy one data set to every host"),
    ]
  }

  /// Of what this rank computes with, understands and reads.
  /// - Parameter measures: whether samples are measured, for which BLAS serves.
  init(_ options: Options, _ dataset: any ImageDataset, measures: Bool) {
    self.init(
      arithmetic: ArithmeticProbe.digest, blas: measures ? ArithmeticProbe.blas() : "not used",
      options: SHA256.digest(of: options.canonicalYAML), data: dataset.fingerprint.description)
  }

  /// Compares all ranks with rank 0: one all-gather of some 200 bytes a rank.
  /// - Throws: ``CoordinationError/disagreement(_:)`` on rank 0, which names the ranks, their hosts and what
  ///   differs; ``CoordinationError/elsewhere(_:)`` on the others.
  package func verify(over communicator: any Communicator) throws {
    let record = (items.map(\.value) + [communicator.processorName]).joined(separator: "\n")
    let records = try communicator.allGather(Array(record.utf8)).map {
      String(decoding: $0, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(
        String.init)
    }
    // A rank of another version may say anything.
    func host(_ rank: Int) -> String? {
      records[rank].count == records[0].count ? records[rank].last : nil
    }
    func differs(_ rank: Int, _ place: Int) -> Bool {
      guard records[rank].count == records[0].count, records[0].indices.contains(place) else { return true }
      return records[rank][place] != records[0][place]
    }
    var differences: [String] = []
    var advice: [String] = []
    for (place, item) in items.enumerated() {
      let ranks = records.indices.filter { differs($0, place) }
      guard !ranks.isEmpty else { continue }
      differences.append("\(item.name) of \(Prose.ranks(ranks, host: host))")
      advice.append(item.advice)
    }
    guard !differences.isEmpty else { return }
    guard communicator.rank == 0 else { throw CoordinationError.elsewhere(.disagreement) }
    throw CoordinationError.disagreement(
      "\(differences.joined(separator: "; ")) differs from rank 0's on \(records[0].last ?? ""); "
        + advice.joined(separator: ", and "))
  }

  /// SHA-256 of the running program's file, or a fixed text where it cannot be read.
  package static func programDigest() -> String {
    guard let file = fopen("/proc/self/exe", "rb") else { return "unreadable" }
    defer { fclose(file) }
    let hash = SHA256()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = fread(buffer.baseAddress, 1, buffer.count, file)
      if ferror(file) != 0 { return "unreadable" }
      if count == 0 { break }
      hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return hash.digest()
  }
}
