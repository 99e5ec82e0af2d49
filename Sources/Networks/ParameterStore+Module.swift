public import Autograd
import TensorCore

extension ParameterStore {
  /// Takes the parameters and buffers of a module, in declaration order, named by their paths.
  ///
  /// Stored properties are walked once with `Mirror`; a structure whose order is not that of its declaration
  /// (a dictionary, a set) traps, because names and bits would change from process to process.
  public convenience init(name: String, module: Any) {
    let (parameters, buffers) = parts(of: module)
    self.init(name: name, parameters: parameters, buffers: buffers)
  }
}

/// The weights of modules, without those of norms and the biases, which are few: the elements of parameters
/// of several axes. No store has to have taken them, so this takes no memory.
public func countWeights(of modules: Any?...) -> Double {
  parts(of: modules).parameters.map(\.1.shape).filter { $0.rank > 1 }.reduce(0) { $0 + Double($1.count) }
}

/// The parameters and buffers of a module in declaration order, named by their paths.
private func parts(of module: Any) -> (parameters: [(String, Parameter)], buffers: [(String, Buffer)]) {
  var parameters: [(String, Parameter)] = []
  var buffers: [(String, Buffer)] = []
  func walk(_ value: Any, path: String) {
    if let parameter = value as? Parameter { return parameters.append((path, parameter)) }
    if let buffer = value as? Buffer { return buffers.append((path, buffer)) }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .dictionary, .set: preconditionFailure("\(path): layers are not kept in hash order")
    case .optional: mirror.children.first.map { walk($0.value, path: path) }
    case .collection:
      for (index, child) in mirror.children.enumerated() { walk(child.value, path: join(path, "\(index)")) }
    default:
      // A chain of layers is named by position alone, as in PyTorch.
      let isTransparent = value is Sequential
      for child in mirror.children {
        walk(child.value, path: isTransparent ? path : join(path, snakeCase(child.label ?? "")))
      }
    }
  }
  walk(module, path: "")
  return (parameters, buffers)
}

private func join(_ path: String, _ name: String) -> String {
  path.isEmpty ? name : path + "." + name
}

/// `runningMean` as `running_mean`.
private func snakeCase(_ name: String) -> String {
  name.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
}
