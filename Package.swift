// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// The kernel sources are compiled once per instruction set (Sources/Kernels*/README.md); each module
// gets the C target's features through -march, because Swift has no spelling of its own for them.
func kernelSettings(march: String?, _ defines: String...) -> [SwiftSetting] {
    let flags = march.map { ["-Xcc", "-march=\($0)", "-Xcc", "-mprefer-vector-width=512"] } ?? []
    return defines.map { .define($0) } + [.unsafeFlags(["-Ounchecked"] + flags)]
}

#if arch(x86_64)
let kernelModules: [Target] = [
    .target(
        name: "KernelsAVX512", dependencies: ["CLanes", "KernelInterface"],
        exclude: ["README.md"],
        swiftSettings: kernelSettings(march: "x86-64-v4", "AVX512")),
    .target(
        name: "KernelsAVX2", dependencies: ["CLanes", "KernelInterface"],
        exclude: ["README.md"],
        swiftSettings: kernelSettings(march: "x86-64-v3", "AVX2")),
    .target(
        name: "KernelsPortable", dependencies: ["CLanes", "KernelInterface"],
        exclude: ["README.md"], swiftSettings: kernelSettings(march: nil)),
]
#else
let kernelModules: [Target] = [
    .target(
        name: "KernelsPortable", dependencies: ["CLanes", "KernelInterface"],
        exclude: ["README.md"], swiftSettings: kernelSettings(march: nil))
]
#endif

let package = Package(
    name: "convserve",
    products: [
        .executable(name: "convserve", targets: ["convserve"]),
        .library(name: "ConvolutionEngine", targets: ["ConvolutionEngine"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: kernelModules + [
        .target(
            name: "CHTTPD", exclude: ["README.md"],
            linkerSettings: [.linkedLibrary("microhttpd")]),
        .target(
            name: "CTensorText", exclude: ["README.md"],
            cxxSettings: [.unsafeFlags(["-O3", "-fno-exceptions", "-fno-rtti"])]),
        .target(name: "CLanes", exclude: ["README.md"]),
        .target(name: "CEmbedded", exclude: ["README.md"]),
        .target(name: "KernelInterface", exclude: ["README.md"]),
        .target(
            name: "ConvolutionEngine",
            dependencies: ["CLanes", "KernelInterface"]
                + kernelModules.map { .init(stringLiteral: $0.name) },
            exclude: ["README.md"]),
        .target(
            name: "Reparameterization", dependencies: ["ConvolutionEngine"],
            exclude: ["README.md"]),
        .target(name: "JSONText", exclude: ["README.md"]),
        .systemLibrary(name: "CArchive"),
        .target(
            name: "TensorFiles", dependencies: ["CArchive", "ConvolutionEngine", "JSONText"],
            exclude: ["README.md"]),
        .systemLibrary(name: "CNettle"),
        .target(
            name: "Checkpoints",
            dependencies: [
                "CNettle", "ConvolutionEngine", "JSONText", "Reparameterization", "TensorFiles",
            ],
            exclude: ["README.md"]),
        .target(
            name: "HTTPTransport",
            dependencies: [
                "CHTTPD",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            exclude: ["README.md"]),
        .target(
            name: "ConvolutionService",
            dependencies: [
                "HTTPTransport", "Checkpoints", "CTensorText", "CEmbedded", "ConvolutionEngine",
                "JSONText", "Reparameterization", "TensorFiles", "Yams",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
            ],
            exclude: ["README.md"]),
        .executableTarget(
            name: "convserve",
            dependencies: [
                "Checkpoints", "ConvolutionService", "ConvolutionEngine", "HTTPTransport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            exclude: ["README.md"]),

        .target(
            name: "TestSupport", dependencies: ["ConvolutionEngine"], path: "Tests/TestSupport"),
        .testTarget(name: "CTensorTextTests", dependencies: ["CTensorText", "TestSupport"]),
        .testTarget(
            name: "TensorFilesTests",
            dependencies: ["TensorFiles", "ConvolutionEngine", "TestSupport"]),
        .testTarget(name: "HTTPTransportTests", dependencies: ["HTTPTransport"]),
        .testTarget(
            name: "ConvolutionEngineTests",
            dependencies: ["CLanes", "ConvolutionEngine", "KernelInterface", "TestSupport"]
                + kernelModules.map { .init(stringLiteral: $0.name) }),
        .testTarget(
            name: "ReparameterizationTests",
            dependencies: ["Reparameterization", "ConvolutionEngine", "TestSupport"]),
        .testTarget(
            name: "CheckpointsTests",
            dependencies: ["Checkpoints", "ConvolutionEngine", "TensorFiles", "TestSupport"]),
        .testTarget(
            name: "ConvolutionServiceTests",
            dependencies: [
                "ConvolutionService", "ConvolutionEngine", "HTTPTransport", "TensorFiles",
                "TestSupport", "Yams",
            ]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)
