import Harness

/// Records of CIFAR-10 or CIFAR-100.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  Reading.run(start, count, name: "input.bin")
  return 0
}
