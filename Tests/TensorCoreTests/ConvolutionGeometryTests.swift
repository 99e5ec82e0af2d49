import TensorCore
import Testing

@Suite("Convolution geometry")
struct ConvolutionGeometryTests {
  @Test("output extents round down")
  func outputExtentsRoundDown() {
    let geometry = ConvolutionGeometry(kernel: [4, 3], stride: [2, 3], padding: [1, 0])
    #expect(geometry.outputExtents(of: [64, 11]) == [32, 3])
    #expect(geometry.outputExtents(of: [65, 13]) == [32, 4])
  }

  @Test("transposed extents undo output extents, given the output padding")
  func transposedExtentsUndoOutputExtents() {
    for kernel in 1...5 {
      for stride in 1...3 {
        for padding in 0..<kernel {
          let geometry = ConvolutionGeometry(kernel: [kernel], stride: [stride], padding: [padding])
          for extent in max(kernel, 2 * padding)...12 {
            let output = geometry.outputExtents(of: [extent])
            let outputPadding = (extent + 2 * padding - kernel) % stride
            #expect(geometry.transposedExtents(of: output, outputPadding: [outputPadding]) == [extent])
          }
        }
      }
    }
  }

  @Test("a kernel that does not fit its input is refused")
  func kernelMustFit() async {
    await #expect(processExitsWith: .failure) {
      _ = ConvolutionGeometry(kernel: [5], stride: [1], padding: [1]).outputExtents(of: [2])
    }
  }
}
