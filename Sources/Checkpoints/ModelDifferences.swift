public import TensorCore

/// How a file's tensors differ from those that a model has.
public struct ModelDifferences: Equatable, Sendable, CustomStringConvertible {
  /// A tensor that both have, in different shapes or of different types.
  public struct Mismatch: Equatable, Sendable {
    /// The tensor's name.
    public let name: String
    /// The shape that the model has.
    public let expected: Shape
    /// The shape in the file.
    public let found: Shape
    /// What the file's elements are; the model's are Float32.
    let type: SafetensorsHeader.ElementType

    fileprivate var text: String {
      guard type != .float32 else { return "\(name) is \(found) instead of \(expected)" }
      let wanted = SafetensorsHeader.ElementType.float32.rawValue
      return "\(name) is \(type.rawValue) \(found) instead of \(wanted) \(expected)"
    }
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
      return Mismatch(name: name, expected: shape, found: other.shape, type: other.elementType)
    }
  }

  /// Whether the file fits the model.
  public var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

  /// `missing a, b; unexpected c; d is [3] instead of [4], e is I64 [2] instead of F32 [2]`, each list cut
  /// after eight.
  public var description: String {
    var parts: [String] = []
    if !missing.isEmpty { parts.append("missing " + Self.list(missing)) }
    if !unexpected.isEmpty { parts.append("unexpected " + Self.list(unexpected)) }
    if !mismatched.isEmpty {
      parts.append(Self.list(mismatched.map(\.text)))
    }
    return parts.joined(separator: "; ")
  }

  private static func list(_ items: [String]) -> String {
    let rest = items.count > 8 ? " and \(items.count - 8) more" : ""
    return items.prefix(8).joined(separator: ", ") + rest
  }
}
