// swift-tools-version: 6.2
import PackageDescription

/// What every target of ours is compiled with: Swift 6 mode, every unsafe construct marked,
/// and no warning left standing.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Tests build fixtures and expectations freely; they keep Swift 6 mode and warnings as errors.
let tests: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "bpfapply",
  products: [
    .library(name: "BPFObject", targets: ["BPFObject"]),
    .library(name: "BPFKernel", targets: ["BPFKernel"]),
    .executable(name: "bpfapply", targets: ["bpfapply"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
  ],
  targets: [
    // The arrows of Sources/README.md; ArchitectureTests compares them with what is imported.
    .systemLibrary(name: "CBPF"),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .target(name: "BPFObject", exclude: ["README.md"], swiftSettings: strict),
    .target(name: "BPFKernel", dependencies: ["BPFObject", "CBPF"], swiftSettings: strict),
    .target(name: "Planning", dependencies: ["BPFObject", crypto], swiftSettings: strict),
    .target(
      name: "Manifest", dependencies: ["BPFObject", "Planning", "CYAML", crypto],
      swiftSettings: strict),
    .target(
      name: "Reconciling", dependencies: ["Planning", "BPFObject", "BPFKernel"],
      swiftSettings: strict),
    .executableTarget(
      name: "bpfapply", dependencies: ["Manifest", "Planning", "Reconciling", arguments],
      swiftSettings: strict),

    // Support for tests.
    .target(name: "Sandbox", path: "Tests/Sandbox", swiftSettings: tests),
    .target(
      name: "FakeKernel", dependencies: ["Reconciling", "Planning", "BPFObject"],
      path: "Tests/FakeKernel", swiftSettings: tests),
    .executableTarget(
      name: "loader-bench", dependencies: ["BPFObject", "BPFKernel"], path: "Tests/bench/loader",
      swiftSettings: tests),

    .testTarget(name: "ArchitectureTests", swiftSettings: tests),
    .testTarget(
      name: "BPFObjectTests", dependencies: ["BPFObject", "Sandbox", crypto], swiftSettings: tests),
    .testTarget(
      name: "BPFKernelTests", dependencies: ["BPFKernel", "BPFObject", "Sandbox"],
      swiftSettings: tests),
    .testTarget(
      name: "ManifestTests", dependencies: ["Manifest", "Planning", "BPFObject", "Sandbox"],
      exclude: ["Cases"], swiftSettings: tests),
    .testTarget(
      name: "PlanningTests", dependencies: ["Planning", "BPFObject", "Sandbox"],
      swiftSettings: tests),
    .testTarget(
      name: "ReconcilingTests",
      dependencies: ["Reconciling", "Planning", "BPFObject", "BPFKernel", "FakeKernel", "Sandbox"],
      swiftSettings: tests),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "bpfapply", "Manifest", "Reconciling", "Planning", "BPFObject", "FakeKernel", "Sandbox",
      ],
      exclude: ["Golden"], swiftSettings: tests),
    .testTarget(
      name: "EndToEndTests", dependencies: ["bpfapply", "BPFKernel", "BPFObject", "Sandbox"],
      swiftSettings: tests),
  ]
)
