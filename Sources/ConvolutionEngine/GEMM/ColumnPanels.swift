// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Columns of B as panels of `nr`. Where three vectors make a panel and the last one would have a single
/// vector, it takes one from its neighbour: two tiles of two vectors take eight cycles a step on AVX2, those
/// of three and one ten, because four sums do not hide the latency of a multiply-add.
struct ColumnPanels: Sendable {
    private let columns: Int
    private let nr: Int
    /// Where the last panel begins.
    private let last: Int
    /// Panels.
    let count: Int

    init<Scalar>(_ columns: Int, kernels: GEMMKernels<Scalar>) {
        (self.columns, nr) = (columns, kernels.nr)
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
