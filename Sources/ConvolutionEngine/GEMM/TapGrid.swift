// SPDX-License-Identifier: Apache-2.0

/// Which elements of the input a grid of outputs looks at: output `o` sees input `o·stride + tap`, for
/// every tap, and zero where that lies outside the input.
///
/// A convolution is one grid. A transposed one of stride s is s grids of stride 1, one for each residue
/// of the output's index (``StridePhases``). All algorithms that pack columns work on grids, so none of
/// them knows of padding, dilation or transposition.
struct TapGrid: Sendable {
    /// Spatial size of the grid of outputs.
    let size: SpatialTriple
    /// Spatial size of the input.
    let inputSize: SpatialTriple
    /// Input elements from one output to the next.
    let stride: SpatialTriple
    /// Where the taps are, relative to `o·stride`, in the order of the weights.
    let taps: [SpatialTriple]
    /// The smallest and the largest tap of each dimension.
    let lowest, highest: SpatialTriple

    init(
        size: SpatialTriple, inputSize: SpatialTriple, stride: SpatialTriple, taps: [SpatialTriple]
    ) {
        self.size = size
        self.inputSize = inputSize
        self.stride = stride
        self.taps = taps
        func reduce(_ start: Int, _ choose: (Int, Int) -> Int) -> SpatialTriple {
            SpatialTriple(
                depth: taps.reduce(start) { choose($0, $1.depth) },
                height: taps.reduce(start) { choose($0, $1.height) },
                width: taps.reduce(start) { choose($0, $1.width) })
        }
        lowest = taps.isEmpty ? SpatialTriple(depth: 0, height: 0, width: 0) : reduce(.max, min)
        highest = taps.isEmpty ? SpatialTriple(depth: 0, height: 0, width: 0) : reduce(.min, max)
    }

    /// The grid of a convolution: tap k of a dimension is at `k·dilation − padding`.
    init(_ g: ConvolutionGeometry) {
        var taps: [SpatialTriple] = []
        taps.reserveCapacity(g.kernel.count)
        for z in 0..<g.kernel.depth {
            for y in 0..<g.kernel.height {
                for x in 0..<g.kernel.width {
                    taps.append(
                        SpatialTriple(
                            depth: z * g.dilation.depth - g.paddingBefore.depth,
                            height: y * g.dilation.height - g.paddingBefore.height,
                            width: x * g.dilation.width - g.paddingBefore.width))
                }
            }
        }
        self.init(size: g.outputSize, inputSize: g.inputSize, stride: g.stride, taps: taps)
    }

    /// Whether no tap of any output looks outside the input.
    var looksInside: Bool {
        !taps.isEmpty
            && (0..<3).allSatisfy {
                lowest[$0] >= 0 && (size[$0] - 1) * stride[$0] + highest[$0] < inputSize[$0]
            }
    }

    /// One output of a convolution, whose taps are the elements of the input, in order.
    var looksAtAllAtOnce: Bool {
        size.count == 1 && looksInside && taps.count == inputSize.count
    }

    /// One tap that looks at the element of its own index, and a grid as large as the input: the input
    /// of a channel is its only row of columns.
    var isIdentity: Bool {
        taps.count == 1 && taps[0] == SpatialTriple(depth: 0, height: 0, width: 0)
            && stride == SpatialTriple(depth: 1, height: 1, width: 1) && size == inputSize
    }
}
