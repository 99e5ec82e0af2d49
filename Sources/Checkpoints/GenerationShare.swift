/// The files of a generation that one writer writes, in memory that nobody else writes.
struct GenerationShare: Sendable {
  /// Those that it writes and, before them, those that they are stored as the difference to.
  let files: [TensorFile]
  /// The names of those that it writes.
  let written: Set<String>
}

extension GenerationContents {
  /// The same contents in memory that nobody else writes.
  public func snapshot() -> GenerationContents {
    GenerationContents(info: info, files: files.map { $0.snapshot() }, retained: retained)
  }

  /// The files that each of a number of writers writes, as even in bytes as whole files are: the largest
  /// first, each to the writer who has the least. A function of the contents alone; no file depends on who
  /// writes it.
  package func shares(among writers: Int) -> [[String]] {
    var shares = [[String]](repeating: [], count: writers)
    var bytes = [Int](repeating: 0, count: writers)
    let sizes = files.map(\.sizeBound)
    for index in files.indices.sorted(by: { (sizes[$1], $0) < (sizes[$0], $1) }) {
      let writer = bytes.indices.reduce(0) { bytes[$1] < bytes[$0] ? $1 : $0 }
      shares[writer].append(files[index].name)
      bytes[writer] += sizes[index]
    }
    return shares
  }

  /// A snapshot of what the writer of the files called `names` needs.
  func share(_ names: [String]) -> GenerationShare {
    let written = Set(names)
    var needed = written
    for file in files where written.contains(file.name) {
      if case .difference(let base) = file.encoding { needed.insert(base) }
    }
    return GenerationShare(
      files: files.filter { needed.contains($0.name) }.map { $0.snapshot() }, written: written)
  }
}

extension TensorFile {
  fileprivate func snapshot() -> TensorFile {
    TensorFile(name: name, tensors: tensors.map { $0.snapshot() }, encoding: encoding, metadata: metadata)
  }
}
