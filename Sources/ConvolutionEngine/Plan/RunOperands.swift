// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The memory that an algorithm runs on: shared by the cores, each of which writes places of its own;
/// and what becomes of its sums.
struct RunOperands<Scalar: TensorScalar>: @unchecked Sendable {
    /// The whole input, row-major.
    let input: UnsafePointer<Scalar>
    /// The whole output, row-major.
    let output: UnsafeMutablePointer<Scalar>
    /// As much as the algorithm asked for.
    let scratch: UnsafeMutablePointer<Scalar>
    /// What is added to the output, as large as it is, if anything is.
    let added: UnsafePointer<Scalar>?
    /// What the sums become after that.
    let activation: Activation

    /// Whether ``finish(_:count:)`` has nothing to do.
    var isPlain: Bool { added == nil && activation == .none }

    /// The epilogue: `count` outputs, whose sums are complete and still in the cache, become what the
    /// caller gets. Every output is finished once, by the core that made it.
    ///
    /// - Parameter first: one of the pointers into ``output``
    func finish(_ first: UnsafeMutablePointer<Scalar>, count: Int) {
        if let added {
            let addends = added + (first - output)
            for i in 0..<count { first[i] += addends[i] }
        }
        activation.apply(to: first, count: count)
    }

    /// The same for rows that are `pitch` elements apart.
    func finish(_ first: UnsafeMutablePointer<Scalar>, rows: Int, pitch: Int, count: Int) {
        if isPlain { return }
        for row in 0..<rows { finish(first + row * pitch, count: count) }
    }

    /// Sums `[pixel][channel]` become outputs.
    ///
    /// - Parameters:
    ///   - channels: of a group; those behind its last one are left out
    ///   - image: image and group, image x groups + group
    func turn(
        _ sums: UnsafePointer<Scalar>, of channels: Range<Int>, pixels: Range<Int>, image: Int,
        _ geometry: ConvolutionGeometry, _ tiles: PixelKernels<Scalar>
    ) {
        let plane = geometry.outputSize.count
        let some = channels.clamped(to: 0..<geometry.outputChannelsPerGroup)
        let c = output + place(some, pixels, image, geometry)
        tiles.turn(
            TurnedSums(
                sums: sums, sumsPitch: channels.count, pixels: pixels.count, channels: some.count,
                output: c, outputPitch: plane))
        finish(c, rows: some.count, pitch: plane, count: pixels.count)
    }

    /// The lines that ``turn(_:of:pixels:image:_:_:)`` will write, for kernels to ask for while they make the sums.
    func lines(
        of channels: Range<Int>, pixels: Range<Int>, image: Int, _ geometry: ConvolutionGeometry
    ) -> LinesAhead<Scalar> {
        let some = channels.clamped(to: 0..<geometry.outputChannelsPerGroup)
        return LinesAhead(
            first: UnsafePointer(output) + place(some, pixels, image, geometry),
            rowLines: pixels.count * MemoryLayout<Scalar>.stride / 64 + 1,
            rowPitch: geometry.outputSize.count, rows: some.count)
    }

    /// The first of some pixels of some channels.
    private func place(
        _ channels: Range<Int>, _ pixels: Range<Int>, _ image: Int, _ geometry: ConvolutionGeometry
    ) -> Int {
        let channel = image * geometry.outputChannelsPerGroup + channels.lowerBound
        return channel * geometry.outputSize.count + pixels.lowerBound
    }
}
