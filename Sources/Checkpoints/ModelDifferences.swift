public import TensorCore

/// How a file's tensors differ from those that a model has.
public struct ModelDifferences: Equatable, Sendable, CustomStringConvertible {
  /// A tensor that both have, in different shapes.
  public struct Mismatch: Equatable, Sendable {
    /// The tensor's name.
    public let name: String
    /// The shape that the model has.
    public let expected: Shape
    /// The shape in the file.
    public let found: Shape
  }

  /// In the model, not in the file.
  public let missing: [String]
  /// In the file, not in the model.
  public let unexpected: [String]
  /// In both, not in one shape, or in the file with integers or bytes.
  public let mismatched: [Mismatch]

  /// The differences, each list in the order of its source.
  public init(expected: [(name: String, shape: Shape)], found: [NamedTensor]) {
    let byName = Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0) })
    let names = Set(expected.map(\.name))
    missing = expected.map(\.name).filter { byName[$0] == nil }
    unexpected = found.map(\.name).filter { !names.contains($0) }
    mismatched = expected.compactMap { name, shape in
      guard let other = byName[name], other.shape != shape || other.tensor == nil else { return nil }
      return Mismatch(name: name, expected: shape, found: other.shape)
    }
  }

  /// Whether the file fits the model.
  public var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

  /// `missing a, b; unexpected c; d is [3] instead of [4]`, each list cut after eight.
  public var description: String {
    var parts: [String] = []
    if !missing.isEmpty { parts.append("missing " + Self.list(missing)) }
    if !unexpected.isEmpty { parts.append("unexpected " + Self.list(unexpected)) }
    if !mismatched.isEmpty {
      parts.append(Self.list(mismatched.map { "\($0.name) is \($0.found) instead of \($0.expected)" }))
    }
    return parts.joined(separator: "; ")
  }

  private static func list(_ items: [String]) -> String {
    let rest = items.count > 8 ? " and \(items.count - 8) more" : ""
    return items.prefix(8).joined(separator: ", ") + rest
  }
}
