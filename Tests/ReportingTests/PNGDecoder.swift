import CPNG
import Reporting

/// Reads a PNG back with libpng; nil if libpng refuses it.
func decodedPNG(_ bytes: [UInt8]) -> Pixels? {
  var image = png_image()
  image.version = png_uint_32(PNG_IMAGE_VERSION)
  defer { png_image_free(&image) }
  guard png_image_begin_read_from_memory(&image, bytes, bytes.count) != 0 else { return nil }
  let channels = image.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) == 0 ? 1 : 3
  let (width, height) = (Int(image.width), Int(image.height))
  var samples = [UInt8](repeating: 0, count: width * height * channels)
  guard png_image_finish_read(&image, nil, &samples, 0, nil) != 0 else { return nil }
  return Pixels(width: width, height: height, channels: channels, samples: samples)
}
