import Foundation
import Testing

/// Of functions that several modules compile, the linker keeps one copy. Those that KernelsWide gave would be
/// AVX-512's, wherever they are called from.
@Suite("Kernels for AVX-512")
struct WideKernelsTests {
  private static let objects: [String] = {
    let folder = SourceTree.root.deletingLastPathComponent().path + "/.build/release/KernelsWide.build"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".o") }.sorted().map { "\(folder)/\($0)" }
  }()

  private static let nm = ["/usr/bin/nm", "/usr/bin/llvm-nm"].first(
    where: FileManager.default.isExecutableFile(atPath:))

  @Test(
    "no function that another module may have too is compiled for AVX-512",
    .enabled(if: nm != nil && !objects.isEmpty, "no nm, or no release build"))
  func shared() throws {
    let nm = Process()
    nm.executableURL = URL(fileURLWithPath: try #require(Self.nm))
    nm.arguments = ["--defined-only"] + Self.objects
    let pipe = Pipe()
    nm.standardOutput = pipe
    try nm.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    nm.waitUntilExit()
    // Address, kind, name; W is a function that may have other copies.
    let functions = output.split(separator: "\n").map { $0.split(separator: " ") }
      .filter { $0.count == 3 && ["T", "t", "W"].contains($0[1]) }
    #expect(functions.contains { $0[2].contains("11KernelsWide") }, "the kernels are found")
    for function in functions where function[1] == "W" && !function[2].contains("11KernelsWide") {
      // Copies of 80 bytes and the like, whose vectors are AVX's.
      #expect(function[2].hasPrefix("__swift_memcpy"), "\(function[2])")
    }
  }
}
