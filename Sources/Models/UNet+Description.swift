import Networks
import TensorCore

extension UNet {
  /// What other programs compute: a chain, in which each level's connection that skips the levels below it is
  /// a ``LayerOperation/skip(_:)`` around them.
  func description(_ configuration: Diffusion.Configuration, named name: String) -> NetworkDescription {
    let extents = [configuration.channels, configuration.size, configuration.size]
    var chain = Chain(path: "main")
    chain.append { _ in stem.operation }
    append(level: 0, to: &chain)
    chain.append { _ in norm.operation }
    chain.append { _ in .rectifier(slope: 0) }
    chain.append { _ in head.operation }
    let code = NetworkDescription.Code(
      of: .init("time", []), frequencies: frequencies.reshaped([waves]),
      layers: NetworkDescription.NamedOperation.chain(embedding.map(\.operation), at: "embedding"),
      classes: classes.map { .init("classes", $0) })
    return NetworkDescription(
      name, chain.operations, input: .init("noisy", extents), chainExtents: extents,
      output: .init("velocity", extents), code: code)
  }

  private func append(level: Int, to chain: inout Chain) {
    for block in down[level] { chain.append(block.operation) }
    guard level < down.count - 1 else { return }
    chain.append { path in
      var inner = Chain(path: "\(path).inner")
      inner.append { _ in .averagePool(side: 2) }
      append(level: level + 1, to: &inner)
      inner.append { _ in .upsampling(scale: 2) }
      return .skip(inner.operations)
    }
    for block in up[level] { chain.append(block.operation) }
  }

  /// Operations at `path.0`, `path.1` and so on.
  private struct Chain {
    let path: String
    private(set) var operations: [NetworkDescription.NamedOperation] = []

    init(path: String) { self.path = path }

    mutating func append(_ operation: (_ path: String) -> LayerOperation) {
      let name = "\(path).\(operations.count)"
      operations.append(NetworkDescription.NamedOperation(name, operation(name)))
    }
  }
}

extension UNetBlock {
  /// The block at a place, `path`, of a chain.
  fileprivate func operation(at path: String) -> LayerOperation {
    let residual = "\(path).residual"
    let modulation = NetworkDescription.NamedOperation.chain(
      [modulation.operation], at: "\(residual).4.affine")
    let layers: [LayerOperation] = [
      norm.operation, .rectifier(slope: 0), first.operation,
      .groupNorm(
        groups: Self.groups(of: channels), channels: channels, affine: nil, epsilon: GroupNorm.epsilon),
      .modulation(modulation), .rectifier(slope: 0), second.operation,
    ]
    return .residual(
      NetworkDescription.NamedOperation.chain(layers, at: residual),
      shortcut: NetworkDescription.NamedOperation.chain(
        shortcut.map { [$0.operation] } ?? [], at: "\(path).shortcut"))
  }
}
