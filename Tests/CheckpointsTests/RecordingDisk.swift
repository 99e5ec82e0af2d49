import Checkpoints
import Glibc
import Synchronization

/// A model of what a disk holds after a loss of power: which names and bytes are durable, and which may or
/// may not be, since they were not synchronised. It listens to a real save, under the root folder, operation
/// by operation.
final class RecordingDisk: Sendable {
  /// A file's bytes, as written and as last synchronised.
  fileprivate struct File {
    var current: [UInt8] = []
    var durable: [UInt8] = []
  }

  fileprivate enum NameChange {
    case add(String, Int)
    case rename(String, String)
    case remove(String)
  }

  fileprivate struct Folder {
    var durable: [String: Int] = [:]
    var pending: [NameChange] = []

    /// The names if, of the pending changes, those in the bit mask `chosen` reached the disk.
    func names(_ chosen: Int) -> [String: Int] {
      var names = durable
      for (index, change) in pending.enumerated() where chosen >> index & 1 == 1 {
        switch change {
        case .add(let name, let node): names[name] = node
        case .rename(let name, let newName):
          if let node = names.removeValue(forKey: name) { names[newName] = node }
        case .remove(let name): names[name] = nil
        }
      }
      return names
    }
  }

  fileprivate struct State {
    var files: [Int: File] = [:]
    var folders: [Int: Folder] = [0: Folder()]
    var nodeCount = 1
  }

  private let state = Mutex(State())
  private let root: String

  init(root: String) { self.root = root }

  func record(_ operation: FileOperation) {
    state.withLock { state in
      switch operation {
      case .makeFolder(let path): state.add(parts(path)) { $0.folders[$1] = Folder() }
      case .createFile(let path): state.add(parts(path)) { $0.files[$1] = File() }
      case .write(let path, let bytes): state.files[state.node(parts(path))]!.current += Array(bytes)
      case .synchronizeFile(let path):
        let node = state.node(parts(path))
        state.files[node]!.durable = state.files[node]!.current
      case .synchronizeFolder(let path):
        let node = state.node(parts(path))
        state.folders[node] = Folder(durable: state.folders[node]!.names(-1))
      case .rename(let path, let newPath):
        let (from, to) = (parts(path), parts(newPath))
        state.folders[state.node(from.dropLast())]!.pending.append(.rename(from.last!, to.last!))
      case .removeFile(let path), .removeFolder(let path):
        let parts = parts(path)
        state.folders[state.node(parts.dropLast())]!.pending.append(.remove(parts.last!))
      }
    }
  }

  /// The number of images that the disk may show now: any subset of the pending names of the root, each with
  /// all or nothing of what is pending within files and folders below.
  var imageCount: Int { state.withLock { 2 << $0.folders[0]!.pending.count } }

  /// Writes one of the images into `path`.
  func writeImage(_ index: Int, to path: String) {
    state.withLock { state in
      let isLossy = index & 1 == 0
      state.write(state.folders[0]!.names(index >> 1), isLossy: isLossy, to: path)
    }
  }

  private func parts(_ path: String) -> ArraySlice<String> {
    precondition(path.hasPrefix(root), "\(path) is under \(root)")
    var parts: [String] = []
    for part in path.dropFirst(root.count).split(separator: "/") {
      if part == ".." { parts.removeLast() } else { parts.append(String(part)) }
    }
    return parts[...]
  }
}

extension RecordingDisk.State {
  fileprivate func node(_ parts: ArraySlice<String>) -> Int {
    parts.reduce(0) { folders[$0]!.names(-1)[$1]! }
  }

  fileprivate mutating func add(_ parts: ArraySlice<String>, _ make: (inout Self, Int) -> Void) {
    folders[node(parts.dropLast())]!.pending.append(.add(parts.last!, nodeCount))
    make(&self, nodeCount)
    nodeCount += 1
  }

  fileprivate func write(_ names: [String: Int], isLossy: Bool, to path: String) {
    mkdir(path, 0o777)
    for (name, node) in names {
      let target = path + "/" + name
      if let folder = folders[node] {
        write(folder.names(isLossy ? 0 : -1), isLossy: isLossy, to: target)
      } else if let file = files[node] {
        writeFile(target, isLossy ? file.durable : file.current)
      }
    }
  }
}
