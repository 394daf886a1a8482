// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// An operation as a model of the Open Inference Protocol: `conv2d`, `conv2d_backward`, `unfold`, ...
struct InferenceModel: Sendable {
    /// A tensor that goes in or comes out.
    struct Port: Sendable {
        let name: StaticString
        /// Nil where it depends on the parameters.
        let rank: Int?
        var isOptional = false
    }

    let name: String
    let endpoint: Endpoint
    let inputs: [Port]
    let outputs: [Port]

    /// The only version of every model.
    static let version = "1"
    static let platform = "convserve"

    /// Every operation that takes tensors and gives tensors.
    static let all: [InferenceModel] =
        ConvolutionOperation.allCases.map(InferenceModel.init(forward:))
        + ConvolutionOperation.allCases.map(InferenceModel.init(backward:)) + [
            InferenceModel(
                name: "unfold", endpoint: .unfold, inputs: [Port(name: "input", rank: nil)],
                outputs: [Port(name: "output", rank: nil)]),
            InferenceModel(
                name: "fold", endpoint: .fold, inputs: [Port(name: "input", rank: nil)],
                outputs: [Port(name: "output", rank: nil)]),
            InferenceModel(
                name: "kernel_matrix", endpoint: .kernelMatrix,
                inputs: [
                    Port(name: "kernel", rank: nil, isOptional: true),
                    Port(name: "weight", rank: nil, isOptional: true),
                ],
                outputs: [Port(name: "matrix", rank: 2)]),
            InferenceModel(
                name: "fuse_conv_bn", endpoint: .fuse(.convBN),
                inputs: [
                    Port(name: "weight", rank: nil), Port(name: "bias", rank: 1, isOptional: true),
                    Port(name: "bn.running_mean", rank: 1), Port(name: "bn.running_var", rank: 1),
                    Port(name: "bn.weight", rank: 1, isOptional: true),
                    Port(name: "bn.bias", rank: 1, isOptional: true),
                ],
                outputs: [Port(name: "weight", rank: nil), Port(name: "bias", rank: 1)]),
        ]

    /// The model of that name and version; a version of nil is the newest.
    static func named(_ name: String, version: String?) throws(RequestFailure) -> InferenceModel {
        guard let model = all.first(where: { $0.name == name }) else {
            let names = all.map(\.name)
            throw .problem(
                Problem(
                    status: 404,
                    detail: Suggestion.unknown("model", name, known: names, kind: "models")))
        }
        guard version == nil || version == Self.version else {
            throw .problem(
                Problem(
                    status: 404,
                    detail: "model \"\(name)\" has version \(Self.version) only, not "
                        + Suggestion.quoted(version!)))
        }
        return model
    }
}

extension InferenceModel {
    private static func ports(_ operation: ConvolutionOperation) -> [Port] {
        let rank = operation.spatialRank + 2
        return [
            Port(name: "input", rank: rank), Port(name: "weight", rank: rank),
            Port(name: "bias", rank: 1, isOptional: true),
            Port(name: "add", rank: rank, isOptional: true),
        ]
    }

    private init(forward operation: ConvolutionOperation) {
        self.init(
            name: operation.name.description, endpoint: .convolution(operation),
            inputs: Self.ports(operation),
            outputs: [Port(name: "output", rank: operation.spatialRank + 2)])
    }

    private init(backward operation: ConvolutionOperation) {
        let rank = operation.spatialRank + 2
        self.init(
            name: "\(operation.name)_backward", endpoint: .backward(operation),
            inputs: Self.ports(operation) + [Port(name: "grad_output", rank: rank)],
            outputs: [
                Port(name: "grad_input", rank: rank), Port(name: "grad_weight", rank: rank),
                Port(name: "grad_bias", rank: 1), Port(name: "grad_add", rank: rank),
            ])
    }
}

/// The element types by the protocol's names.
enum InferenceDatatype: String, CaseIterable {
    case fp32 = "FP32"
    case fp64 = "FP64"
    case fp16 = "FP16"
    case bf16 = "BF16"

    var dtype: DType {
        switch self {
        case .fp32: .float32
        case .fp64: .float64
        case .fp16: .float16
        case .bf16: .bfloat16
        }
    }

    init(_ dtype: DType) { self = Self.allCases.first { $0.dtype == dtype }! }
}
