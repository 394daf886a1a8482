// SPDX-License-Identifier: Apache-2.0

/// The outputs of a transposed convolution whose index has a given residue modulo the stride.
struct StridePhase: Sendable {
    let residue: SpatialTriple
    /// Indices of the taps that reach it, in the order of the sum.
    let taps: [Int]
    /// Row k of its product's B, k = (channel, tap): elements from the first row of a panel.
    let offsets: [Int32]

    /// A tap of a residue, and which of the grid's positions it looks at.
    typealias Tap = (index: Int, position: Int)

    /// - Parameters:
    ///   - channels: those of a chunk
    ///   - positions: nil: B's rows are in the order (position, channel), with a row of slack behind each position's;
    ///     else in the order (channel, position), so many a channel
    init(residue: SpatialTriple, taps: [Tap], channels: Int, positions: Int?, nr: Int) {
        self.residue = residue
        self.taps = taps.map(\.index)
        let found = (0..<channels).flatMap { channel in
            taps.map { tap in
                let row =
                    positions.map { channel * $0 + tap.position }
                    ?? tap.position * (channels + 1) + channel
                return Int32(row * nr)
            }
        }
        offsets = found.isEmpty ? [0] : found
    }

    /// The grid that all residues share, whose taps are the positions that any of them looks at, in
    /// the order of the input; and each residue's taps, in the order of their positions.
    ///
    /// The grid is as large as that of residue 0: what is too many for others is not copied out.
    static func grid(
        _ g: ConvolutionGeometry
    ) -> (grid: TapGrid, phases: [(residue: SpatialTriple, taps: [Tap])]) {
        let (z, y, x) = (PhaseAxis(g, 0), PhaseAxis(g, 1), PhaseAxis(g, 2))
        var phases: [(residue: SpatialTriple, taps: [Tap])] = []
        for (depth, zs) in z.phases.enumerated() {
            for (height, ys) in y.phases.enumerated() {
                let rows = join(zs, ys, taps: g.kernel.height, positions: y.positions.count)
                for (width, xs) in x.phases.enumerated() {
                    phases.append(
                        (
                            SpatialTriple(depth: depth, height: height, width: width),
                            join(rows, xs, taps: g.kernel.width, positions: x.positions.count)
                        ))
                }
            }
        }
        let taps = z.positions.flatMap { z in
            y.positions.flatMap { y in
                x.positions.map { SpatialTriple(depth: z, height: y, width: $0) }
            }
        }
        let size = SpatialTriple { (g.outputSize[$0] + g.stride[$0] - 1) / g.stride[$0] }
        let grid = TapGrid(
            size: size, inputSize: g.inputSize, stride: SpatialTriple(repeating: 1), taps: taps)
        return (grid, phases)
    }

    /// Every pair of taps of two dimensions, the second of so many taps and positions.
    private static func join(_ a: [Tap], _ b: [Tap], taps: Int, positions: Int) -> [Tap] {
        a.flatMap { a in
            b.map { (a.index * taps + $0.index, a.position * positions + $0.position) }
        }
    }
}

/// One dimension of a transposed convolution by residues.
struct PhaseAxis: Sendable {
    /// Where taps look, relative to the residue's index, ascending.
    let positions: [Int]
    /// The taps of each residue, with the places of their positions, ascending.
    let phases: [[StridePhase.Tap]]

    init(_ g: ConvolutionGeometry, _ dimension: Int) {
        let step = g.stride[dimension]
        let found = (0..<min(step, g.outputSize[dimension])).map { residue -> [StridePhase.Tap] in
            (0..<g.kernel[dimension]).reversed().compactMap { k in
                let at = residue + g.paddingBefore[dimension] - k * g.dilation[dimension]
                return at % step == 0 ? (index: k, position: at / step) : nil
            }
        }
        var places: [Int: Int] = [:]
        for phase in found { for tap in phase { places[tap.position] = 0 } }
        positions = places.keys.sorted()
        for (place, position) in positions.enumerated() { places[position] = place }
        phases = found.map { $0.map { (index: $0.index, position: places[$0.position]!) } }
    }
}
