import Glibc

/// The absolute path without links of what is at `path`, in bytes, since a path need not be text; nil if there is
/// nothing, and `errno` says why.
public func realPath(_ path: UnsafePointer<CChar>) -> [UInt8]? {
  guard let real = realpath(path, nil) else { return nil }
  defer { free(real) }
  return Array(UnsafeRawBufferPointer(start: real, count: strlen(real)))
}
