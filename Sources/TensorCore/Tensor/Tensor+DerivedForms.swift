/// A form that a kernel wants a weight tensor in.
protocol WeightPacking {
  /// Floats of the form.
  func packedCount(_ kernels: KernelTable) -> Int
  /// Writes the form of `weight` to `packed`, which has room for it.
  func pack(_ weight: UnsafePointer<Float>, to packed: UnsafeMutablePointer<Float>, _ kernels: KernelTable)
}

/// Forms of a weight that are kept with its storage until its values change.
extension Tensor {
  /// A packed form of this weight: the one at hand if it was made from the values that the storage holds now,
  /// else a new one in the same place.
  func packed(
    _ form: DerivedForm, _ kernels: KernelTable, _ weights: () -> some WeightPacking
  ) -> TensorStorage {
    packed(form) { weight, known in
      let weights = weights()
      let packed = known ?? TensorStorage(count: weights.packedCount(kernels))
      weights.pack(weight, to: packed.pointer, kernels)
      return packed
    }
  }

  /// The same for any form; `pack` is given the storage of a former one, if there is one.
  func packed(
    _ form: DerivedForm,
    _ pack: (_ weight: UnsafePointer<Float>, _ known: TensorStorage?) -> TensorStorage
  ) -> TensorStorage {
    storage.derived(form, from: offset..<offset + count) { pack(storage.pointer + offset, $0) }
  }

  /// This weight divided by a number, as by `/`: the quotient at hand if neither has changed.
  package func keptQuotient(by divisor: Float) -> Tensor {
    let source = offset..<offset + count
    func kept() -> TensorStorage {
      storage.derived(.quotient, from: source) { _ in
        let kept = TensorStorage(count: count + 1, isLasting: true)
        (self / Tensor(divisor)).withUnsafePointer { copyFloats($0, to: kept.pointer, count) }
        kept.pointer[count] = divisor
        return kept
      }
    }
    if kept().pointer[count].bitPattern != divisor.bitPattern { storage.invalidateDerived(in: source) }
    return Tensor(viewOf: kept(), offset: 0, shape: shape)
  }
}
