import CTurboJPEG
import Platform

/// JPEG through TurboJPEG. Its warnings (premature end, corrupt codes) are errors here.
enum JPEGDecoder {
  /// - Parameter extent: what ``ImageExtent`` found in the header, which refuses CMYK.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, extent: ImageExtent, place: String
  ) throws(DatasetError) -> RasterImage {
    guard let handle = tjInitDecompress() else { fatalError("TurboJPEG starts a decoder") }
    defer { tjDestroy(handle) }
    let source = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
    var (width, height, subsampling, colourspace): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    guard
      tjDecompressHeader3(handle, source, UInt(bytes.count), &width, &height, &subsampling, &colourspace)
        == 0,
      Int(height) == extent.height, Int(width) == extent.width
    else { throw fault(handle, place) }
    let isGrey = colourspace == TJCS_GRAY.rawValue
    let count = extent.height * extent.width * (isGrey ? 1 : 3)
    let format = (isGrey ? TJPF_GRAY : TJPF_RGB).rawValue
    // The accurate DCT gives the same pixels with and without SIMD; the scan limit stops progressive bombs.
    let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
    var isWhole = false
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      isWhole =
        tjDecompress2(
          handle, source, UInt(bytes.count), buffer.baseAddress, width, 0, height, Int32(format), flags) == 0
      initialized = isWhole ? count : 0
    }
    guard isWhole else { throw fault(handle, place) }
    return RasterImage(height: extent.height, width: extent.width, channels: isGrey ? 1 : 3, pixels: pixels)
  }

  private static func fault(_ handle: tjhandle, _ place: String) -> DatasetError {
    let message = tjGetErrorStr2(handle).map { String(cString: $0) } ?? "unknown"
    return DatasetError(
      .badData, "corrupt JPEG: \(TerminalText.escaped(message))", place, "replace the file")
  }
}
