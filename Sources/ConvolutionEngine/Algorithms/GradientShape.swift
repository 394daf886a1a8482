// SPDX-License-Identifier: Apache-2.0

/// A weight's gradient by sizes: which of input and output gradient is the field that windows slide
/// over, and which has a row of positions for each row of the weight.
struct GradientShape: Sendable {
    /// The positions of the windows over the field, and their taps.
    let grid: TapGrid
    let images: Int
    let groups: Int
    /// Rows of the weight in a group: output channels, or input channels if transposed.
    let rows: Int
    /// Channels of the field in a group.
    let channels: Int

    /// Positions of the windows, each with an element in every row.
    var positions: Int { grid.size.count }
    /// Columns of the weight: channels x taps.
    var columns: Int { channels * grid.taps.count }

    init(_ geometry: ConvolutionGeometry) {
        let windows = geometry.direction == .forward ? geometry : geometry.adjoint
        grid = TapGrid(windows)
        images = geometry.batch
        groups = geometry.groups
        rows = windows.outputChannelsPerGroup
        channels = windows.inputChannelsPerGroup
    }
}

/// The memory of a weight's gradient.
struct GradientOperands<Scalar>: @unchecked Sendable {
    /// `[images, groups · rows, positions]`
    let rows: UnsafePointer<Scalar>
    /// `[images, groups · channels, *field]`
    let field: UnsafePointer<Scalar>
    /// `[groups · rows, channels · taps]`
    let gradient: UnsafeMutablePointer<Scalar>
    /// As much as the algorithm asked for.
    let scratch: UnsafeMutablePointer<Scalar>
}
