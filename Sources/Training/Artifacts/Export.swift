import Autograd
import Checkpoints
import Datasets
import Glibc
import Interchange
import Models
import Networks
import Platform
import Reporting
import TensorCore

/// Writes the networks of a checkpoint for other programs.
package struct Export {
  /// In what form.
  package enum Format: String, CaseIterable, Sendable {
    /// A folder in the manner of the Hugging Face hub: plain safetensors, `config.json`, `README.md`, a
    /// picture.
    case safetensors
    /// One ONNX model a network.
    case onnx
  }

  private let model: any Model
  private let options: Options
  private let info: GenerationInfo
  /// The log of the run that the checkpoint lies in, if it does in one; it need not be there.
  private let logPath: String?
  /// The steps that the checkpoint was trained for.
  package var step: Int { info.step }
  /// Checkpoints that were passed over.
  package let rejected: [String]

  /// Loads the networks of the checkpoint at `path`, or of the newest one of the run at `path`.
  /// - Throws: `CheckpointError`, and `OptionsError` where the run's options cannot be read.
  package init(path: String) throws {
    let found = try FoundCheckpoint(at: path)
    options = try found.options()
    logPath = found.run.map { RunFolder.logPath(in: $0.folder) }
    model = options.makeModel()
    try RunState.restoreNetworks(of: model, from: found.generation)
    try RunState.restoreAverages(of: model, from: found.generation)
    info = found.info
    rejected = found.rejected
  }

  /// Writes networks into `folder`, which is made if need be and may hold an earlier export of the same files;
  /// each file appears whole or not at all.
  /// - Parameters:
  ///   - names: the networks; empty for all.
  ///   - isAveraged: whether a network that has a moving average is written as its average.
  ///   - tell: told why there is no picture, in one line, where a model with a context lacks the run's data.
  /// - Returns: the names of the files, in the order of writing.
  /// - Throws: ``ExportError``, ``OutputError``, ``RunFolderError`` for a folder that holds other files, or
  ///   `ReportingError` for a log that cannot be read.
  package func write(
    _ format: Format, networks names: [String], isAveraged: Bool, to folder: String,
    telling tell: (String) -> Void = { _ in }
  ) throws -> [String] {
    let all = model.descriptions(averaged: isAveraged)
    if let unknown = names.first(where: { name in !all.contains { $0.name == name } }) {
      throw ExportError.noNetwork(unknown, of: all.map(\.name))
    }
    let networks = names.isEmpty ? all : all.filter { names.contains($0.name) }
    do throws(UndescribedLayer) {
      for network in networks { _ = try network.operations() }
    } catch {
      throw ExportError.undescribed(
        network: error.network, layer: error.layer, type: error.type,
        exportable: all.filter(Self.isExportable).map(\.name))
    }
    var files: [(name: String, bytes: [UInt8])] = []
    switch format {
    case .onnx:
      for network in networks {
        let bytes = 4 * network.parameterCount
        guard bytes < ONNXModel.mostWeightBytes else {
          throw ExportError.tooLarge(network: network.name, bytes: bytes)
        }
      }
      for network in networks { files.append(("\(network.name).onnx", try onnx(network, isAveraged))) }
    case .safetensors:
      files = networks.map { ("\($0.name).safetensors", weights($0)) }
      files.append((Self.configuration, Array(try configuration(networks, isAveraged).indentedText.utf8)))
      let picture = samples(telling: tell)
      if let picture { files.append((Self.picture, try PNGFile(encoding: picture).bytes)) }
      let card = try card(networks, isAveraged, picture: picture == nil ? nil : Self.picture)
      files.append((Self.readme, Array(card.markdown.utf8)))
    }
    // After everything that can fail for the model's sake.
    try Self.refuseForeign(folder, files.map(\.name))
    try OutputError.writing(folder) {
      _ = try OutputError.makeFolder(folder, for: folder)
      for file in files { try AtomicFile.write(file.bytes, to: "\(folder)/\(file.name)", durable: true) }
      if !files.contains(where: { $0.name == Self.picture }) { unlink("\(folder)/\(Self.picture)") }
    }
    return files.map(\.name)
  }

  private static let picture = "samples.png"
  private static let readme = "README.md"
  private static let configuration = "config.json"

  /// Refuses a folder that would hold something else beside this export, such as networks of another one that
  /// its configuration does not know, and one in which files would be replaced that no export has written.
  private static func refuseForeign(_ folder: String, _ names: [String]) throws(RunFolderError) {
    func says(_ name: String, _ mark: String) -> Bool {
      Files.head("\(folder)/\(name)")?.contains(mark) == true
    }
    let isExport = says(configuration, "\"library_name\": \"lockstep\"")
    // Without its data a run has no picture, whose earlier one goes then. What is hidden is a repository's.
    let known = names + (isExport ? [picture] : [])
    let others = (DirectoryEntry.entries(of: folder) ?? []).map(\.text)
      .filter { !$0.hasPrefix(".") && !known.contains($0) }
    if let other = others.min() {
      throw RunFolderError(
        .occupied, "the folder holds \(other.shortened), which this export does not write", folder,
        "choose another --output, or empty it")
    }
    func isOwn(_ name: String) -> Bool {
      switch name {
      case readme: says(name, "library_name: lockstep")
      // A model names who has made it, near its beginning.
      case _ where name.hasSuffix(".onnx"): says(name, ONNXModel.producer)
      // Pictures and weights name nobody; the configuration beside them does.
      default: isExport
      }
    }
    guard let foreign = names.first(where: { Files.exists("\(folder)/\($0)") && !isOwn($0) }) else { return }
    throw RunFolderError(
      .occupied, "the folder holds a \(foreign) that no export has written", folder,
      "choose another --output, or move that file away")
  }

  private static func isExportable(_ network: NetworkDescription) -> Bool {
    do throws(UndescribedLayer) {
      _ = try network.operations()
      return true
    } catch {
      return false
    }
  }

  private func weights(_ network: NetworkDescription) -> [UInt8] {
    Safetensors(
      network.tensors.map { NamedTensor($0.name, $0.value) }, metadata: ["format": "pt"]
    ).encoded()
  }

  private func onnx(_ network: NetworkDescription, _ isAveraged: Bool) throws -> [UInt8] {
    let origin = "\(network.name) of \(options.modelDescription), recipe \(options.recipe), step \(info.step)"
    return try ONNXModel.encoded(
      network, version: Program.version,
      document: origin + (network.packsText.map { "; \($0)" } ?? ""),
      metadata: [
        ("recipe", options.recipe), ("step", "\(info.step)"), ("averaged", "\(isAveraged)"),
        ("weights_sha256", info.weightsSHA256), ("data_fingerprint", info.dataFingerprint),
      ])
  }

  private func configuration(_ networks: [NetworkDescription], _ isAveraged: Bool) throws -> JSONValue {
    .object([
      .init("model_type", .string(options.family.rawValue)), .init("library_name", .string("lockstep")),
      .init("library_version", .string(info.programVersion)), .init("recipe", .string(options.recipe)),
      .init("step", .integer(info.step)), .init("averaged", .bool(isAveraged)),
      .init("weights_sha256", .string(info.weightsSHA256)),
      .init("data_fingerprint", .string(info.dataFingerprint)),
      .init(
        "networks",
        .object(
          try networks.map {
            .init($0.name, try TorchConfiguration.object($0, file: "\($0.name).safetensors"))
          })),
    ])
  }

  /// The run's picture; nil of a model with a context whose data cannot be read here.
  private func samples(telling tell: (String) -> Void) -> Pixels? {
    do throws(DatasetError) {
      let dataset = model.context == nil ? nil : try Datasets.open(DatasetRequest(options))
      if let dataset, dataset.fingerprint.description != info.dataFingerprint {
        tell("\(Self.picture) is left out: the data are no longer those that the run was trained on")
        return nil
      }
      let source = LatentSource(of: model, cutting: dataset, seed: options.seed, purpose: .samples)
      let grid = try SampleGrid(count: options.samples.count, of: model, source)
      return SamplePicture(options, characters: info.characters)
        .pixels(of: grid.samples(by: model), of: grid)
    } catch {
      tell(
        "\(Self.picture) is left out, whose contexts are cut from the run's data: \(error.problem) (\(error.place))"
      )
      return nil
    }
  }

  /// The options without places on this machine.
  private var published: Options {
    var options = options
    options.initial = Options.Initial()
    options.quality.weights = nil
    if options.quality.space == .weights { options.quality.space = .pca }
    if !options.quality.metric.isKnown(in: options.quality.space) { options.quality.metric = .frechet }
    if case .path(let path) = options.data {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      // A folder may be called as embedded data are.
      options.data = .path(DataSource(.text(name)).isPath ? name : "./\(name)")
    }
    return options
  }

  /// Which of the networks that are written are averages.
  private func averagedText(_ networks: [NetworkDescription]) -> String {
    let written = networks.map(\.name)
    // A name that no network has is that of a part of the first.
    func isAveraged(_ name: String) -> Bool {
      (model.networks.first { $0.name == name } ?? model.networks[0]).average != nil
    }
    let averaged = written.filter(isAveraged)
    let others = written.filter { !isAveraged($0) }
    guard !averaged.isEmpty else { return "as trained" }
    return "moving average of \(Prose.list(averaged))"
      + (others.isEmpty ? "" : "; \(Prose.list(others)) as trained")
  }

  private func use(of network: NetworkDescription) -> ModelCard.Use {
    guard let sampler = (model as? Diffusion)?.configuration else {
      let isMaker = network.name == model.networks[0].name
      return .pass(
        byClass: model.classCount > 0, makesVolumes: options.modelsVolumes && isMaker,
        contexts: isMaker ? model.context?.card : nil)
    }
    return .denoising(
      DenoisingSampler(
        steps: sampler.samplingSteps, guidance: sampler.guidance, classes: sampler.classes))
  }

  private func card(
    _ networks: [NetworkDescription], _ isAveraged: Bool, picture: String?
  ) throws -> ModelCard {
    let title = options.title.isEmpty ? "" : ": \(options.title)"
    return ModelCard(
      title: "\(options.recipe)\(title)",
      tags: (model.phases.contains { $0.role == .generator } ? ["gan"] : []) + [
        options.family.rawValue,
        options.modelsVolumes
          ? "3d"
          : model.context != nil
            ? "image-to-image"
            : model.classCount > 0 ? "conditional-image-generation" : "unconditional-image-generation",
      ],
      facts: [
        ("model", options.modelDescription),
        ("weights", isAveraged ? averagedText(networks) : "as trained, not averaged"),
        ("parameters", networks.map { "\($0.name) \($0.parameterCount)" }.joined(separator: ", ")),
        ("steps", "\(info.step) of \(options.batch) samples"),
      ] + networks.compactMap { network in network.packsText.map { (network.name, $0) } } + [
        ("data", published.data.optionValue.canonicalText),
        ("data fingerprint", info.dataFingerprint),
        ("written by", "lockstep \(info.programVersion) on \(Count.text(info.worldSize, "rank"))"),
        ("weights_sha256", info.weightsSHA256),
      ],
      figures: try logPath.flatMap { try JSONLinesLog.lastNumbers(of: $0, upTo: info.step) }.map { line in
        (line.step, line.values.filter { !RunReport.executionKeys.contains($0.name) })
      },
      networks: networks.map(\.name), picture: picture, options: published.canonicalYAML,
      use: use(of: networks[0]))
  }
}

extension NetworkDescription {
  /// What is to be known of a network that takes several samples at once; nil of all others.
  fileprivate var packsText: String? {
    packing > 1 ? "takes packs: N is a multiple of \(packing), scores are one a pack" : nil
  }
}
