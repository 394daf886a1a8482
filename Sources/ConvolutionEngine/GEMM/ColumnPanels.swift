// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Columns of B as panels of `nr`. Where three vectors make a panel and the last one would have a single
/// vector, it takes one from its neighbour: two tiles of two vectors take eight cycles a step on AVX2, those
/// of three and one ten, because four sums do not hide the latency of a multiply-add.
///
/// A column that would have a vector for itself, as one of 7x7 pixels would, may be a panel of its own, for the
/// kernel that multiplies one column.
struct ColumnPanels: Sendable {
    private let columns: Int
    private let nr: Int
    /// Where the last panel begins.
    private let last: Int
    /// Panels.
    let count: Int
    /// Whether the last panel is one column for itself.
    let endsWithOne: Bool

    init<Scalar>(_ columns: Int, isolatesOne: Bool = false, kernels: GEMMKernels<Scalar>) {
        (self.columns, nr) = (columns, kernels.nr)
        endsWithOne = isolatesOne && columns % kernels.lanes == 1
        if endsWithOne {
            count = (columns - 1 + nr - 1) / nr + 1
            last = columns - 1
            return
        }
        count = (columns + nr - 1) / nr
        let start = (count - 1) * nr
        let isNarrow = count > 1 && nr == 3 * kernels.lanes && columns - start <= kernels.lanes
        last = isNarrow ? start - kernels.lanes : max(0, start)
    }

    /// A panel's columns.
    subscript(panel: Int) -> Range<Int> {
        panel < count - 1 ? panel * nr..<min(last, (panel + 1) * nr) : last..<columns
    }

    /// The panel that has a column.
    func panel(of column: Int) -> Int { column >= last ? count - 1 : column / nr }
}
