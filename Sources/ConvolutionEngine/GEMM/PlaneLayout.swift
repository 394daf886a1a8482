// SPDX-License-Identifier: Apache-2.0

/// How the part of a channel that a block of pixels looks at is laid out for packing: a padded copy in
/// L1, split by the stride's phases, from which every tap is a plain copy of rows.
///
///     band 0: slice 0: row 0: | phase 0 | phase 1 | ...     element i of a padded row is in phase
///                      row 1: | phase 0 | phase 1 | ...     i mod stride, at i / stride
///             slice 1: ...
///     band 1: ...
///
/// A slice is a depth that some tap looks at. The rows of a band are all from the first to the last one
/// needed or, where a band is one row of pixels, those that some tap looks at.
struct PlaneLayout: Sendable {
    let oneRowBands: Bool
    let slices: [Int]
    let rows: [Int]
    let phases: Int
    let phasePitch: Int
    let bandRows: Int
    let bandCount: Int
    let tapOffsets: [Int32]

    /// 4 M elements, so that a worker needs no more than megabytes whatever is asked for.
    static var mostElements: Int { 1 << 22 }

    var rowPitch: Int { phases * phasePitch }
    var slicePitch: Int { bandRows * rowPitch }
    var bandPitch: Int { slices.count * slicePitch }
    /// Elements of all bands.
    var count: Int { bandCount * bandPitch }

    /// Nil where a padded copy would be out of proportion to what is packed (taps or pixels that stand
    /// far apart): columns are then gathered one by one.
    ///
    /// - Parameters:
    ///   - grid: what is looked at
    ///   - mostPixels: the most pixels of a block
    ///   - wholeRows: blocks are whole rows of one depth
    init?(_ grid: TapGrid, mostPixels: Int, wholeRows: Bool = false) {
        let width = grid.size.width
        let touched = mostPixels / width + (wholeRows ? 0 : 2)
        let rowsTouched = min(touched, grid.size.height * grid.size.depth)
        let extent = grid.highest.height - grid.lowest.height + 1
        let distinct = Self.distinct(grid.taps.map(\.height))
        oneRowBands =
            (width >= 96 && !wholeRows) || grid.size.height == 1 || extent > 2 * distinct.count + 2
            || grid.stride.height > 2 * distinct.count
        slices = Self.distinct(grid.taps.map(\.depth))
        rows = distinct
        phases = grid.stride.width
        let columns = oneRowBands && !wholeRows ? min(width, mostPixels) : width
        let (span, overflow) = (columns - 1).multipliedReportingOverflow(by: grid.stride.width)
        let widthExtent = grid.highest.width - grid.lowest.width + 1
        guard !overflow, span < 1 << 24, widthExtent < 1 << 24 else { return nil }
        phasePitch = (span + widthExtent + phases - 1) / phases
        if oneRowBands {
            bandRows = distinct.count
            bandCount = rowsTouched
        } else {
            bandRows = (min(rowsTouched, grid.size.height) - 1) * grid.stride.height + extent
            let depths = mostPixels / (width * grid.size.height) + 2
            bandCount = wholeRows ? 1 : min(depths, grid.size.depth)
        }
        let packed = min(mostPixels, grid.size.count) * grid.taps.count
        let size = Double(bandCount) * Double(slices.count) * Double(bandRows) * Double(phases)
        let inProportion = wholeRows ? .infinity : 8 * Double(packed) + 16_384
        let most = min(inProportion, Double(Self.mostElements))
        guard size * Double(phasePitch) <= most else { return nil }
        let sliceOf = Self.places(slices), rowOf = Self.places(rows)
        let (rowPitch, pitch, phases) = (phases * phasePitch, phasePitch, phases)
        let (slicePitch, oneRow) = (bandRows * rowPitch, oneRowBands)
        tapOffsets = grid.taps.map { tap in
            let row = oneRow ? rowOf[tap.height]! : tap.height - grid.lowest.height
            let x = tap.width - grid.lowest.width
            let column = x % phases * pitch + x / phases
            return Int32(sliceOf[tap.depth]! * slicePitch + row * rowPitch + column)
        }
    }

    /// Where each value stands.
    private static func places(_ values: [Int]) -> [Int: Int] {
        Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, $0) })
    }

    /// Ascending, each value once.
    private static func distinct(_ values: [Int]) -> [Int] {
        values.sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
}
