import Checkpoints
import DataParallel
import MessagePassing
import Models
import Platform

/// Compares what every rank holds, and finds what differs where it does.
package enum ReplicaAudit {
  /// Gathers what ranks hold shares of (past fakes, and what compressed gradients have left), then compares
  /// all of the state as ``verify(_:_:step:over:)`` does.
  static func verifyScattered(
    _ state: RunState, step: Int, over exchange: RankExchange
  ) throws {
    try state.gatherShares(over: exchange)
    defer { state.keepOwnShare(of: exchange) }
    try verify(state, step: step, over: exchange)
  }

  /// Compares a hash of the state over all ranks: one all-gather of 64 bytes a rank. Where it differs, the
  /// hashes of all tensors follow.
  /// - Parameter hash: of all that determines the rest of the run; nil to compute one of the tensors and
  ///   counters.
  /// - Throws: `DivergenceError` on every rank, naming the ranks that differ from most and the first tensor
  ///   in which they do; `CommunicationError`.
  /// - Precondition: what ranks hold shares of was gathered.
  package static func verify(
    _ state: RunState, _ hash: String? = nil, step: Int, over exchange: RankExchange
  ) throws {
    let hash = Array((hash ?? state.stateSHA256(step: step, arithmetic: "", data: "")).utf8)
    let difference = try exchange.perform {
      try ReplicaCheck.difference("state", hash: hash, step: step, over: $0)
    }
    guard let difference else { return }
    let tensors = state.files.flatMap { file in
      file.tensors.compactMap { tensor in
        tensor.tensor.map { ("\(file.name) \(tensor.name)", SHA256.digest(of: [$0])) }
      }
    }
    let own = Array(tensors.map(\.1).joined(separator: " ").utf8)
    let all = try exchange.allGather(own).map {
      String(decoding: $0, as: UTF8.self).split(separator: " ")
    }
    let majority = all.indices.first { !difference.ranks.contains($0) } ?? 0
    let first = tensors.indices.first { place in
      difference.ranks.contains { rank in
        all[rank].indices.contains(place) && all[majority].indices.contains(place)
          && all[rank][place] != all[majority][place]
      }
    }
    throw first.map { difference.naming(tensors[$0].0) } ?? difference
  }
}
