import CCrypto

/// A SHA-256 digest (FIPS 180-4) that is fed piece by piece.
public struct SHA256: ~Copyable {
  private let context: OpaquePointer

  /// The digest of nothing yet.
  public init() {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      preconditionFailure("libcrypto offers SHA-256")
    }
    self.context = context
  }

  deinit {
    EVP_MD_CTX_free(context)
  }

  /// Appends `bytes` to what is digested.
  public func update(_ bytes: UnsafeRawBufferPointer) {
    let done = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    precondition(done == 1, "libcrypto digests any bytes")
  }

  /// Appends `text` in UTF-8.
  public func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  /// The digest of everything appended so far, as 64 lowercase hexadecimal digits; more may be appended.
  public func digest() -> String { Hexadecimal.text(digestBytes()) }

  /// The 32 bytes of the digest of everything appended so far; more may be appended.
  public func digestBytes() -> [UInt8] {
    // libcrypto ends a context with its digest, so that a copy is ended.
    let copy = SHA256()
    var bytes = [UInt8](repeating: 0, count: 32)
    let done =
      EVP_MD_CTX_copy_ex(copy.context, context) == 1 && EVP_DigestFinal_ex(copy.context, &bytes, nil) == 1
    precondition(done, "libcrypto digests any bytes")
    return bytes
  }

  /// The digest of `bytes`, as 64 lowercase hexadecimal digits.
  public static func digest(of bytes: UnsafeRawBufferPointer) -> String {
    let hash = SHA256()
    hash.update(bytes)
    return hash.digest()
  }

  /// The digest of `bytes`, as 64 lowercase hexadecimal digits.
  public static func digest(of bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { digest(of: $0) }
  }

  /// The digest of the UTF-8 bytes of `text`, as 64 lowercase hexadecimal digits.
  public static func digest(of text: String) -> String {
    let hash = SHA256()
    hash.update(text)
    return hash.digest()
  }
}
