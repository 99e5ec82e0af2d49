/// Volumes of files, fitted to what is asked for, and what they are as they lie there.
package protocol VolumeDataset: ImageDataset {
  /// What kind of files they are read from, such as `NPY`.
  var format: String { get }
  /// The bytes of all files.
  var byteCount: Int { get }
  /// The sides of a volume in the files.
  var extent: VolumeExtent { get }
  /// NumPy's name of the type of values.
  var type: String { get }
  /// The least and the largest value in the files; infinite where all are no numbers.
  var least: Float { get }
  var largest: Float { get }
  /// What is to be known of how the values are read; nil where it is nothing.
  var valuesRemark: String? { get }
  /// Files beside them that are left out.
  var ignored: IgnoredFiles { get }

  /// The label of a volume, -1 when unlabelled.
  func label(_ index: Int) -> Int32
}

extension VolumeDataset {
  package var sampleName: String { "volumes" }

  package var valuesRemark: String? { nil }

  /// None, unless they lie in a folder.
  package var ignored: IgnoredFiles { IgnoredFiles() }
}
