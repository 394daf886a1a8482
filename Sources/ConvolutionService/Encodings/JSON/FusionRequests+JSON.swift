// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization

extension FusionRequest {
    /// Reads the body of a request.
    init(_ operation: FusionOperation, json cursor: inout JSONCursor) throws(RequestFailure) {
        var sent = SentFusion(operation, opening: cursor.offset)
        try cursor.readObject(
            FusionField.self, excluding: operation.foreignFields
        ) { cursor, field throws(RequestFailure) in
            try sent.read(field, from: &cursor)
        }
        let tensors =
            [sent.weight, sent.bias] + (sent.branches ?? []).flatMap { [$0.weight, $0.bias] }
            + (sent.layers ?? []).flatMap { [$0.weight, $0.bias] }
        try WireTensor.checkDTypes(tensors + [sent.options.input])
        layers = try sent.fusable()
        options = sent.options
        isBounded = operation == .convBN || operation == .bnConv
        let first = options.input ?? tensors.lazy.compactMap { $0 }.first
        spelling = ReplySpelling(asked: options.format, first)
    }
}

/// The fields as sent, before it is known whether all that are needed are there.
private struct SentFusion {
    let operation: FusionOperation
    let opening: Int
    var weight, bias: WireTensor?
    var bn: BatchNorm?
    var transposed = false
    var branches: [WireBranch]?
    var channels: Int?
    var kernelSize: [Int]?
    var listsKernelSize = false
    var groups = 1
    var stride: [Int] = []
    var padding: [Int] = []
    var layers: [WireLayer]?
    var border = BNConv.Border.refused
    var sequentialBorder = SequentialBlock.Border.zeros
    var dilation: [Int]?
    var divisor: Int?
    var dtype = DType.float32
    var options = FusionOptions()

    init(_ operation: FusionOperation, opening: Int) {
        self.operation = operation
        self.opening = opening
    }

    mutating func read(
        _ field: FusionField, from cursor: inout JSONCursor
    ) throws(RequestFailure) {
        switch field {
        case .weight: weight = try cursor.readTensor()
        case .bias: bias = try cursor.readTensor()
        case .bn: bn = try cursor.readBatchNorm()
        case .transposed: transposed = try cursor.readBool()
        case .branches: branches = try cursor.readBranches()
        case .layers: layers = try cursor.readLayers()
        case .channels: channels = try cursor.readInteger()
        case .kernelSize:
            cursor.skipBlank()
            listsKernelSize = cursor.next == UInt8(ascii: "[")
            kernelSize = try cursor.readIntegers()
        case .groups: groups = try cursor.readInteger()
        case .stride: stride = try cursor.readIntegers()
        case .padding: padding = try cursor.readIntegers()
        case .border where operation == .sequential:
            sequentialBorder =
                try cursor.readWord("border", SequentialBorderWord.self) == .zeros ? .zeros : .bias
        case .border:
            border =
                try cursor.readWord("border", BorderWord.self) == .refuse ? .refused : .paddingValue
        case .dilation: dilation = try cursor.readIntegers()
        case .countIncludePad:
            try cursor.read(
                field, as: true,
                "a mean that leaves the padding out divides by less at the border, which no "
                    + "convolution does")
        case .ceilMode:
            try cursor.read(
                field, as: false,
                "windows that reach beyond the padding are cut off, which those of a convolution "
                    + "are not")
        case .divisorOverride: divisor = try cursor.readInteger()
        case .dtype: dtype = try cursor.readDType()
        case .verify: options.verify = try cursor.readBool()
        case .input: options.input = try cursor.readTensor()
        case .inputSize: options.inputSize = try cursor.readIntegers()
        case .format: options.format = try cursor.readWord("format", TensorSpelling.self)
        }
    }

    func fusable() throws(RequestFailure) -> any Fusable {
        switch operation {
        case .convBN:
            return ConvBN(
                weight: try checkedWeight(), bias: bias?.tensor, bn: try checkedBatchNorm(),
                groups: groups, transposed: transposed)
        case .bnConv:
            return BNConv(
                bn: try checkedBatchNorm(), weight: try checkedWeight(), bias: bias?.tensor,
                groups: groups, padding: padding, border: border)
        case .repVGG:
            return RepVGGBlock(branches: try checkedBranches(), groups: groups, stride: stride)
        case .concat: return ConcatBlock(branches: try checkedBranches(), stride: stride)
        case .sequential:
            guard let layers else {
                throw .missing(
                    "layers", at: opening, "a list such as [{\"weight\": ...}, {\"weight\": ...}]")
            }
            return SequentialBlock(layers: layers.map(\.layer), border: sequentialBorder)
        case .padKernel:
            return KernelChange(
                weight: try checkedWeight(), bias: bias?.tensor, groups: groups,
                .padded(kernelSize: try checkedKernelSize()))
        case .dilateToDense:
            guard let dilation else {
                throw .missing("dilation", at: opening, "how far its taps are apart, such as 2")
            }
            return KernelChange(
                weight: try checkedWeight(), bias: bias?.tensor, groups: groups,
                .dense(dilation: dilation))
        case .identityToConv: return try layer(.identity)
        case .averagePoolToConv: return try layer(.averagePool(divisor: divisor))
        }
    }

    private func checkedWeight() throws(RequestFailure) -> Tensor {
        guard let weight else {
            throw .missing("weight", at: opening, "the convolution's weight")
        }
        return weight.tensor
    }

    private func checkedBranches() throws(RequestFailure) -> [Branch] {
        guard let branches else {
            throw .missing(
                "branches", at: opening, "a list such as [{\"kind\": \"conv\", \"weight\": ...}]")
        }
        return branches.map(\.branch)
    }

    private func checkedBatchNorm() throws(RequestFailure) -> BatchNorm {
        guard let bn else {
            throw .missing(
                "bn", at: opening,
                "the batch norm, {\"running_mean\": [...], \"running_var\": [...]}")
        }
        return bn
    }

    private func checkedKernelSize() throws(RequestFailure) -> [Int] {
        guard let kernelSize else {
            throw .missing("kernel_size", at: opening, "the kernel's size, such as 3 or [3, 3]")
        }
        return kernelSize
    }

    /// A list tells the spatial dimensions; one number is for two of them, as in the operations on windows.
    private func layer(_ kind: KernelOfLayer.Kind) throws(RequestFailure) -> KernelOfLayer {
        guard let channels else {
            throw .missing("channels", at: opening, "the number of channels")
        }
        let sizes = try checkedKernelSize()
        return KernelOfLayer(
            kind, channels: channels, groups: groups,
            kernelSize: listsKernelSize ? sizes : [sizes[0], sizes[0]],
            dtype: dtype)
    }
}

extension JSONCursor {
    /// MobileOne, the widest block known, has 6; answers the request with a million branches or layers.
    private static let partLimit = 64

    /// A parameter that PyTorch has too, of which only one value makes a convolution.
    fileprivate mutating func read(
        _ field: FusionField, as wanted: Bool, _ reason: String
    ) throws(RequestFailure) {
        skipBlank()
        let place = offset
        guard try readBool() != wanted else { return }
        throw .value(at: place, "\(field.name) must be \(wanted): \(reason)")
    }

    fileprivate mutating func readBranches() throws(RequestFailure) -> [WireBranch] {
        try readParts("branches") { cursor throws(RequestFailure) in try cursor.readBranch() }
    }

    fileprivate mutating func readLayers() throws(RequestFailure) -> [WireLayer] {
        try readParts("layers") { cursor throws(RequestFailure) in try cursor.readLayer() }
    }

    private mutating func readParts<Part>(
        _ nouns: String, _ read: (inout JSONCursor) throws(RequestFailure) -> Part
    ) throws(RequestFailure) -> [Part] {
        let opening = try checkOpening("[", of: "a list of \(nouns)")
        var parts: [Part] = []
        try readList { cursor throws(RequestFailure) in
            guard parts.count < Self.partLimit else {
                throw .value(
                    at: opening, "more than \(Self.partLimit) \(nouns); fuse them in parts")
            }
            parts.append(try read(&cursor))
        }
        return parts
    }

    private mutating func readLayer() throws(RequestFailure) -> WireLayer {
        let opening = try checkOpening("{", of: "a layer", "{\"weight\": ...}")
        var weight, bias: WireTensor?
        var bn: BatchNorm?
        var stride: [Int] = [], padding: [Int] = [], dilation: [Int] = []
        var groups = 1
        try readObject(LayerField.self) { cursor, field throws(RequestFailure) in
            switch field {
            case .weight: weight = try cursor.readTensor()
            case .bias: bias = try cursor.readTensor()
            case .bn: bn = try cursor.readBatchNorm()
            case .stride: stride = try cursor.readIntegers()
            case .padding: padding = try cursor.readIntegers()
            case .dilation: dilation = try cursor.readIntegers()
            case .groups: groups = try cursor.readInteger()
            }
        }
        guard let weight else {
            throw .missing("weight", at: opening, "the weight of this convolution")
        }
        return WireLayer(
            layer: SequentialLayer(
                weight: weight.tensor, bias: bias?.tensor, bn: bn, stride: stride,
                padding: padding, dilation: dilation, groups: groups),
            weight: weight, bias: bias)
    }
}
