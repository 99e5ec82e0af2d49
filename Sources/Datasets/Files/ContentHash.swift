import CCrypto

/// SHA-256 over the parts of a data set. Every part is preceded by its length, so that parts cannot run
/// together.
struct ContentHash: ~Copyable {
  private let context: OpaquePointer

  /// The plain SHA-256 of what ``update(_:)`` is given.
  init() {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      fatalError("libcrypto offers no SHA-256; install another build of OpenSSL")
    }
    self.context = context
  }

  /// - Parameter kind: what is hashed and in which version of the scheme, such as `idx 1`.
  init(kind: String) {
    self.init()
    add(kind)
  }

  deinit { EVP_MD_CTX_free(context) }

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

  consuming func fingerprint() -> DataFingerprint {
    var digest = [UInt8](repeating: 0, count: 32)
    precondition(EVP_DigestFinal_ex(context, &digest, nil) == 1, "a SHA-256 context finishes")
    return DataFingerprint(bytes: digest)
  }

  /// Adds bytes without their length, which the caller has added.
  func update(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    precondition(
      EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "a SHA-256 context takes bytes")
  }
}
