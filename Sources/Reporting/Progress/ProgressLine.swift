import Platform

/// The text of a progress report: labelled fields, some of which are left out where a line must be short.
struct ProgressLine {
  /// One field. Those of a lower rank go first when there is no room.
  struct Field {
    let label: String
    let value: String
    let rank: Int

    var text: String { label.isEmpty ? value : "\(label) \(value)" }
  }

  var fields: [Field] = []
  private static let gap = "  "

  /// All fields, or as many as fit `columns`; what still does not fit is cut off.
  func text(columns: Int? = nil, hasColours: Bool = false) -> String {
    var fields = self.fields
    guard let columns else { return Self.joined(fields, hasColours: hasColours) }
    while fields.count > 1, Self.joined(fields, hasColours: false).count > columns,
      let lowest = fields.indices.min(by: { (fields[$0].rank, -$0) < (fields[$1].rank, -$1) })
    {
      fields.remove(at: lowest)
    }
    let plain = Self.joined(fields, hasColours: false)
    return plain.count > columns ? String(plain.prefix(columns)) : Self.joined(fields, hasColours: hasColours)
  }

  private static func joined(_ fields: [Field], hasColours: Bool) -> String {
    fields.map { field in
      guard hasColours, !field.label.isEmpty else { return field.text }
      return "\(TerminalStyle.faint.applied(to: field.label)) \(field.value)"
    }.joined(separator: gap)
  }
}
