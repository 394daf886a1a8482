// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The sizes of the one convolution that the first layers of a sequence are, and what it takes to make it.
struct SequenceForm {
    /// `[C_out, C_in/groups, *kernel]`, without gaps.
    let weightShape: [Int]
    let placement: FusedConvolution.Placement
    /// Multiply-accumulates of composing the kernels.
    let work: Double
    /// Between the taps of the last layer's kernel in this one's, for each spatial dimension.
    let steps: [Int]

    private var kernel: [Int] { Array(weightShape.dropFirst(2)) }

    /// The first layer.
    init(_ first: ChainLayer) throws(FusionError) {
        let path = first.path + ["dilation"]
        let extent = try LayerChecks.extent(
            of: first.layer.weight, dilation: first.dilation, at: path)
        weightShape = first.layer.weight.shape.prefix(2) + extent
        try LayerChecks.checkCount(of: weightShape, at: path)
        placement = .init(
            stride: first.stride, padding: first.padding, groups: first.layer.groups)
        (work, steps) = (0, first.dilation)
    }

    /// What is composed of this and the layer behind it.
    init(_ form: SequenceForm, followedBy next: ChainLayer) throws(FusionError) {
        let before = form.placement, kernel = form.kernel
        var isBounded = true
        func timesStride(_ values: [Int]) -> [Int] {
            zip(values, before.stride).map {
                let (product, overflow) = $0.multipliedReportingOverflow(by: $1)
                isBounded = isBounded && !overflow && product < 1 << 30
                return product
            }
        }
        let steps = timesStride(next.dilation)
        let stride = timesStride(next.stride), pads = timesStride(next.padding)
        let extent = kernel.indices.map {
            let (span, overflow) = (next.kernel[$0] - 1).multipliedReportingOverflow(by: steps[$0])
            isBounded = isBounded && !overflow && span < 1 << 30
            return span &+ kernel[$0]
        }
        guard isBounded else {
            throw FusionError(
                path: next.path,
                reason:
                    "strides, dilations and padding multiply to more than 2^30; use smaller ones")
        }
        let groups = greatestCommonDivisor(before.groups, next.layer.groups)
        let outputs = next.layer.weight.shape[0] / groups
        let middle = form.weightShape[0] / groups
        let inputs = form.weightShape[1] * before.groups / groups
        weightShape = [outputs * groups, inputs] + extent
        try LayerChecks.checkCount(of: weightShape, at: next.path + ["weight"])
        for shape in [[outputs, middle] + next.kernel, [middle, inputs] + kernel] {
            try LayerChecks.checkCount(
                of: shape, "a weight without the groups that only one layer has", at: ["layers"])
        }
        let taps = (next.kernel + kernel).reduce(1.0) { $0 * Double($1) }
        work = form.work + Double(outputs * groups) * Double(middle) * Double(inputs) * taps
        placement = .init(
            stride: stride, padding: zip(before.padding, pads).map { $0 + $1 }, groups: groups)
        self.steps = steps
    }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    b == 0 ? a : greatestCommonDivisor(b, a % b)
}
