// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Transposed convolution as a 1x1 convolution to a channel for each output channel and tap, whose rows are then added
/// where they belong (`col2im`): ``ColumnScatter`` for many pixels.
///
/// Goals, in order: the right answer for every geometry; for layers of few output channels no row of a register tile
/// that stays empty, and no copy of the input for each tap. (``StridePhases`` has a product of as many rows as there are
/// output channels, eight at a time with AVX-512: three channels would leave five of them.)
///
///     C[(o, k), i] = Σ_c w[c, (o, k)] · in[c, i],    out[o, s·q + r] = Σ_k C[(o, k), q + shift(k)]
///
/// over the taps k that reach residue r, whose shifts are as in ``StridePhases``. C is a row of pixels for each output
/// channel and tap of an image, held as a whole, so that layers are taken for which it is small.
///
/// *Error*: that of ``ImplicitGEMM``, with one more rounding for each tap that reaches an output; taps are added in the
/// order of the kernel's elements, to the bias or 0.
struct ColumnSums<Scalar: TensorScalar>: Sendable {
    private let geometry: ConvolutionGeometry
    private let threads: Int
    /// The product: a convolution of one tap over all pixels of an image.
    private let columns: ImplicitGEMM<Scalar>
    private let axes: [ScatterAxis]
    /// Output rows of a task, and tasks of a plane.
    private let rows, bands: Int

    /// Bytes of C: beyond L2 it still takes less time than empty rows do.
    private static var mostBytes: Int { 64 << 20 }

    /// Nil where C is large, where pixels are so few that the weights had better be the columns, and where residues are
    /// many.
    init?(_ g: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        guard Self.isModest(g) else { return nil }
        let outputs = g.outputChannels * g.kernel.count
        var options = ConvolutionOptions()
        options.groups = g.groups
        guard
            let columns = try? ConvolutionGeometry(
                .forward, spatialRank: 1, input: [1, g.inputChannels, g.inputSize.count],
                weight: [outputs, g.inputChannelsPerGroup, 1], bias: nil,
                options: options)
        else { return nil }
        geometry = g
        self.threads = threads
        self.columns = ImplicitGEMM(columns, kernels: kernels, threads: threads)
        axes = (0..<3).map { ScatterAxis(g, $0) }
        let planeRows = g.outputSize.depth * g.outputSize.height
        let share = (4 * threads + g.outputChannels - 1) / g.outputChannels
        rows = max(1, min(planeRows, max(8, planeRows / share)))
        bands = (planeRows + rows - 1) / rows
    }

    /// Whether this is for a geometry: by numbers alone, for elements of any type and any number of images.
    static func isModest(_ g: ConvolutionGeometry) -> Bool {
        let sums =
            Double(g.outputChannels) * Double(g.kernel.count) * Double(g.inputSize.count)
        return g.direction == .transposed && g.inputSize.count >= 128 && g.inputChannels > 0
            && g.outputCount > 0 && Algorithm.hasFewPhases(g)
            && sums * 8 <= Double(mostBytes)
    }

    /// Whether this is faster than ``StridePhases``: where each sum is long enough for a product, and rows of register
    /// tiles would stay empty. Measured with 1 ... 16 output and 4 ... 512 input channels, kernels of 4 ... 64 taps.
    static func isFaster(_ g: ConvolutionGeometry) -> Bool {
        g.outputChannelsPerGroup <= 4 && g.kernel.count > 1
            && g.inputChannelsPerGroup >= max(8, 2 << g.outputChannelsPerGroup) && isModest(g)
    }

    private var sums: Int {
        (geometry.outputChannels * geometry.kernel.count * geometry.inputSize.count + 79) / 16 * 16
    }
    /// Outputs of a row of one residue, with what a vector may read too much.
    private var pitch: Int {
        (geometry.outputSize.width / axes[2].phases.count + 1 + 31) / 16 * 16
    }
    private var workerElements: Int { pitch * axes[2].phases.count }
    var scratchByteCount: Int {
        columns.scratchByteCount
            + (sums + threads * workerElements) * MemoryLayout<Scalar>.stride
    }

    /// Panels of a row for each output channel and tap.
    func prepare(
        _ weight: UnsafePointer<Scalar>, bias: UnsafePointer<Scalar>?
    ) -> WeightSet<Scalar> {
        WeightSet(
            panels: [columns.packTurned(weight)], bias: bias, count: geometry.outputChannels)
    }

    /// Image by image the product, then, over the cores, rows of outputs: channels x bands.
    func run(_ operands: RunOperands<Scalar>, weights: WeightSet<Scalar>) {
        let c = operands.scratch, buffers = c + sums
        let elements = geometry.inputChannels * geometry.inputSize.count
        for image in 0..<geometry.batch {
            columns.run(
                RunOperands(
                    input: operands.input + image * elements, output: c,
                    scratch: buffers + threads * workerElements, added: nil, activation: .none),
                weights: weights.panels[0])
            add(image, operands, weights.bias)
        }
    }

    private func add(_ image: Int, _ operands: RunOperands<Scalar>, _ bias: [Scalar]) {
        let size = geometry.outputSize, channels = geometry.outputChannels
        let rowCount = size.depth * size.height
        let taps = geometry.kernel.count * geometry.inputSize.count
        ParallelTiles.run(channels * bands, threads: threads) { task, worker in
            let channel = task / bands, first = task % bands * rows
            let output = operands.output + (image * channels + channel) * size.count
            let phases = operands.scratch + (sums + worker * workerElements)
            for row in first..<min(first + rows, rowCount) {
                let to = output + row * size.width
                add(
                    operands.scratch + channel * taps, z: row / size.height, y: row % size.height,
                    start: bias[channel], phases, to)
                operands.finish(to, count: size.width)
            }
        }
    }

    /// One row of outputs: its residues next to each other, then between each other.
    private func add(
        _ sums: UnsafeMutablePointer<Scalar>, z: Int, y: Int, start: Scalar,
        _ phases: UnsafeMutablePointer<Scalar>, _ output: UnsafeMutablePointer<Scalar>
    ) {
        let size = geometry.inputSize, kernel = geometry.kernel
        let step = axes[2].phases.count
        for (residue, taps) in axes[2].phases.enumerated() {
            let row = step == 1 ? output : phases + residue * pitch
            let count = (geometry.outputSize.width - residue + step - 1) / step
            row.initialize(repeating: start, count: count)
            axes[0].forEach(of: z) { kz, iz in
                axes[1].forEach(of: y) { ky, iy in
                    for tap in taps {
                        let low = max(0, -tap.shift), high = min(count, size.width - tap.shift)
                        if low >= high { continue }
                        let index = (kz * kernel.height + ky) * kernel.width + tap.index
                        let addends =
                            sums + index * size.count
                            + ((iz * size.height + iy) * size.width + tap.shift)
                        for q in low..<high { row[q] += addends[q] }
                    }
                }
            }
        }
        if step > 1 {
            columns.product.kernels.interleave(
                PhaseRows(
                    phases: phases, pitch: pitch, stride: step, row: output,
                    count: geometry.outputSize.width))
        }
    }
}

/// One dimension of a transposed convolution: which taps reach an output, from which inputs.
private struct ScatterAxis: Sendable {
    struct Tap: Sendable {
        let index: Int
        /// From the output's place among those of its residue to the input.
        let shift: Int
    }
    /// The taps of each residue, ascending; fewer residues than the stride where outputs are fewer.
    let phases: [[Tap]]
    private let step, inputs: Int

    init(_ g: ConvolutionGeometry, _ dimension: Int) {
        step = g.stride[dimension]
        inputs = g.inputSize[dimension]
        let axis = PhaseAxis(g, dimension)
        phases = axis.phases.map { taps in
            taps.reversed().map { Tap(index: $0.index, shift: axis.positions[$0.position]) }
        }
    }

    /// The taps that reach output `o`, each with its input.
    @inline(__always) func forEach(of o: Int, _ body: (Int, Int) -> Void) {
        for tap in phases[o % step] {
            let input = o / step + tap.shift
            if input >= 0 && input < inputs { body(tap.index, input) }
        }
    }
}
