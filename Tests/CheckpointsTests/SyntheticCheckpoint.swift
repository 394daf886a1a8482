// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TensorFiles

import Checkpoints

/// A small safetensors file, layer by layer, with numbers that are none of the defaults.
struct SyntheticCheckpoint {
    private(set) var tensors: [(name: String, tensor: Tensor)] = []
    private var state: UInt64 = 1

    init() {}

    private mutating func next() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 40) * 0x1p-23 - 1
    }

    private mutating func numbers(_ shape: [Int], _ low: Double, _ high: Double) -> Tensor {
        Tensor(
            shape: shape,
            (0..<shape.reduce(1, *)).map { _ in
                Float(low + (high - low) * (next() + 1) / 2)
            })
    }

    mutating func add(_ name: String, _ tensor: Tensor) { tensors.append((name, tensor)) }

    /// A convolution or linear layer.
    mutating func layer(_ module: String, _ shape: [Int], bias: Int? = nil) {
        add(module + ".weight", numbers(shape, -1, 1))
        if let bias { add(module + ".bias", numbers([bias], -1, 1)) }
    }

    mutating func bn(_ module: String, _ channels: Int) {
        for (name, low, high) in [
            ("weight", 0.5, 1.5), ("bias", -1.0, 1.0), ("running_mean", -1.0, 1.0),
            ("running_var", 0.5, 2.0),
        ] {
            add("\(module).\(name)", numbers([channels], low, high))
        }
    }

    mutating func replace(_ name: String, with tensor: Tensor) {
        let place = tensors.firstIndex { $0.name == name }!
        tensors[place] = (name, tensor)
    }

    var bytes: [UInt8] {
        var bytes = Safetensors.header(
            tensors.map { ($0.name, $0.tensor.dtype, $0.tensor.shape) },
            metadata: [("format", "pt")])
        for (_, tensor) in tensors {
            bytes += UnsafeRawBufferPointer(
                start: tensor.storage.bytes, count: tensor.count * tensor.dtype.byteCount)
        }
        return bytes
    }

    /// The report, and the tensors that the file is fused into.
    func fused(
        _ options: CheckpointOptions = CheckpointOptions()
    ) throws -> (report: FusionReport, tensors: [String: Tensor], metadata: [String: String]) {
        try bytes.withUnsafeBytes { file in
            var fusion = try CheckpointFusion(
                MemorySource(file), options, fusedBy: "convserve test")
            var memory = [UInt8](repeating: 0xFF, count: fusion.byteCount)
            let count = try memory.withUnsafeMutableBytes { try fusion.write(into: $0) }
            return try memory.prefix(count).withUnsafeBytes { written in
                let (records, metadata) = try Safetensors.read(written)
                return (
                    fusion.report,
                    Dictionary(
                        uniqueKeysWithValues: records.map { ($0.name, $0.tensor(of: written)) }),
                    Dictionary(uniqueKeysWithValues: metadata.map { ($0.name, $0.value) })
                )
            }
        }
    }
}
