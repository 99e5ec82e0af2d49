package import Networks
import SwiftProtobuf
import TensorCore

/// A network as an ONNX model (https://onnx.ai): opset 17 of IR version 8, whose operators every runtime
/// since 2022 has.
///
/// The batch is a symbol, so that any number of items may go in. Activations are NCHW, those of volumes
/// NCDHW, which ONNX's convolutions take.
package enum ONNXModel {
  /// What a model names its maker by.
  package static let producer = "lockstep"
  /// The bytes of weights for which there is room beside the rest: a protobuf message is less than 2 GiB.
  package static let mostWeightBytes = (2 << 30) - (1 << 20)
  private static let irVersion: Int64 = 8
  private static let operatorSet: Int64 = 17

  /// The bytes of a `.onnx` file.
  /// - Parameters:
  ///   - document: a sentence on what the network is.
  ///   - metadata: keys and values for `metadata_props`, in order.
  /// - Throws: `UndescribedLayer`.
  package static func encoded(
    _ network: NetworkDescription, version: String, document: String, metadata: [(String, String)]
  ) throws(UndescribedLayer) -> [UInt8] {
    var model = Onnx_ModelProto()
    model.irVersion = irVersion
    model.producerName = producer
    model.producerVersion = version
    model.docString = document
    var operators = Onnx_OperatorSetIdProto()
    operators.version = operatorSet
    model.opsetImport = [operators]
    model.metadataProps = metadata.map { key, value in
      var entry = Onnx_StringStringEntryProto()
      entry.key = key
      entry.value = value
      return entry
    }
    model.graph = try graph(of: network)
    do {
      return try model.serializedBytes()
    } catch {
      preconditionFailure("a message without required fields is serialised: \(error)")
    }
  }

  private static func graph(of network: NetworkDescription) throws(UndescribedLayer) -> Onnx_GraphProto {
    let operations = try network.operations()
    var builder = ONNXGraph(named: network.name, input: network.input)
    if network.chainExtents != network.input.extents {
      builder.reshape(to: network.chainExtents, name: "input")
    }
    if network.inputScale != 1 { builder.multiply(by: network.inputScale, name: "input.scale") }
    if let code = network.code { builder.append(code) }
    if case .input(let table)? = network.classes {
      builder.concatenate(rowsOf: table, toItemsOf: network.chainExtents)
    }
    for operation in operations.dropLast() { builder.append(operation) }
    let features = builder.current
    if let last = operations.last { builder.append(last) }
    if case .projection(let table)? = network.classes {
      builder.reshape(to: [], name: "score")
      builder.add(projectionOf: features, onto: table, places: network.chainExtents.count - 1)
    }
    if let further = network.further { builder.append(further, behind: features) }
    if network.outputScale != 1 { builder.multiply(by: network.outputScale, name: "output.scale") }
    // A reshape to the extents that are there already costs nothing and gives the output its name.
    builder.reshape(to: network.output.extents, name: "output")
    return builder.finished(output: network.output)
  }
}
