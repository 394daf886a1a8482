// SPDX-License-Identifier: Apache-2.0

/// One element of a window: where it looks, for each position of the window.
struct WindowTap {
    let geometry: WindowGeometry
    /// Where the window at position 0 has it; negative on padding.
    private let front: Int
    private let top: Int
    let left: Int
    /// The positions along a row for which it is inside the image.
    let columns: Range<Int>

    /// The element with the row-major index `k` among those of a window.
    init(_ geometry: WindowGeometry, _ k: Int) {
        let (kernel, dilation) = (geometry.kernel, geometry.dilation)
        let x = k % kernel.width, y = k / kernel.width % kernel.height
        let z = k / kernel.width / kernel.height
        self.geometry = geometry
        front = z * dilation.depth - geometry.paddingBefore.depth
        top = y * dilation.height - geometry.paddingBefore.height
        left = x * dilation.width - geometry.paddingBefore.width
        columns = StepRange.inside(
            geometry.size.width, count: geometry.blocks.width, stride: geometry.stride.width,
            offset: left)
    }

    /// The image's depth at which the window's depth `z` has it; nil on padding.
    func depth(_ z: Int) -> Int? {
        let at = z * geometry.stride.depth + front
        return at >= 0 && at < geometry.size.depth ? at : nil
    }

    /// The image's row at which the window's row `y` has it; nil on padding.
    func height(_ y: Int) -> Int? {
        let at = y * geometry.stride.height + top
        return at >= 0 && at < geometry.size.height ? at : nil
    }
}

/// The memory between which windows are moved: shared by the cores, each of which writes places of its
/// own.
struct WindowWork<Scalar>: @unchecked Sendable {
    /// `[N, C, *S]`
    let image: UnsafeMutablePointer<Scalar>
    /// `[N, C·Πk, L]`
    let columns: UnsafeMutablePointer<Scalar>
}

extension WindowTap {
    /// Cores that the work is worth: one for what it copies in some 50 µs.
    static func threads(for geometry: WindowGeometry) -> Int {
        geometry.columnsCount < 1 << 17 ? 1 : ProcessorCount.available
    }
}
