import Platform

/// SHA-256 over the parts of a data set. Every part is preceded by its length, so that parts cannot run
/// together.
struct ContentHash: ~Copyable {
  private let hash = SHA256()

  /// The plain SHA-256 of what ``update(_:)`` is given.
  init() {}

  /// - Parameter kind: what is hashed and in which version of the scheme, such as `idx 1`.
  init(kind: String) {
    self.init()
    add(kind)
  }

  func add(_ number: Int) {
    withUnsafeBytes(of: UInt64(bitPattern: Int64(number)).littleEndian) { update($0) }
  }

  func add(_ text: String) { add(Array(text.utf8)) }

  func add(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { add($0) }
  }

  func add(_ bytes: UnsafeRawBufferPointer) {
    add(bytes.count)
    update(bytes)
  }

  func fingerprint() -> DataFingerprint { DataFingerprint(bytes: hash.digestBytes()) }

  /// Adds bytes without their length, which the caller has added.
  func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }

  /// The same.
  func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }
}
