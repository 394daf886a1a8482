// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization

extension FuseConvBNRequest {
    /// Reads the body of a request.
    init(json cursor: inout JSONCursor) throws(RequestFailure) {
        var weight, bias: WireTensor?
        var bn: BatchNorm?
        var groups = 1
        var transposed = false
        var options = FusionOptions()
        let opening = cursor.offset
        try cursor.readObject(
            FusionField.self, excluding: FieldSet(.branches, .stride)
        ) { cursor, field throws(RequestFailure) in
            switch field {
            case .weight: weight = try cursor.readTensor()
            case .bias: bias = try cursor.readTensor()
            case .bn: bn = try cursor.readBatchNorm()
            case .transposed: transposed = try cursor.readBool()
            case .groups: groups = try cursor.readInteger()
            default: try options.read(field, from: &cursor)
            }
        }
        guard let weight else {
            throw .missing("weight", at: opening, "the convolution's weight")
        }
        guard let bn else {
            throw .missing(
                "bn", at: opening,
                "the batch norm, {\"running_mean\": [...], \"running_var\": [...]}")
        }
        try WireTensor.checkDTypes([weight, bias, options.input])
        layer = ConvBN(
            weight: weight.tensor, bias: bias?.tensor, bn: bn, groups: groups,
            transposed: transposed)
        self.options = options
        spelling = ReplySpelling(asked: options.format, options.input ?? weight)
    }
}

extension FuseRepVGGRequest {
    /// MobileOne, the widest block known, has 6; answers the request with a million branches.
    private static let branchLimit = 64

    /// Reads the body of a request.
    init(json cursor: inout JSONCursor) throws(RequestFailure) {
        var branches: [WireBranch]?
        var groups = 1
        var stride: [Int] = []
        var options = FusionOptions()
        let opening = cursor.offset
        try cursor.readObject(
            FusionField.self, excluding: FieldSet(.weight, .bias, .bn, .transposed)
        ) { cursor, field throws(RequestFailure) in
            switch field {
            case .branches: branches = try Self.branches(json: &cursor)
            case .groups: groups = try cursor.readInteger()
            case .stride: stride = try cursor.readIntegers()
            default: try options.read(field, from: &cursor)
            }
        }
        guard let branches else {
            throw .missing(
                "branches", at: opening, "a list such as [{\"kind\": \"conv\", \"weight\": ...}]")
        }
        let tensors = branches.flatMap { [$0.weight, $0.bias] }
        try WireTensor.checkDTypes(tensors + [options.input])
        block = RepVGGBlock(branches: branches.map(\.branch), groups: groups, stride: stride)
        self.options = options
        let first = options.input ?? tensors.lazy.compactMap { $0 }.first
        spelling = ReplySpelling(asked: options.format, first)
    }

    private static func branches(json cursor: inout JSONCursor) throws(RequestFailure)
        -> [WireBranch]
    {
        cursor.skipBlank()
        let opening = cursor.offset
        guard cursor.next == UInt8(ascii: "[") else {
            throw .value(
                at: opening, "a list of branches is expected, not \(cursor.describeNext())")
        }
        var branches: [WireBranch] = []
        try cursor.readList { cursor throws(RequestFailure) in
            guard branches.count < branchLimit else {
                throw .value(at: opening, "more than \(branchLimit) branches; fuse them in parts")
            }
            branches.append(try cursor.readBranch())
        }
        return branches
    }
}

extension FusionOptions {
    fileprivate mutating func read(
        _ field: FusionField, from cursor: inout JSONCursor
    ) throws(RequestFailure) {
        switch field {
        case .verify: verify = try cursor.readBool()
        case .input: input = try cursor.readTensor()
        case .inputSize: inputSize = try cursor.readIntegers()
        case .format: format = try cursor.readWord("format", TensorSpelling.self)
        case .weight, .bias, .bn, .transposed, .branches, .groups, .stride:
            preconditionFailure("\(field) is read by the request")
        }
    }
}
