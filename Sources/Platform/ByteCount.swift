/// Bytes for people.
package enum ByteCount {
  /// The largest binary unit with at least one of it, rounded down to a tenth: `23.5 GiB`.
  package static func text(_ bytes: Int) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var unit = 0
    var divisor = 1
    while unit + 1 < units.count, bytes / divisor >= 1024 {
      unit += 1
      divisor *= 1024
    }
    guard unit > 0 else { return "\(bytes) bytes" }
    return "\(bytes / divisor).\(bytes % divisor / (divisor / 1024) * 10 / 1024) \(units[unit])"
  }
}
