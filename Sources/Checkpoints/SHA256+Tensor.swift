public import Platform
public import TensorCore

extension SHA256 {
  /// Appends the float bytes of `tensor`, in row-major order, little-endian.
  public func update(_ tensor: Tensor) {
    tensor.withUnsafeBufferPointer { update(UnsafeRawBufferPointer($0)) }
  }

  /// The digest of the float bytes of `tensors`, in the given order.
  public static func digest(of tensors: [Tensor]) -> String {
    let hash = SHA256()
    for tensor in tensors { hash.update(tensor) }
    return hash.digest()
  }
}
