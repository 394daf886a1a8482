// SPDX-License-Identifier: Apache-2.0

/// The gradients by the definition, term by term: each product of the convolution, its other factor
/// exchanged for the output's gradient.
extension Reference {
    struct Gradients {
        var input: [Double]
        var weight: [Double]
        var bias: [Double]
    }

    /// `rows`, `field`: forward the output's gradient and the input, transposed the input and the
    /// output's gradient; position p of a row sees element `p·s + k·d − before` of the field.
    static func gradients<Scalar: TensorScalar>(
        _ g: ConvolutionGeometry, input: [Scalar], weight: [Scalar], gradOutput: [Scalar]
    ) -> Gradients {
        var result = Gradients(
            input: Array(repeating: 0, count: input.count),
            weight: Array(repeating: 0, count: weight.count),
            bias: Array(repeating: 0, count: g.outputChannels))
        for (i, value) in gradOutput.enumerated() {
            result.bias[i / g.outputSize.count % g.outputChannels] += Double(value)
        }
        for n in 0..<g.batch {
            for o in 0..<g.outputChannels {
                for c in 0..<g.inputChannelsPerGroup {
                    let channel = o / g.outputChannelsPerGroup * g.inputChannelsPerGroup + c
                    for k in 0..<g.kernel.count {
                        let w = weightIndex(g, o, c, channel, k)
                        let from = (n * g.inputChannels + channel) * g.inputSize.count
                        let to = (n * g.outputChannels + o) * g.outputSize.count
                        forEachTerm(g, tap: k) { i, j in
                            let gradient = Double(gradOutput[to + j])
                            result.input[from + i] += gradient * Double(weight[w])
                            result.weight[w] += gradient * Double(input[from + i])
                        }
                    }
                }
            }
        }
        return result
    }

    static func weightIndex(
        _ g: ConvolutionGeometry, _ output: Int, _ c: Int, _ channel: Int, _ tap: Int
    ) -> Int {
        g.direction == .forward
            ? (output * g.inputChannelsPerGroup + c) * g.kernel.count + tap
            : (channel * g.outputChannelsPerGroup + output % g.outputChannelsPerGroup)
                * g.kernel.count + tap
    }

    /// Every element of the input that the tap takes to an element of the output.
    private static func forEachTerm(
        _ g: ConvolutionGeometry, tap: Int, _ body: (_ input: Int, _ output: Int) -> Void
    ) {
        let steps = g.direction == .forward ? g.outputSize : g.inputSize
        let field = g.direction == .forward ? g.inputSize : g.outputSize
        let kx = tap % g.kernel.width, ky = tap / g.kernel.width % g.kernel.height
        let kz = tap / g.kernel.width / g.kernel.height
        for step in 0..<steps.count {
            let x = step % steps.width, y = step / steps.width % steps.height
            let z = step / steps.width / steps.height
            let fx = x * g.stride.width + kx * g.dilation.width - g.paddingBefore.width
            let fy = y * g.stride.height + ky * g.dilation.height - g.paddingBefore.height
            let fz = z * g.stride.depth + kz * g.dilation.depth - g.paddingBefore.depth
            guard fx >= 0, fx < field.width, fy >= 0, fy < field.height, fz >= 0, fz < field.depth
            else { continue }
            let at = (fz * field.height + fy) * field.width + fx
            if g.direction == .forward { body(at, step) } else { body(step, at) }
        }
    }
}

extension Convolve {
    /// The gradients by the definition, in double precision; row-major.
    package static func referenceGradients(
        _ geometry: ConvolutionGeometry, input: Tensor, weight: Tensor, gradOutput: Tensor
    ) -> (input: [Double], weight: [Double], bias: [Double]) {
        func elements(_ tensor: Tensor) -> [Double] {
            tensor.converted(to: .float64).elements(of: Double.self)
        }
        let gradients = Reference.gradients(
            geometry, input: elements(input), weight: elements(weight),
            gradOutput: elements(gradOutput))
        return (gradients.input, gradients.weight, gradients.bias)
    }
}
