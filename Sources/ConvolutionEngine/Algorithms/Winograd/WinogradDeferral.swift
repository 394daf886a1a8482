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
        (self.geometry, self.kernels, points) = (geometry, kernels, tiling.pointsAtATime)
        rows = (16 + kernels.mr - 1) / kernels.mr * kernels.mr
        pointStride = rows * min(WinogradWeights<Scalar>.chunk, geometry.inputChannelsPerGroup) + 32
        panel = WinogradWeights.Transform(geometry, tiling, kernels, pointStride: pointStride)
    }

    /// Memory for the points and what they are made of.
    var workElements: Int { (points * pointStride + panel.workElements + 31) / 16 * 16 }

    /// - Parameters:
    ///   - weight: the group's weights
    ///   - phase: of the rows
    ///   - some: output channels, from the first of a panel
    func transform(
        _ weight: UnsafePointer<Scalar>, _ phase: WinogradAxis.Phase, _ some: Range<Int>,
        _ channels: Range<Int>,
        to transformed: UnsafeMutablePointer<Scalar>
    ) {
        let mr = kernels.mr
        for row in stride(from: some.lowerBound, to: some.upperBound, by: mr) {
            panel.run(
                weight, [phase], rows: row..<min(row + mr, some.upperBound), channels: channels,
                to: transformed
                    + (row - some.lowerBound) / mr * kernels.panelElements(depth: channels.count),
                depthStride: 0, work: transformed + points * pointStride)
        }
    }
}
