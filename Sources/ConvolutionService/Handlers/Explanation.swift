// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import JSONText

/// `"explain": {...}` of a reply: the geometry as it was resolved, and what it took.
struct Explanation {
    let text: String

    init(_ convolution: Convolution, _ result: Convolution.Result, milliseconds: Double) {
        let geometry = convolution.geometry
        var members = JSONObjectText()
        members.add("output_shape", geometry.outputShape)
        members.add("padding", geometry.paddingPairs)
        members.add("padding_mode", convolution.options.border.name)
        members.add("output_padding", geometry.outputPadding.last(geometry.spatialRank))
        members.add("effective_kernel", geometry.effectiveKernel)
        members.add("multiply_accumulates", geometry.multiplyAccumulates)
        members.add("scratch_bytes", result.scratchByteCount)
        members.add("compute_ms", milliseconds)
        text = members.text
    }
}
