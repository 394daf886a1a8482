// SPDX-License-Identifier: Apache-2.0

/// The definition, term by term, in double precision: slow, obvious, the judge of everything else.
enum Reference {
    /// Forward: `out[n, o, p] = bias[o] + Σ_{c, k} weight[o, c, k] · input[n, c, p·s + k·d − before]`.
    /// Transposed: `out[n, o, q·s + k·d − before] += weight[c, o, k] · input[n, c, q]` for every q.
    static func run<Scalar: TensorScalar>(
        _ g: ConvolutionGeometry, input: [Scalar], weight: [Scalar], bias: [Scalar]?
    ) -> [Double] {
        let outputs = g.outputChannels, perGroup = g.outputChannelsPerGroup
        var out = [Double](repeating: 0, count: g.batch * outputs * g.outputSize.count)
        for n in 0..<g.batch {
            for o in 0..<outputs {
                let plane = (n * outputs + o) * g.outputSize.count
                for p in 0..<g.outputSize.count { out[plane + p] = bias.map { Double($0[o]) } ?? 0 }
                for c in 0..<g.inputChannelsPerGroup {
                    let channel = o / perGroup * g.inputChannelsPerGroup + c
                    let from = (n * g.inputChannels + channel) * g.inputSize.count
                    for k in 0..<g.kernel.count {
                        let w =
                            g.direction == .forward
                            ? weight[(o * g.inputChannelsPerGroup + c) * g.kernel.count + k]
                            : weight[(channel * perGroup + o % perGroup) * g.kernel.count + k]
                        add(g, tap: k, Double(w), input, from, &out, plane)
                    }
                }
            }
        }
        return out
    }

    /// One tap of one pair of channels.
    private static func add<Scalar: TensorScalar>(
        _ g: ConvolutionGeometry, tap: Int, _ w: Double, _ input: [Scalar], _ from: Int,
        _ out: inout [Double], _ to: Int
    ) {
        // The strided side: outputs step over the input, or inputs over the output.
        let steps = g.direction == .forward ? g.outputSize : g.inputSize
        let field = g.direction == .forward ? g.inputSize : g.outputSize
        let kx = tap % g.kernel.width, ky = tap / g.kernel.width % g.kernel.height
        let kz = tap / g.kernel.width / g.kernel.height
        for z in 0..<steps.depth {
            let fz = z * g.stride.depth + kz * g.dilation.depth - g.paddingBefore.depth
            if fz < 0 || fz >= field.depth { continue }
            for y in 0..<steps.height {
                let fy = y * g.stride.height + ky * g.dilation.height - g.paddingBefore.height
                if fy < 0 || fy >= field.height { continue }
                for x in 0..<steps.width {
                    let fx = x * g.stride.width + kx * g.dilation.width - g.paddingBefore.width
                    if fx < 0 || fx >= field.width { continue }
                    let step = (z * steps.height + y) * steps.width + x
                    let at = (fz * field.height + fy) * field.width + fx
                    if g.direction == .forward {
                        out[to + step] += w * Double(input[from + at])
                    } else {
                        out[to + at] += w * Double(input[from + step])
                    }
                }
            }
        }
    }
}
