import Glibc

/// This machine.
public enum Host {
  /// Its name as the kernel knows it; nil if it has none.
  public static var name: String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      let name = buffer.baseAddress!
      guard gethostname(name, 255) == 0 else { return nil }
      // A name that was cut need not end.
      name[255] = 0
      return name[0] == 0 ? nil : String(cString: name)
    }
  }
}
