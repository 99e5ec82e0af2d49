import ArgumentParser
import Platform

/// The name of a picture that a command writes.
enum PictureName {
  private static let otherFormats = [
    "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "svg", "pdf", "txt", "npy", "npz", "pt",
    "safetensors", "obj",
  ]

  /// Refuses a name that promises another format than PNG.
  /// - Throws: `ValidationError`.
  static func check(_ path: String) throws {
    guard path != "-" else {
      throw ValidationError("A picture is written to a file; give --output a name that ends in .png.")
    }
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: ".") else { return }
    let ending = name[name.index(after: dot)...]
    guard !otherFormats.contains(ending.lowercased()) else {
      throw ValidationError(
        "Pictures are written as PNG, not as \(ending); give --output a name that ends in .png, "
          + "such as \(TerminalText.escaped(String(name[..<dot]))).png.")
    }
  }
}
