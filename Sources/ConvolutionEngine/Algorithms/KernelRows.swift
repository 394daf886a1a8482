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

    /// For a geometry that fits into a bound.
    init(_ geometry: ConvolutionGeometry) {
        self.geometry = geometry
        depth = AxisTaps(geometry, 0)
        height = AxisTaps(geometry, 1)
        width = AxisTaps(geometry, 2)
        entryCount =
            geometry.outputChannels * geometry.inputChannelsPerGroup
            * [depth, height, width].reduce(1) { $0 * $1.taps.count }
    }

    /// Whether rows and entries are certain to be no more than `most`, also those of each dimension for
    /// itself: without input channels there are no entries, whatever the sizes. By numbers alone.
    static func fits(_ geometry: ConvolutionGeometry, most: Int) -> Bool {
        let rows = [geometry.outputChannels, geometry.outputSize.count]
        let pairs = (0..<3).map { AxisTaps.mostPairs(geometry, $0) ?? .max }
        let entries = [geometry.outputChannels, max(1, geometry.inputChannelsPerGroup)] + pairs
        return [rows, entries].allSatisfy { factors in
            SizeLimit.overflowChecked(factors).map { $0 <= most } ?? false
        }
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
