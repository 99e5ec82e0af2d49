// swift-tools-version: 6.2
import PackageDescription

// The kernels are written for AVX2 and FMA (x86-64-v3); one copy of them is compiled again for AVX-512
// (x86-64-v4) and chosen at run time.
let baseline = ["-Xcc", "-march=x86-64-v3"]
let wide = ["-Xcc", "-march=x86-64-v4"]

func settings(_ architecture: [String]) -> [SwiftSetting] {
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
    .unsafeFlags(architecture),
  ]
}

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")

/// A C library from the distribution: found by pkg-config, installed by `cluster/dependencies`.
func library(_ name: String, pkgConfig: String, apt: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// A room of the house. `LayeringTests` holds its imports against the same table.
func room(
  _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [],
  resources: [Resource]? = nil,
  architecture: [String] = baseline
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources,
    swiftSettings: settings(architecture))
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings(baseline))
}

let package = Package(
  name: "lockstep",
  products: [.executable(name: "lockstep", targets: ["lockstep"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    // No traits: SwiftPM passes their flags on in a random order, and would compile the package in every build.
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    // Layer 0: C libraries.
    library("CMPI", pkgConfig: "ompi-c", apt: "libopenmpi-dev"),
    library("COpenBLAS", pkgConfig: "openblas", apt: "libopenblas-dev"),
    library("CSLEEF", pkgConfig: "sleef", apt: "libsleef-dev"),
    library("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
    library("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
    library("CPNG", pkgConfig: "libpng", apt: "libpng-dev"),
    library("CTurboJPEG", pkgConfig: "libturbojpeg", apt: "libturbojpeg0-dev"),
    library("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
    .systemLibrary(name: "CProcessor"),
    // Layer 1.
    room("Platform", ["CCrypto"]),
    room("KernelsBaseline", ["CProcessor"]),
    room("KernelsWide", ["CProcessor"], architecture: wide),
    room("TensorCore", ["Platform", "KernelsBaseline", "KernelsWide", "COpenBLAS", "CProcessor", "CSLEEF"]),
    room("MessagePassing", ["Platform", "CMPI", "CProcessor"]),
    // Layer 2.
    room("Autograd", ["TensorCore"]),
    // Layer 3.
    room("Networks", ["Autograd", "TensorCore"]),
    room("DataParallel", ["TensorCore", "MessagePassing", "Platform"]),
    room("Datasets", ["TensorCore", "Platform", "CPNG", "CTurboJPEG", "CZlib"]),
    room("Checkpoints", ["TensorCore", "Platform", "CZstd"]),
    room(
      "Reporting", ["TensorCore", "Platform", "CPNG", protobuf],
      exclude: ["TensorBoard/event.proto", "TensorBoard/summary.proto"]),
    room("Quality", ["TensorCore", "COpenBLAS"]),
    // Layer 4.
    room("Models", ["Networks", "Autograd", "TensorCore"]),
    room(
      "Interchange",
      ["Networks", "Checkpoints", "Autograd", "TensorCore", "Platform", protobuf],
      exclude: ["model", "graph", "node", "tensor", "type"].map { "ONNX/onnx_\($0).proto" }),
    // Layer 5.
    room(
      "Training",
      [
        "Models", "Interchange", "Networks", "DataParallel", "Datasets", "Checkpoints", "Reporting",
        "Quality",
        "Autograd",
        "MessagePassing",
        "TensorCore", "Platform", yams,
      ],
      resources: [.embedInCode("Recipes")]),
    // Layer 6.
    room(
      "Cluster",
      [
        "Training", "Models", "DataParallel", "Checkpoints", "Reporting", "Autograd", "MessagePassing",
        "TensorCore", "Platform",
      ]),
    // Layer 7.
    .executableTarget(
      name: "lockstep",
      dependencies: [
        "Cluster", "Training", "Platform", "DataParallel", "Datasets", "Reporting", "MessagePassing",
        "TensorCore", argumentParser,
      ],
      swiftSettings: settings(baseline)),
    // Tests mirror the rooms.
    tests("LayeringTests", []),
    tests("PlatformTests", ["Platform", "TestSupport"]),
    tests("TensorCoreTests", ["TensorCore"]),
    tests("MessagePassingTests", ["MessagePassing", "Conformance", "mpi-conformance"]),
    tests("AutogradTests", ["Autograd", "TensorCore", "FiniteDifferences"]),
    tests("NetworksTests", ["Networks", "Autograd", "TensorCore", "Models", "FiniteDifferences"]),
    tests(
      "DataParallelTests",
      ["DataParallel", "Autograd", "TensorCore", "MessagePassing", "Conformance", "mpi-conformance"]),
    tests("DatasetsTests", ["Datasets", "TensorCore", "TestSupport"]),
    tests("CheckpointsTests", ["Checkpoints", "Platform", "TensorCore", "TestSupport"], exclude: ["Golden"]),
    tests("QualityTests", ["Quality", "Datasets", "TensorCore", "TestSupport"]),
    tests(
      "InterchangeTests",
      [
        "Interchange", "Models", "Checkpoints", "Networks", "Autograd", "TensorCore", "Platform",
        "TestSupport",
      ]),
    tests("ReportingTests", ["Reporting", "Platform", "TensorCore", "CPNG", "TestSupport"]),
    tests(
      "TrainingTests",
      [
        "Training", "Models", "Networks", "Autograd", "Checkpoints", "TensorCore", "Datasets", "DataParallel",
        "MessagePassing", "Quality", "Reporting", "Platform", "Conformance", "TestSupport",
      ]),
    tests(
      "ClusterTests",
      [
        "Cluster", "Training", "Models", "DataParallel", "Autograd", "MessagePassing", "Platform",
        "TestSupport",
      ]),
    tests("LockstepTests", ["Checkpoints", "Platform", "TensorCore"]),
    .target(
      name: "TestSupport", path: "Tests/Support/TestSupport", swiftSettings: settings(baseline)),
    // Derivative rules against finite differences, for the tests of rules and of what is built from them.
    .target(
      name: "FiniteDifferences", dependencies: ["Autograd", "TensorCore"],
      path: "Tests/Support/FiniteDifferences",
      swiftSettings: settings(baseline)),
    // What every communicator must do, written once: for the tests and for a program that mpirun starts.
    .target(
      name: "Conformance", dependencies: ["DataParallel", "MessagePassing", "Platform", "TensorCore"],
      path: "Tests/Support/Conformance", swiftSettings: settings(baseline)),
    .executableTarget(
      name: "mpi-conformance", dependencies: ["Conformance", "DataParallel", "MessagePassing", "TensorCore"],
      path: "Tests/Support/MPIConformance", swiftSettings: settings(baseline)),
  ],
  swiftLanguageModes: [.v6]
)
