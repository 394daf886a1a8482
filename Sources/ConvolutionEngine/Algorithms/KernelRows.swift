// SPDX-License-Identifier: Apache-2.0

/// The rows of a kernel matrix: for each output of one image, the inputs that it is a sum of, and the
/// weight of each.
///
///     row     (o, z, y, x)      of [C_out, *output size]
///     column  (c, z, y, x)      of [C_in, *input size]
///     entry   weight[o, c, k]   where tap k connects the two; padding has no column
struct KernelRows: Sendable {
    let geometry: ConvolutionGeometry
    /// Entries of the whole matrix.
    let entryCount: Int
    private let depth: AxisTaps
    private let height: AxisTaps
    private let width: AxisTaps

    /// Outputs of one image.
    var rowCount: Int { geometry.outputChannels * geometry.outputSize.count }

    /// Nil where the matrix has more than `mostEntries` rows or entries, or one of its dimensions does:
    /// without input channels there are no entries, whatever the sizes.
    init?(_ geometry: ConvolutionGeometry, mostEntries: Int) {
        guard let count = Self.count(geometry, mostEntries: mostEntries) else { return nil }
        self.geometry = geometry
        entryCount = count
        depth = AxisTaps(geometry, 0)
        height = AxisTaps(geometry, 1)
        width = AxisTaps(geometry, 2)
    }

    /// Entries of the whole matrix, if that and its rows are not more than `mostEntries`.
    static func count(_ geometry: ConvolutionGeometry, mostEntries: Int) -> Int? {
        guard geometry.outputSize.count <= mostEntries / geometry.outputChannels else { return nil }
        var factors = [geometry.outputChannels, geometry.inputChannelsPerGroup]
        for dimension in 0..<3 {
            guard let pairs = AxisTaps.pairCount(geometry, dimension), pairs <= mostEntries else {
                return nil
            }
            factors.append(pairs)
        }
        guard let count = SizeLimit.overflowChecked(factors), count <= mostEntries else {
            return nil
        }
        return count
    }

    /// Visits the entries of one row: channels, then taps, each ascending.
    @inline(__always)
    func forEachEntry(
        ofRow row: Int, _ body: (_ column: Int, _ weight: Int) -> Void
    ) {
        let g = geometry
        let (output, z, y, x) = place(row)
        for c in 0..<g.inputChannelsPerGroup {
            let channel = output / g.outputChannelsPerGroup * g.inputChannelsPerGroup + c
            let kernel = weight(output, c, channel)
            for i in depth.range(z) {
                let plane = channel * g.inputSize.depth + Int(depth.inputs[i])
                let slice = kernel + Int(depth.taps[i]) * g.kernel.height * g.kernel.width
                for j in height.range(y) {
                    let line =
                        (plane * g.inputSize.height + Int(height.inputs[j])) * g.inputSize.width
                    let taps = slice + Int(height.taps[j]) * g.kernel.width
                    for k in width.range(x) {
                        body(line + Int(width.inputs[k]), taps + Int(width.taps[k]))
                    }
                }
            }
        }
    }

    /// Where the kernel that connects two channels begins among the weights.
    private func weight(_ output: Int, _ inGroup: Int, _ channel: Int) -> Int {
        let perGroup = geometry.outputChannelsPerGroup
        return geometry.kernel.count
            * (geometry.direction == .forward
                ? output * geometry.inputChannelsPerGroup + inGroup
                : channel * perGroup + output % perGroup)
    }

    private func place(_ row: Int) -> (output: Int, z: Int, y: Int, x: Int) {
        let size = geometry.outputSize
        let line = row / size.width, plane = line / size.height
        return (plane / size.depth, plane % size.depth, line % size.height, row % size.width)
    }
}
