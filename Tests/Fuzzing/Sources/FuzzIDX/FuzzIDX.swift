import Harness

/// Two black images of 4 x 4.
private let images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 4] + [UInt8](repeating: 0, count: 32)

/// An IDX file, plain or gzip, of images, and of the labels beside others.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  Reading.run(start, count, name: "input")
  Reading.run(
    start, count, name: "labels/train-labels-idx1-ubyte", beside: ("train-images-idx3-ubyte", images))
  return 0
}
