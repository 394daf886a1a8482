// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Weights of one use, transformed right before it: on their way through memory the points of a large kernel
/// (four times its weights) would take as long as their products. A few panels and a chunk of channels at a
/// time, `[point][panel][channel][mr]`.
struct WinogradDeferral<Scalar: TensorScalar>: Sendable {
    /// Output channels that are transformed at a time: whole panels.
    let rows: Int
    /// Elements from one point to the next.
    let pointStride: Int
    private let geometry: ConvolutionGeometry
    private let kernels: GEMMKernels<Scalar>
    private let points: Int
    private let panel: WinogradWeights<Scalar>.Transform

    init(
        _ geometry: ConvolutionGeometry, _ tiling: WinogradTiling, kernels: GEMMKernels<Scalar>
    ) {
        (self.geometry, self.kernels, points) = (geometry, kernels, tiling.points)
        rows = (16 + kernels.mr - 1) / kernels.mr * kernels.mr
        pointStride = rows * min(WinogradWeights<Scalar>.chunk, geometry.inputChannelsPerGroup) + 32
        panel = WinogradWeights.Transform(geometry, tiling, kernels, pointStride: pointStride)
    }

    /// Memory for the points and what they are made of.
    var workElements: Int { (points * pointStride + panel.workElements + 31) / 16 * 16 }

    /// - Parameters:
    ///   - weight: the group's weights
    ///   - some: output channels, from the first of a panel
    func transform(
        _ weight: UnsafePointer<Scalar>, _ some: Range<Int>, _ channels: Range<Int>,
        to transformed: UnsafeMutablePointer<Scalar>
    ) {
        let g = geometry, mr = kernels.mr
        for row in stride(from: some.lowerBound, to: some.upperBound, by: mr) {
            let first = row * g.inputChannelsPerGroup + channels.lowerBound
            panel.run(
                weight + first * g.kernel.count, rows: min(mr, some.upperBound - row),
                channels: channels.count,
                to: transformed
                    + (row - some.lowerBound) / mr * kernels.panelElements(depth: channels.count),
                depthStride: 0, work: transformed + points * pointStride)
        }
    }
}
