import Platform
import TensorCore

/// A key in which two options differ.
public struct OptionDifference: Sendable, Equatable, CustomStringConvertible {
  /// The dotted path.
  public let path: String
  /// The value in the first options, in its canonical spelling, or `nil` if it has none there.
  public let before: String?
  /// The value in the second.
  public let after: String?
  /// Whether a run may be resumed with the second value.
  public let mayChangeOnResume: Bool

  /// Such as `batch 64 → 128`.
  public var description: String {
    "\(path) \((before ?? "none").shortened) → \((after ?? "none").shortened)"
  }
}

extension Options {
  /// The keys in which `other` differs, in the order of the table.
  public func differences(to other: Options) -> [OptionDifference] {
    var keys = OptionSchema(family: family).keys
    let known = Set(keys.map(\.path))
    keys += OptionSchema(family: other.family).keys.filter { !known.contains($0.path) }
    return keys.compactMap { key in
      let before = key.read(self)
      let after = key.read(other)
      guard before != after else { return nil }
      return OptionDifference(
        path: key.path, before: before?.canonicalText, after: after?.canonicalText,
        mayChangeOnResume: ![self, other].contains(where: key.isArithmetic))
    }
  }

  /// The same with paths that hold in any working directory, as a run's folder and checkpoints keep them.
  /// Each rank takes a relative one from its own.
  var withAbsolutePaths: Options {
    var options = self
    for key in OptionSchema(family: family).keys where key.type == .path {
      guard case .text(let path)? = key.read(self), key.path != "data" || data.isPath else { continue }
      key.write(&options, .text(Files.absolute(path)))
    }
    return options
  }

  /// The keys for which no run of these options can go on with `other`. Other data come before what follows
  /// from them, such as their number of samples.
  func obstacles(to other: Options) -> [OptionDifference] {
    let all = differences(to: other)
    let fixed = all.filter { !$0.mayChangeOnResume }
    guard fixed.contains(where: { $0.path.hasPrefix("dataset.") }) else { return fixed }
    return all.filter { $0.path == "data" } + fixed
  }

  /// The text of exactly the keys on which the weights depend, one `path=value` a line in the order of the
  /// table but for keys at their neutral values, and the version of the arithmetic, so that a later one does
  /// not go on with a run that an earlier one began. The data are not in it: their fingerprint covers the
  /// samples themselves, wherever they lie.
  public var arithmeticDigestInput: String {
    let keys = OptionSchema(family: family).keys.filter { $0.isArithmetic(in: self) }
    // Digests know the version as that of the algorithms.
    return keys.compactMap { key -> String? in
      guard let value = key.read(self), value != key.neutral else { return nil }
      return "\(key.path)=\(value.canonicalText)\n"
    }.joined() + "algorithms=\(Arithmetic.version)\n"
  }
}
