// SPDX-License-Identifier: Apache-2.0

import KernelInterface

extension PaddedRows {
    /// Rows of a plane from column `left` on, both inside of it or not, each `width` elements.
    init(
        _ plane: UnsafePointer<Scalar>, height: Int, width planeWidth: Int, rows: Range<Int>,
        left: Int, width: Int, to: UnsafeMutablePointer<Scalar>, ahead: Int
    ) {
        let from = max(0, left), isInside = from < planeWidth
        self.init(
            values: isInside ? plane + from : plane, valuesPitch: planeWidth,
            height: isInside ? height : 0, rows: rows, count: max(0, planeWidth - from),
            before: max(0, -left), stride: 1, phasePitch: width, to: to, ahead: ahead)
    }
}
