import MessagePassing
import Platform
import Training

/// What the ranks that were started together have said about themselves, in rank order; nil for a rank whose
/// record cannot be read.
package struct WorldFacts: Sendable, Equatable {
  /// One entry a rank.
  package var ranks: [RankFacts?]

  package init(ranks: [RankFacts?]) {
    self.ranks = ranks
  }

  /// The verdicts: where the ranks are, whether they can train together, and whether the cores suffice.
  package var checks: [DiagnosisCheck] {
    let unreadable = ranks.indices.filter { ranks[$0] == nil }
    guard unreadable.isEmpty else {
      return [
        .fail(
          "program", "the program of rank \(Self.list(unreadable)) is of another version",
          "copy one program to every host", .disagreement)
      ]
    }
    let known = ranks.compactMap { $0 }
    let layout = NodeLayout(processorNames: known.map(\.host))
    let one = "copy one program to every host"
    return [
      placement(layout),
      Self.agreement("program", "SHA-256 and version", known, one) {
        "\($0.program.prefix(12)) \($0.version)"
      },
      Self.agreement(
        "kernels", "instruction set", known,
        "nothing, if need be: all compute the same bits, and the slowest sets the pace", isRefused: false
      ) { $0.kernels },
      Self.agreement(
        "arithmetic", "rounding", known, "install one SLEEF (libsleef3) and one C library on every host"
      ) { String($0.arithmetic.prefix(12)) },
      Self.agreement("MPI versions", "library", known, "install one MPI on every host", isRefused: false) {
        $0.mpi
      },
      Self.agreement(
        "BLAS versions", "build and kernels", known,
        "install one OpenBLAS on every host, and export OPENBLAS_CORETYPE=Haswell where processors differ",
        isRefused: false
      ) {
        $0.blas
      },
    ] + layout.names.indices.map { cores(ofNode: $0, layout, known) }
  }

  private func placement(_ layout: NodeLayout) -> DiagnosisCheck {
    let nodes = layout.names.indices.map { "\(layout.names[$0]) \(layout.ranks(onNode: $0).count)" }
    let size = ranks.count
    return .ok(
      "ranks",
      "\(Count.text(size, "rank")) on \(Count.text(nodes.count, "node")): "
        + nodes.joined(separator: ", "))
  }

  /// Whether all ranks say the same.
  /// - Parameter isRefused: whether training refuses ranks that differ here.
  private static func agreement(
    _ name: String, _ subject: String, _ ranks: [RankFacts], _ advice: String, isRefused: Bool = true,
    _ text: (RankFacts) -> String
  ) -> DiagnosisCheck {
    let texts = ranks.map(text)
    let agreement = Agreement(of: texts)
    guard let first = agreement.dissenters.first else {
      return .ok(name, "the same on all ranks: \(texts[0])")
    }
    let who = Prose.ranks(agreement.dissenters) { ranks[$0].host }
    let detail = "\(subject) of \(who) is \(texts[first]), of the others \(agreement.reference)"
    return isRefused ? .fail(name, detail, advice, .disagreement) : .warn(name, detail, advice)
  }

  /// Whether a node has a core for every thread, and whether the ranks may use them.
  private func cores(ofNode node: Int, _ layout: NodeLayout, _ known: [RankFacts]) -> DiagnosisCheck {
    let ranks = layout.ranks(onNode: node)
    let name = "cores of \(layout.names[node])"
    let cores = known[ranks[0]].cores
    let share = max(1, cores / ranks.count)
    let fewest = ranks.map { known[$0].usableCores }.min() ?? 1
    let threads = Cores.threads(ranksOnNode: ranks.count, cores: cores, usable: fewest)
    let detail =
      "\(Count.text(ranks.count, "rank")) x \(Count.text(threads, "thread")) on \(Count.text(cores, "core"))"
    if ranks.count > cores {
      return .warn(
        name, detail,
        "start at most \(cores) ranks there: mpirun -n \(cores), or slots=\(cores) in the hostfile")
    }
    guard fewest < share else { return .ok(name, detail) }
    return .warn(
      name, "\(detail): ranks are bound to \(fewest) where \(share) are to be had",
      "mpirun --bind-to none, or --map-by slot:PE=\(share)")
  }

  private static func list(_ ranks: [Int]) -> String { ranks.map(String.init).joined(separator: ", ") }
}
