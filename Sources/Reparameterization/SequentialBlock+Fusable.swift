// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension SequentialBlock: Fusable {
    package var batchNorms: [BatchNorm] { layers.compactMap(\.bn) }

    package func fused() throws(FusionError) -> FusedConvolution { try Fusion.sequential(self) }

    package func fusedForm() throws(FusionError) -> FusedForm {
        let chain = try checkedChain()
        var form = try SequenceForm(chain[0])
        for layer in chain.dropFirst() { form = try SequenceForm(form, followedBy: layer) }
        return FusedForm(weightShape: form.weightShape, work: form.work)
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
