// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension SequentialBlock: Fusable {
    package func fused() throws(FusionError) -> FusedConvolution { try Fusion.sequential(self) }

    /// Of the composed weight, without groups: at least as large as it will be.
    package func fusedWeightShape() throws(FusionError) -> [Int] {
        let chain = try checkedChain()
        var extent = chain[0].kernel.map { _ in 1 }, stride = extent
        for layer in chain {
            for axis in extent.indices {
                let step = stride[axis].multipliedReportingOverflow(by: layer.dilation[axis])
                let span = step.partialValue.multipliedReportingOverflow(by: layer.kernel[axis] - 1)
                let next = stride[axis].multipliedReportingOverflow(by: layer.stride[axis])
                guard !step.overflow, !span.overflow, !next.overflow, span.partialValue < 1 << 30,
                    next.partialValue < 1 << 30
                else {
                    throw FusionError(
                        path: layer.path,
                        reason: "strides and dilations multiply to more than 2^30; use smaller ones"
                    )
                }
                extent[axis] += span.partialValue
                stride[axis] = next.partialValue
            }
        }
        let last = layers[layers.count - 1]
        let shape = [last.weight.shape[0], layers[0].weight.shape[1]] + extent
        try LayerChecks.checkCount(of: shape, at: ["layers"])
        return shape
    }

    package func fusingWork() throws(FusionError) -> Double {
        let taps = try fusedWeightShape().dropFirst(2).reduce(1, *)
        let inputs = Double(layers[0].weight.shape[1] * layers[0].groups)
        return layers.dropFirst().reduce(0) {
            $0 + Double($1.weight.count) * inputs * Double(taps)
        }
    }

    package func inputForm() throws(FusionError) -> InputForm {
        _ = try checkedChain()
        let first = layers[0].weight
        return InputForm(
            channels: first.shape[1] * layers[0].groups, spatialRank: first.shape.count - 2,
            dtype: first.dtype)
    }

    package func widened() -> SequentialBlock {
        SequentialBlock(
            layers: layers.map {
                SequentialLayer(
                    weight: $0.weight.widened(), bias: $0.bias?.widened(), bn: $0.bn,
                    stride: $0.stride, padding: $0.padding, dilation: $0.dilation, groups: $0.groups
                )
            }, border: border)
    }

    package func unfused(input: [Int]) throws -> LayerForm {
        var forms: [LayerForm] = [], shape = input, bias: [Double] = []
        for (index, layer) in try checkedChain().enumerated() {
            var options = ConvolutionOptions()
            options.stride = layer.stride
            options.dilation = layer.dilation
            options.groups = layer.layer.groups
            options.padding = .symmetric(layer.padding)
            if index > 0, border == .bias, layer.padding.contains(where: { $0 > 0 }) {
                let pairs = layer.padding.map { [$0, $0] }
                forms.append(.pad(pairs, values: bias))
                for (axis, pair) in pairs.enumerated() {
                    shape[shape.count - pairs.count + axis] += 2 * pair[0]
                }
                options.padding = .symmetric([])
            }
            let convolution = try BoundConvolution(
                input: shape, weight: layer.layer.weight, bias: layer.layer.bias, options: options)
            forms.append(.convolution(convolution))
            if let affine = layer.affine { forms.append(.normalise(affine)) }
            shape = convolution.geometry.outputShape
            bias = layer.wide.bias
        }
        return .chain(forms)
    }

    package func bound(_ fused: FusedConvolution, input: [Int]) throws -> LayerForm {
        var options = ConvolutionOptions()
        if let placement = fused.placement {
            options.stride = placement.stride
            options.padding = .symmetric(placement.padding)
            options.groups = placement.groups
        }
        return .convolution(
            try BoundConvolution(
                input: input, weight: fused.weight, bias: fused.bias, options: options))
    }
}
