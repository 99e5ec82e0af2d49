/// How many of something, in words that agree with the number.
public enum Count {
  /// `1 step`, `2 steps`.
  /// - Parameters:
  ///   - noun: of one thing.
  ///   - plural: of several; nil for `noun` and an s.
  public static func text(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? "\(noun)s")"
  }
}
