import Synchronization

/// Whose cores the ranks of this node compute on.
public enum RankCores {
  private static let own = Atomic<Bool>(false)

  /// Whether no more threads compute on this node than it has cores: then a thread that waits for another one
  /// a little longer at full speed keeps nobody waiting, and is there at once when the other comes.
  public static var areOwn: Bool {
    get { own.load(ordering: .relaxed) }
    set { own.store(newValue, ordering: .relaxed) }
  }
}
