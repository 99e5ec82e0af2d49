import Checkpoints
import Datasets
import Glibc
import Models
import Platform
import Reporting
package import TensorCore

/// Draws samples from a run or a checkpoint.
package struct Sampling {
  /// What is drawn.
  package enum Arrangement: Sendable {
    /// Independent samples.
    case grid(count: Int)
    /// Rows of samples between two latents each.
    case interpolation(rows: Int, columns: Int)
  }

  private let model: any Model
  private let isAveraged: Bool
  private let only: Int?
  private let source: LatentSource
  private let picture: SamplePicture
  /// Samples of a grid, unless another number is asked for: as many as the run's own pictures have, or as
  /// there are contexts in a file, one of each class for each if there are several.
  package let usualCount: Int
  private let classFolders: [String]
  /// The steps that the checkpoint was trained for.
  package let step: Int
  /// Checkpoints that were passed over, data that have changed, and values that are hardly read as they were
  /// meant, for people.
  package let remarks: [String]

  /// Loads the networks of the checkpoint at `path`, or of the newest one of the run at `path`.
  /// - Parameters:
  ///   - seed: the key of the latents; nil for the run's own, whose grid is that of its sample pictures.
  ///   - contexts: a file of what is to be completed, see `PartialSamples`; nil for contexts that are cut
  ///     from the run's data in a model whose latents they are, and for nothing in others.
  ///   - only: the class of all samples, by the name that the data have for it or by its number; nil for one
  ///     class a row, if the model is asked by class.
  ///   - isAveraged: whether the moving averages draw, where there are any.
  ///   - overrides: `key=value` words of keys that sampling alone depends on; `data` is one where contexts are
  ///     cut from samples.
  /// - Throws: ``SamplingError``, `CheckpointError`, `DatasetError` for contexts, and ``OverrideError``,
  ///   `OptionsError` or ``RunFolderError`` where the run's options cannot be read, or the words are wrong.
  package init(
    path: String, seed: UInt64?, only: String? = nil, contexts: String? = nil, isAveraged: Bool = true,
    overrides: [String] = []
  ) throws {
    let found = try FoundCheckpoint(at: path)
    let own = try found.options()
    let options = try own.applying(overrides, for: contexts == nil ? .sampling : .completion)
    model = options.makeModel()
    if model.context != nil, contexts != nil, seed != nil { throw SamplingError.noSeed }
    if isAveraged {
      try RunState.restoreAverages(of: model, from: found.generation)
    } else {
      try RunState.restoreNetworks(of: model, from: found.generation)
    }
    self.isAveraged = isAveraged
    let classNames = found.info.classNames
    let count = model.classCount
    classFolders = Self.folderNames(classNames, count: count)
    self.only = try only.map { (name) throws(SamplingError) in
      try SamplingError.number(ofClass: name, named: classNames, count: count)
    }
    var remarks = found.rejected
    source = try LatentSource(
      of: model, file: contexts, options, seed: seed ?? options.seed,
      remark: { remarks.append("warning: \($0) (\(TerminalText.escaped(contexts ?? "")))") }
    ) { dataset in
      guard options.data == own.data, dataset.fingerprint.description != found.info.dataFingerprint else {
        return
      }
      remarks.append("warning: the data are no longer those that the run was trained on (\(dataset.name))")
    }
    picture = SamplePicture(options, characters: found.info.characters)
    let each = only == nil ? max(1, count) : 1
    usualCount = source.count ?? source.fragmentCount.map { $0 * each } ?? options.samples.count
    step = found.info.step
    self.remarks = remarks
  }

  /// What a picture is drawn from, and its images.
  /// - Throws: ``SamplingError`` for strips of points or of contexts, or more samples than contexts;
  ///   `DatasetError` where a sample that a context is cut from cannot be read.
  package func draw(_ arrangement: Arrangement) throws -> (grid: SampleGrid, images: Tensor) {
    if case .interpolation = arrangement {
      if arePoints { throw SamplingError.noStrips }
      if model.context != nil || source.fragmentCount != nil { throw SamplingError.noInterpolation }
    }
    let grid = try grid(arrangement)
    return (grid, grid.samples(by: model, isAveraged: isAveraged))
  }

  /// Refuses more samples than there are contexts in a file.
  private func check(_ count: Int) throws(SamplingError) {
    if let contexts = source.count, count > contexts { throw .fewContexts(contexts, count: count) }
  }

  /// Whether samples are points of the plane, which are drawn in one picture.
  private var arePoints: Bool { if case .points = picture { true } else { false } }

  /// Whether samples are text.
  package var isText: Bool { if case .text = picture { true } else { false } }

  /// Draws samples one after the other, and writes each as a PNG of its own into `folder`, which is made if
  /// need be: `000000.png` and so on, of a model that is asked by class in a folder for each, every class in
  /// turn; text as `000000.txt`, of a volume the surface beside its picture as `000000.obj`. The first ones
  /// are those of a grid of as many samples, where that is not one class a row.
  /// - Parameter written: told how many are, now and then.
  /// - Throws: ``SamplingError``, ``OutputError``, or ``RunFolderError`` for a folder that holds files.
  package func writeEach(_ count: Int, to folder: String, written: (Int) -> Void) throws {
    if arePoints { throw SamplingError.noImages }
    try check(count)
    let entries = DirectoryEntry.entries(of: folder)
    let code = errno
    guard entries != nil || code == ENOENT else {
      throw OutputError(folder, option: "--folder", operation: "mkdir", errno: code)
    }
    if let entries, !entries.isEmpty {
      throw RunFolderError(
        .occupied, "the folder holds files", folder, "choose another --folder, or empty it")
    }
    var made: Set<String> = []
    try OutputError.writing(folder, option: "--folder") {
      for start in stride(from: 0, to: count, by: Self.block) {
        let rows = min(Self.block, count - start)
        let classes = classes(of: start..<start + rows)
        let drawn = try source.draw(start..<start + rows)
        let images = model.samples(
          drawn.latents, completing: drawn.fragments, classes: classes, isAveraged: isAveraged)
        for row in 0..<rows {
          let place = classes.isEmpty ? folder : "\(folder)/\(classFolders[classes[row]])"
          if made.insert(place).inserted {
            _ = try OutputError.makeFolder(place, for: folder, option: "--folder")
          }
          let image = images.rows(row..<row + 1)
          let path = "\(place)/\(Digits.padded(start + row, to: 6))"
          try picture.write(image.reshaped(model.sampleShape), to: path)
        }
        written(start + rows)
      }
    }
  }

  /// The classes of samples that are drawn one after the other: every class in turn, each of all fragments.
  private func classes(of places: Range<Int>) -> [Int] {
    if let only { return Array(repeating: only, count: places.count) }
    guard model.classCount > 0 else { return [] }
    return places.map { $0 / (source.fragmentCount ?? 1) % model.classCount }
  }

  /// The folder of each class: its name, if each has one that is a name for a folder and no other's, else its
  /// number.
  private static func folderNames(_ names: [String], count: Int) -> [String] {
    func isPlain(_ name: String) -> Bool {
      !name.isEmpty && !name.hasPrefix(".") && name.utf8.count < 256
        && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }
    let names = names.prefix(count)
    let areNames =
      names.count == count && names.allSatisfy(isPlain) && Set(names.map { Array($0.utf8) }).count == count
    return areNames ? Array(names) : (0..<count).map(String.init)
  }

  /// Samples that are in memory at a time.
  private static let block = 64

  private func grid(_ arrangement: Arrangement) throws -> SampleGrid {
    switch arrangement {
    case .grid(let count):
      try check(count)
      return try SampleGrid(count: count, of: model, only: only, source)
    case .interpolation(let rows, let columns):
      let length = model.latentCount
      let ends = try source.draw(0..<2 * rows).latents.scalars
      var values: [Float] = []
      var classes: [Int] = []
      for row in 0..<rows {
        let from = Array(ends[(2 * row * length)..<((2 * row + 1) * length)])
        let to = Array(ends[((2 * row + 1) * length)..<((2 * row + 2) * length)])
        for column in 0..<columns {
          values += Self.between(from, to, columns == 1 ? 0 : Float(column) / Float(columns - 1))
          if model.classCount > 0 { classes.append(only ?? row % model.classCount) }
        }
      }
      return SampleGrid(
        latents: Tensor(values, shape: [rows * columns, length]), classes: classes, columns: columns)
    }
  }

  /// Spherical interpolation (White 2016, "Sampling generative networks"): normal latents lie near a sphere,
  /// and a straight line would pass through its unlikely inside.
  private static func between(_ a: [Float], _ b: [Float], _ t: Float) -> [Float] {
    func dot(_ x: [Float], _ y: [Float]) -> Float { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
    let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    let angle = acos(max(-1, min(1, cosine)))
    guard sin(angle) > 1e-4 else { return zip(a, b).map { $0 + t * ($1 - $0) } }
    let first = sin((1 - t) * angle) / sin(angle)
    let second = sin(t * angle) / sin(angle)
    return zip(a, b).map { first * $0 + second * $1 }
  }

  /// Writes the picture, or what samples of text say if the file's name ends in `.txt`.
  /// - Throws: ``SamplingError``, ``OutputError``, or `ReportingError` for a picture that is too large.
  package func write(_ images: Tensor, of grid: SampleGrid, to path: String) throws {
    try OutputError.writing(path) {
      guard !path.hasSuffix(".txt") else {
        guard let lines = picture.lines(of: images) else { throw SamplingError.noText }
        return try AtomicFile.write(Array(lines.utf8), to: path, durable: false)
      }
      try PNGFile.write(picture.pixels(of: images, of: grid), to: path)
    }
  }

  /// Writes latents `[N, latent]`, or the contexts `[N, size…, C + 1]` that are completed, images `[N, H,
  /// W, C]`, which may be volumes `[N, D, H, W, 1]`, and, of a model that is asked by class, the classes `[N]`
  /// as one safetensors file.
  /// - Throws: ``OutputError``.
  package static func writeTensors(_ grid: SampleGrid, images: Tensor, to path: String) throws {
    let given =
      grid.completion.map { NamedTensor("contexts", $0.contexts) } ?? NamedTensor("latents", grid.latents)
    var tensors = [given, NamedTensor("images", images)]
    if !grid.classes.isEmpty {
      tensors.append(
        NamedTensor(
          name: "classes", value: .int64(grid.classes.map { Int64($0) }, shape: [grid.classes.count])))
    }
    try OutputError.writing(path, option: "--tensors") {
      try AtomicFile.write(Safetensors(tensors).encoded(), to: path, durable: false)
    }
  }
}
