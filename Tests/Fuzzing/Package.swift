// swift-tools-version: 6.2
import PackageDescription

// Fuzzing, in a package of its own so that the flags it needs reach no other build. `run` builds it with
// libFuzzer and the address sanitizer; Rooms is a link to the sources of the program, which `run` makes.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(["-Xcc", "-march=x86-64-v3"]),
]

func library(_ name: String, _ pkgConfig: String) -> Target {
  .systemLibrary(name: name, path: "Rooms/\(name)", pkgConfig: pkgConfig)
}

func room(
  _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [],
  resources: [Resource]? = nil
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Rooms/\(name)", exclude: exclude, resources: resources,
    swiftSettings: settings)
}

/// A reader's program: `LLVMFuzzerTestOneInput` is in it, `main` in libFuzzer.
func fuzzer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: "Sources/\(name)",
    swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])])
}

let files = ["IDX", "CIFAR", "Images", "NumPy", "Tar", "Text", "Index", "Binvox"]

let package = Package(
  name: "fuzzing",
  dependencies: [
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
  ],
  targets: [
    library("CMPI", "ompi-c"), library("COpenBLAS", "openblas"), library("CSLEEF", "sleef"),
    library("CZstd", "libzstd"), library("CZlib", "zlib"), library("CPNG", "libpng"),
    library("CTurboJPEG", "libturbojpeg"), library("CCrypto", "libcrypto"),
    .systemLibrary(name: "CProcessor", path: "Rooms/CProcessor"),
    room("Platform", ["CCrypto"]),
    room("KernelsBaseline", ["CProcessor"]), room("KernelsWide", ["CProcessor"]),
    room("TensorCore", ["Platform", "KernelsBaseline", "KernelsWide", "COpenBLAS", "CProcessor", "CSLEEF"]),
    room("MessagePassing", ["Platform", "CMPI", "CProcessor"]), room("Autograd", ["TensorCore"]),
    room("Networks", ["Autograd", "TensorCore"]),
    room("DataParallel", ["TensorCore", "MessagePassing", "Platform"]),
    room("Datasets", ["TensorCore", "Platform", "CPNG", "CTurboJPEG", "CZlib"]),
    room("Checkpoints", ["TensorCore", "Platform", "CZstd"]),
    room(
      "Reporting",
      ["TensorCore", "Platform", "CPNG", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["TensorBoard/event.proto", "TensorBoard/summary.proto"]),
    room("Quality", ["TensorCore", "COpenBLAS"]),
    room("Models", ["Networks", "Autograd", "TensorCore"]),
    room(
      "Interchange",
      [
        "Networks", "Checkpoints", "Reporting", "Autograd", "TensorCore", "Platform",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ], exclude: ["model", "graph", "node", "tensor", "type"].map { "ONNX/onnx_\($0).proto" }),
    room(
      "Training",
      [
        "Models", "Quality", "Interchange", "Networks", "DataParallel", "Datasets", "Checkpoints",
        "Reporting",
        "Autograd",
        "MessagePassing", "TensorCore", "Platform", .product(name: "Yams", package: "Yams"),
      ], resources: [.embedInCode("Recipes")]),
    room(
      "Cluster",
      [
        "Training", "Models", "DataParallel", "Checkpoints", "Reporting", "Autograd", "MessagePassing",
        "TensorCore", "Platform",
      ]),
    .target(
      name: "Harness", dependencies: ["Datasets", "TensorCore"], path: "Sources/Harness",
      swiftSettings: settings),
  ] + files.map { fuzzer("Fuzz\($0)", ["Harness"]) } + [
    fuzzer("FuzzCheckpoint", ["Checkpoints", "Platform"]),
    fuzzer("FuzzHostfile", ["Cluster"]),
    fuzzer("FuzzRecipe", ["Training"]),
  ])
