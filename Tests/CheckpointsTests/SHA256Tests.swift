import Checkpoints
import Platform
import TensorCore
import Testing

@Suite struct SHA256Tests {
  @Test(
    "the digests of FIPS 180-4's examples are the published ones",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        String(repeating: "a", count: 1_000_000),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
    ])
  func published(text: String, digest: String) {
    #expect(SHA256.digest(of: text) == digest)
  }

  @Test("pieces give the digest of the whole, and a digest in between changes nothing")
  func pieces() {
    let hash = SHA256()
    hash.update("a")
    #expect(hash.digest() == SHA256.digest(of: "a"))
    hash.update("bc")
    #expect(hash.digest() == SHA256.digest(of: "abc"))
  }

  @Test("tensors are digested as their little-endian bytes, in order, views included")
  func tensors() {
    let tensor = Tensor([1, 2, 3, 4], shape: [2, 2])
    let bytes: [UInt8] = [0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]
    #expect(SHA256.digest(of: [tensor.rows(1..<2), tensor.rows(0..<1)]) == SHA256.digest(of: bytes))
  }
}
