/// The records of all ranks held against the most frequent one.
public struct Agreement<Record: Equatable & Sendable>: Sendable, Equatable {
  /// What most ranks say; of two equally frequent records that of the lower rank.
  public let reference: Record
  /// The ranks that say something else, ascending; empty when all agree.
  public let dissenters: [Int]

  /// Compares the records, given in rank order.
  /// - Precondition: there is at least one.
  public init(of records: [Record]) {
    precondition(!records.isEmpty, "an agreement needs at least one rank")
    var reference = records[0]
    if records.contains(where: { $0 != reference }) {
      let votes = records.map { record in records.count { $0 == record } }
      let most = votes.max() ?? 0
      reference = records[votes.firstIndex(of: most) ?? 0]
    }
    self.reference = reference
    self.dissenters = records.indices.filter { records[$0] != reference }
  }
}
