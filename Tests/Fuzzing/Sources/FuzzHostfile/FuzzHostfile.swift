import Cluster

/// A hostfile. Bytes that are no UTF-8 become replacement characters, as where it is read from a file.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  do throws(ClusterError) {
    let hostfile = try Hostfile(text: text, path: "fuzz")
    precondition(!hostfile.hosts.isEmpty, "a hostfile that is taken names a host")
  } catch {
    precondition(
      !error.description.utf8.contains { $0 < 0x20 && $0 != UInt8(ascii: "\n") },
      "control characters in \(error.description)")
  }
  return 0
}
