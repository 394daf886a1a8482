// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization

/// Batch norms and branches.
extension JSONCursor {
    mutating func readBatchNorm() throws(RequestFailure) -> BatchNorm {
        _ = try checkOpening(
            "{", of: "a batch norm",
            "{\"weight\", \"bias\", \"running_mean\", \"running_var\", \"eps\"}")
        var weight, bias, mean, variance: [Double]?
        var eps = 1e-5
        try readObject(BatchNormField.self) { cursor, field throws(RequestFailure) in
            switch field {
            case .weight: weight = try cursor.readVector()
            case .bias: bias = try cursor.readVector()
            case .runningMean: mean = try cursor.readVector()
            case .runningVar: variance = try cursor.readVector()
            case .eps: eps = try cursor.readNumber()
            }
        }
        return BatchNorm(
            weight: weight, bias: bias, runningMean: mean, runningVar: variance, eps: eps)
    }

    /// A tensor of one dimension, in any spelling and dtype, as the doubles that fusing counts in:
    /// a list loses nothing, whatever the dtype of the weights.
    private mutating func readVector() throws(RequestFailure) -> [Double] {
        skipBlank()
        let sent = try next == UInt8(ascii: "[") ? readNested(.float64) : readTensor()
        guard sent.tensor.shape.count == 1 else {
            throw .value(
                at: sent.offset,
                """
                one dimension is expected, one element for each channel, not shape \
                \(sent.tensor.shape)
                """
            )
        }
        let tensor = sent.tensor.widened()
        return tensor.dtype == .float64
            ? tensor.elements(of: Double.self) : tensor.elements(of: Float.self).map(Double.init)
    }

    /// Where an object or a list begins.
    mutating func checkOpening(
        _ opening: Unicode.Scalar, of thing: String, _ example: String? = nil
    ) throws(RequestFailure) -> Int {
        skipBlank()
        if next == UInt8(ascii: opening) { return offset }
        let shown = example.map { ", \($0)" } ?? ""
        throw .value(at: offset, "\(thing) is expected\(shown), not \(describeNext())")
    }

    mutating func readBranch() throws(RequestFailure) -> WireBranch {
        let opening = try checkOpening("{", of: "a branch", "{\"kind\": ...}")
        var sent = SentBranch(offset: opening)
        try readObject(BranchField.self) { cursor, field throws(RequestFailure) in
            cursor.skipBlank()
            switch field {
            case .kind: sent.kind = try cursor.readWord("kind", BranchKind.self)
            case .weight: sent.weight = try cursor.readTensor()
            case .bias: sent.bias = try cursor.readTensor()
            case .kernelSize:
                sent.kernelSizeOffset = cursor.offset
                sent.kernelSize = try cursor.readIntegers()
            case .dilation:
                sent.dilationOffset = cursor.offset
                sent.dilation = try cursor.readIntegers()
            case .bn: sent.bn = try cursor.readBatchNorm()
            }
        }
        return try sent.checked()
    }
}

/// A branch before its fields are held against its kind, which may stand behind them.
private struct SentBranch {
    let offset: Int
    var kind: BranchKind?
    var weight: WireTensor?
    var bias: WireTensor?
    var kernelSize: [Int]?
    var kernelSizeOffset = 0
    var dilation: [Int]?
    var dilationOffset = 0
    var bn: BatchNorm?

    init(offset: Int) { self.offset = offset }

    func checked() throws(RequestFailure) -> WireBranch {
        guard let kind else {
            throw .missing("kind", at: offset, "\"conv\", \"identity\" or \"avg_pool\"")
        }
        return WireBranch(
            branch: Branch(try layer(kind), bn: bn), weight: weight, bias: bias)
    }

    private func layer(_ kind: BranchKind) throws(RequestFailure) -> Branch.Kind {
        switch kind {
        case .conv:
            try refuse("kernel_size", at: kernelSize.map { _ in kernelSizeOffset }, kind)
            guard let weight else {
                throw .missing("weight", at: offset, "the weight of this convolution")
            }
            return .conv(weight: weight.tensor, bias: bias?.tensor, dilation: dilation ?? [])
        case .identity:
            try refuse("dilation", at: dilation.map { _ in dilationOffset }, kind)
            try refuse("kernel_size", at: kernelSize.map { _ in kernelSizeOffset }, kind)
            try refuseTensors(kind)
            return .identity
        case .averagePool:
            try refuse("dilation", at: dilation.map { _ in dilationOffset }, kind)
            try refuseTensors(kind)
            guard let kernelSize else {
                throw .missing("kernel_size", at: offset, "the size of the window, such as 3")
            }
            return .averagePool(kernelSize: kernelSize)
        }
    }

    private func refuseTensors(_ kind: BranchKind) throws(RequestFailure) {
        try refuse("weight", at: weight?.offset, kind)
        try refuse("bias", at: bias?.offset, kind)
    }

    private func refuse(
        _ field: StaticString, at offset: Int?, _ kind: BranchKind
    ) throws(RequestFailure) {
        guard let offset else { return }
        throw .value(
            at: offset, "a branch of kind \"\(kind.name)\" has no \"\(field)\"; leave it out")
    }
}
