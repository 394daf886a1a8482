// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The working memory of ``DirectConvolution``:
///
///     offsets | mask                                                      of the taps, of a row's ends, for all cores
///     planes | zeros | edge | rows or places | sums | runs | held     for each core
struct DirectScratch<Scalar: TensorScalar>: @unchecked Sendable {
    /// Offsets of the columns of taps or, where output channels share, of all taps.
    let offsets: UnsafeMutablePointer<Int>
    /// For the ends of rows that are read from the input: a vector of no bits, one of all, one of none.
    let mask: UnsafeMutablePointer<Scalar>
    /// The padded copy of a block.
    let planes: UnsafeMutablePointer<Scalar>
    /// A row of padding, where rows are read from the input.
    let zeros: UnsafeMutablePointer<Scalar>
    /// For rows shorter than a vector.
    let edge: UnsafeMutablePointer<Scalar>
    /// Where rows of the input begin.
    let rows: UnsafeMutablePointer<UnsafePointer<Scalar>>
    /// Where vectors of pixels are.
    let places: UnsafeMutablePointer<VectorPlace>
    /// Sums between two runs of taps, where output channels share.
    let sums: UnsafeMutablePointer<Scalar>
    /// The taps of a block, those that are summed together.
    let runs: UnsafeMutablePointer<TapRun>
    /// What planes and places hold, where output channels share.
    let held: UnsafeMutablePointer<Held>

    /// Which block of which image the planes hold, and which block of any the places.
    struct Held {
        var planes, places: Int
        static var none: Held { Held(planes: -1, places: -1) }
    }

    /// Elements of each part.
    private struct Sizes {
        let offsets, mask, planes, zeros, edge, tables, sums, runs, held: Int
        var worker: Int { planes + zeros + edge + tables + sums + runs + held }

        init(_ direct: DirectConvolution<Scalar>) {
            let b = direct.blocks, lanes = direct.kernels.lanes
            func elements(_ byteCount: Int) -> Int {
                (byteCount + 63) / 64 * 64 / MemoryLayout<Scalar>.stride
            }
            func round(_ count: Int) -> Int { (count + 15) / 16 * 16 }
            offsets = elements(
                8 * (b.sharesChannels ? direct.k : direct.geometry.kernel.width))
            mask = b.masks ? round(3 * lanes) : 0
            planes =
                b.copies ? round(direct.slices * b.windowRows * b.rowPitch + 4 * lanes) : 0
            zeros = b.copies ? 0 : round(b.rowPitch + 2 * lanes)
            edge = round(direct.kernels.rows.rows * lanes)
            tables = elements(
                b.sharesChannels
                    ? 16 * b.places(lanes) : 8 * direct.planes * direct.rowsOfPlane(b.rows))
            sums =
                b.sharesChannels && direct.mostRuns > 1
                ? round(direct.summedChannels * b.places(lanes) * lanes) : 0
            runs = elements(b.sharesChannels ? 16 * direct.mostRuns : 0)
            held = elements(16)
        }
    }

    /// Bytes for all cores.
    static func byteCount(_ direct: DirectConvolution<Scalar>) -> Int {
        let sizes = Sizes(direct)
        return (sizes.offsets + sizes.mask + direct.threads * sizes.worker)
            * MemoryLayout<Scalar>.stride
    }

    /// The memory of the first core.
    init(_ direct: DirectConvolution<Scalar>, _ memory: UnsafeMutablePointer<Scalar>) {
        let sizes = Sizes(direct)
        offsets = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: Int.self)
        mask = memory + sizes.offsets
        planes = mask + sizes.mask
        zeros = planes + sizes.planes
        edge = zeros + sizes.zeros
        let tables = UnsafeMutableRawPointer(edge + sizes.edge)
        rows = tables.assumingMemoryBound(to: UnsafePointer<Scalar>.self)
        places = tables.assumingMemoryBound(to: VectorPlace.self)
        sums = edge + sizes.edge + sizes.tables
        runs = UnsafeMutableRawPointer(sums + sizes.sums).assumingMemoryBound(to: TapRun.self)
        held = UnsafeMutableRawPointer(sums + sizes.sums + sizes.runs)
            .assumingMemoryBound(to: Held.self)
    }

    /// The memory of another core.
    func worker(_ worker: Int, _ direct: DirectConvolution<Scalar>) -> DirectScratch {
        let sizes = Sizes(direct)
        let memory = planes + worker * sizes.worker - sizes.offsets - sizes.mask
        let other = DirectScratch(direct, memory, shared: self)
        if sizes.zeros > 0 { for i in 0..<sizes.zeros { other.zeros[i] = .zero } }
        return other
    }

    private init(
        _ direct: DirectConvolution<Scalar>, _ memory: UnsafeMutablePointer<Scalar>,
        shared: DirectScratch
    ) {
        let other = DirectScratch(direct, memory)
        (offsets, mask) = (shared.offsets, shared.mask)
        (planes, zeros, edge) = (other.planes, other.zeros, other.edge)
        (rows, places, sums) = (other.rows, other.places, other.sums)
        (runs, held) = (other.runs, other.held)
    }

    /// The same for every block.
    func fillOffsets(_ direct: DirectConvolution<Scalar>) {
        let g = direct.geometry, b = direct.blocks
        if b.masks {
            let lanes = direct.kernels.lanes, byteCount = lanes * MemoryLayout<Scalar>.stride
            for part in 0..<3 {
                UnsafeMutableRawPointer(mask + part * lanes).initializeMemory(
                    as: UInt8.self, repeating: part == 1 ? 0xFF : 0, count: byteCount)
            }
        }
        guard b.sharesChannels else {
            for j in 0..<g.kernel.width { offsets[j] = direct.columnOffset(j) }
            return
        }
        var to = offsets
        for slice in 0..<direct.slices {
            let plane =
                b.copies
                ? slice * b.windowRows * b.rowPitch
                : slice / g.kernel.depth * g.inputSize.count
                    + slice % g.kernel.depth * g.dilation.depth * g.inputSize.height
                    * g.inputSize.width
            for i in 0..<g.kernel.height {
                let row = i * g.dilation.height * (b.copies ? b.rowPitch : g.inputSize.width)
                for j in 0..<g.kernel.width {
                    to.pointee = plane + row + direct.columnOffset(j)
                    to += 1
                }
            }
        }
    }
}
