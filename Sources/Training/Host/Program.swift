/// This program.
public enum Program {
  /// The version that checkpoints and `--version` name.
  public static let version = "0.1.0"
}
