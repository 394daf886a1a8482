// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// One convolution without gaps that does what the first layers of a sequence do.
struct ComposedConvolution {
    private let form: SequenceForm
    let wide: WideConvolution
    /// Of the last layer for itself, which is what a network pads with that pads with a bias.
    private let lastBias: [Double]

    var placement: FusedConvolution.Placement { form.placement }

    /// The first layer.
    init(_ first: ChainLayer) throws(FusionError) {
        form = try SequenceForm(first)
        var wide = WideConvolution(
            shape: form.weightShape, outputChannels: form.weightShape[0])
        wide.add(first.wide, extent: Array(form.weightShape.dropFirst(2)))
        self.wide = wide
        lastBias = wide.bias
    }

    private init(_ form: SequenceForm, _ wide: WideConvolution, lastBias: [Double]) {
        (self.form, self.wide, self.lastBias) = (form, wide, lastBias)
    }

    /// What this and the layer behind it do.
    ///
    /// `W[o, i, p] = Σ_m Σ_{b·d·s + a = p} B[o, m, b]·A[m, i, a]`, which is B, each output's kernel an image, transposed
    /// with A as the weight and d·s as the stride, d the later dilation and s the earlier stride.
    func followed(
        by next: ChainLayer, _ border: SequentialBlock.Border
    ) throws(FusionError) -> ComposedConvolution {
        try checkBorder(of: next, border)
        let both = try SequenceForm(form, followedBy: next)
        let outputs = both.weightShape[0], later = next.wide
        var composed = WideConvolution(shape: both.weightShape, outputChannels: outputs)
        composed.weight = []
        for group in 0..<both.placement.groups {
            composed.weight += try product(later, of: next.layer.groups, group, both)
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
        return ComposedConvolution(both, composed, lastBias: later.bias)
    }

    /// The composed kernels of one of the groups that both have.
    private func product(
        _ later: WideConvolution, of laterGroups: Int, _ group: Int, _ both: SequenceForm
    ) throws(FusionError) -> [Double] {
        let groups = both.placement.groups
        let images = later.dense(group, of: groups, groups: laterGroups)
        let weight = wide.dense(group, of: groups, groups: placement.groups)
        var options = ConvolutionOptions()
        options.stride = both.steps
        options.precision = .strict
        do {
            let geometry = try ConvolutionGeometry(
                .transposed, spatialRank: both.steps.count, input: images.shape,
                weight: weight.shape,
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
        guard wide.taps == 1 else {
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
