// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// One convolution without gaps that does what the first layers of a sequence do.
struct ComposedConvolution {
    private(set) var wide: WideConvolution
    private(set) var placement: FusedConvolution.Placement
    /// Of the last layer for itself, which is what a network pads with that pads with a bias.
    private let lastBias: [Double]

    private var kernel: [Int] { Array(wide.shape.dropFirst(2)) }

    /// The first layer.
    init(_ first: ChainLayer) throws(FusionError) {
        let extent = try LayerChecks.extent(
            of: first.layer.weight, dilation: first.dilation, at: first.path + ["dilation"])
        let shape = first.layer.weight.shape.prefix(2) + extent
        try LayerChecks.checkCount(of: shape, at: first.path + ["dilation"])
        wide = WideConvolution(shape: Array(shape), outputChannels: shape[0])
        wide.add(first.wide, extent: extent)
        lastBias = wide.bias
        placement = .init(
            stride: first.stride, padding: first.padding, groups: first.layer.groups)
    }

    private init(
        _ wide: WideConvolution, _ placement: FusedConvolution.Placement, lastBias: [Double]
    ) {
        (self.wide, self.placement, self.lastBias) = (wide, placement, lastBias)
    }

    /// What this and the layer behind it do.
    ///
    /// `W[o, i, p] = Σ_m Σ_{b·d·s + a = p} B[o, m, b]·A[m, i, a]`, which is B, each output's kernel an image, transposed
    /// with A as the weight and d·s as the stride, d the later dilation and s the earlier stride.
    func followed(
        by next: ChainLayer, _ border: SequentialBlock.Border
    ) throws(FusionError) -> ComposedConvolution {
        try checkBorder(of: next, border)
        let axes = kernel.indices
        let step = axes.map {
            next.dilation[$0].multipliedReportingOverflow(by: placement.stride[$0])
        }
        let spans = axes.map {
            (next.kernel[$0] - 1).multipliedReportingOverflow(by: step[$0].partialValue)
        }
        let stride = axes.map {
            next.stride[$0].multipliedReportingOverflow(by: placement.stride[$0])
        }
        let pads = axes.map {
            next.padding[$0].multipliedReportingOverflow(by: placement.stride[$0])
        }
        guard
            (step + spans + stride + pads).allSatisfy({ !$0.overflow && $0.partialValue < 1 << 30 })
        else {
            throw FusionError(
                path: next.path,
                reason:
                    "strides, dilations and padding multiply to more than 2^30; use smaller ones")
        }
        let extent = axes.map { spans[$0].partialValue + kernel[$0] }
        let groups = greatestCommonDivisor(placement.groups, next.layer.groups)
        let outputs = next.layer.weight.shape[0]
        let inputs = wide.shape[1] * placement.groups
        let shape = [outputs, inputs / groups] + extent
        try LayerChecks.checkCount(of: shape, at: next.path + ["weight"])

        let later = next.wide
        var composed = WideConvolution(shape: shape, outputChannels: outputs)
        let perGroup = shape.dropFirst().reduce(1, *) * (outputs / groups)
        for group in 0..<groups {
            let kernels = try product(
                later, of: next.layer.groups, group, groups, steps: step.map(\.partialValue))
            composed.weight.replaceSubrange(
                group * perGroup..<(group + 1) * perGroup, with: kernels)
        }
        composed.bias = later.bias
        let middle = later.shape[1], taps = later.taps
        for output in 0..<outputs {
            let first = output / (outputs / next.layer.groups) * middle
            for m in 0..<middle {
                let row = (output * middle + m) * taps
                let sum = later.weight[row..<row + taps].reduce(0, +)
                composed.bias[output] += sum * wide.bias[first + m]
            }
        }
        return ComposedConvolution(
            composed,
            .init(
                stride: stride.map(\.partialValue),
                padding: axes.map { placement.padding[$0] + pads[$0].partialValue }, groups: groups),
            lastBias: later.bias)
    }

    /// The composed kernels of one of the groups that both have.
    private func product(
        _ later: WideConvolution, of laterGroups: Int, _ group: Int, _ groups: Int, steps: [Int]
    ) throws(FusionError) -> [Double] {
        for (part, partGroups) in [(later, laterGroups), (wide, placement.groups)] {
            let inputs = part.shape[1] * (partGroups / groups)
            try LayerChecks.checkCount(
                of: [part.shape[0] / groups, inputs] + part.shape.dropFirst(2),
                "a weight without the groups that only one layer has", at: ["layers"])
        }
        let images = later.dense(group, of: groups, groups: laterGroups)
        let weight = wide.dense(group, of: groups, groups: placement.groups)
        var options = ConvolutionOptions()
        options.stride = steps
        options.precision = .strict
        do {
            let geometry = try ConvolutionGeometry(
                .transposed, spatialRank: kernel.count, input: images.shape, weight: weight.shape,
                bias: nil, options: options)
            return try Convolve.run(geometry, input: images, weight: weight, bias: nil).doubles
        } catch {
            throw FusionError(path: ["layers"], reason: error.reason)
        }
    }

    /// Whether what stands around the next layer's input is what this makes of zeros around its own.
    private func checkBorder(
        of next: ChainLayer, _ border: SequentialBlock.Border
    ) throws(FusionError) {
        guard next.padding.contains(where: { $0 > 0 }) else { return }
        let path = next.path + ["padding"]
        let told =
            "padding is \(Spelling.parameter(next.layer.padding)), around what the layers before make; "
        guard kernel.allSatisfy({ $0 == 1 }) else {
            throw FusionError(
                path: path,
                reason: told
                    + "their kernels are larger than 1, so that these zeros have no place in one "
                    + "convolution: pad the first layer only, or keep the layers apart")
        }
        if border == .zeros, let channel = wide.bias.firstIndex(where: { $0 != 0 }) {
            throw FusionError(
                path: path,
                reason: told
                    + "zeros, where they make \(wide.bias[channel]) of a 0 in channel \(channel): one "
                    + "convolution would be wrong at the border. Pad the first layer instead, or set border to "
                    + "\"bias\" if the network pads with that (BNAndPadLayer)")
        }
        if border == .bias, wide.bias != lastBias {
            throw FusionError(
                path: path,
                reason: told
                    + "their bias together is not that of the last of them, which the network pads "
                    + "with; keep the layers apart")
        }
    }
}

extension WideConvolution {
    /// The kernels of one of `count` groups, which are as many as this has or fewer, with zeros between channels
    /// that are in different groups here.
    ///
    /// - Parameter groups: that this has
    fileprivate func dense(_ group: Int, of count: Int, groups: Int) -> Tensor {
        let outputs = shape[0] / count, perGroup = shape[0] / groups, inputs = shape[1]
        let within = groups / count, taps = self.taps
        var kernels = [Double](repeating: 0, count: outputs * inputs * within * taps)
        for output in 0..<outputs {
            let row = (group * outputs + output) * inputs * taps
            let place = (output * within + output / perGroup) * inputs * taps
            kernels.replaceSubrange(
                place..<place + inputs * taps, with: weight[row..<row + inputs * taps])
        }
        return Tensor(shape: [outputs, inputs * within] + shape.dropFirst(2), kernels)
    }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    b == 0 ? a : greatestCommonDivisor(b, a % b)
}
