// SPDX-License-Identifier: Apache-2.0

import CLanes
import KernelInterface

/// `R` pixels by `N` vectors of output channels in registers: a row of weights is loaded once and used for every pixel,
/// whose values are spread over vectors from wherever they lie. So no pixel is packed, no stride splits a row, and a
/// map of 7x7 or 14x14 pixels leaves no lane idle.
///
/// *Registers*: R·N sums, N weights, one pixel; R places of pixels in those for addresses. Seven by three want 25;
/// sixteen hold four by three or, where multiply-adds are not fused, four by two. Never inlined, as in ``Tile``.
enum PixelTile<V: KernelVector, let R: Int, let N: Int> {
    typealias Scalar = V.Scalar
    typealias Registers = InlineArray<R, InlineArray<N, V>>

    /// The pixels of a tile. With A = 1 two steps ask for a line, from `ahead` on. Of two steps a turn LLVM would load all values first and keep the sums in memory, as it does of eight pixels.
    @inline(never) static func sum<let A: Int>(
        _ o: PixelOperands<Scalar>, _ run: PixelRun, ahead: UnsafePointer<Scalar>,
        _: Ahead<A>.Type
    ) {
        let first = Int(run.first)
        var places = InlineArray<R, Int>(repeating: 0)
        for r in 0..<R { places[r] = Int(o.pixels[first + r]) }
        var t = start(o.start)
        var ahead = ahead
        // Taps that all see something are one run with those of the next channel.
        let taps = o.taps * o.tapDepth, firstTap = Int(run.firstTap) * o.tapDepth
        let seen = Int(run.endTap - run.firstTap) * o.tapDepth, isWhole = seen == taps
        let steps = isWhole ? o.depth : seen, unseen = taps - seen
        var b = o.b + firstTap * N * V.scalarCount
        var offsets = o.offsets + firstTap
        for _ in 0..<(isWhole ? 1 : o.depth / taps) {
            for _ in 0..<steps {
                if A == 1 {
                    lanes_prefetch_far(ahead)
                    ahead += lineElements / 2
                }
                step(&t, o.field + Int(offsets.pointee), places, b)
                b += N * V.scalarCount
                offsets += 1
            }
            b += unseen * N * V.scalarCount
            offsets += unseen
        }
        guard let rows = o.rows else {
            return Tile<V, R, N>.finish(t, o.c + first * o.ldc, o.ldc, o.accumulate, tail: 0)
        }
        finish(t, o, rows + first)
        if run.twin != 0 { finish(t, o, rows + first + Int(run.twin)) }
    }

    @inline(__always) private static func finish(
        _ t: Registers, _ o: PixelOperands<Scalar>, _ rows: UnsafePointer<Int32>
    ) {
        if o.accumulate {
            for r in 0..<R {
                let c = o.c + Int(rows[r]) * o.ldc
                for j in 0..<N {
                    let p = c + j * V.scalarCount
                    store(V.sum(load(p), t[r][j]), p)
                }
            }
        } else {
            for r in 0..<R {
                let c = o.c + Int(rows[r]) * o.ldc
                for j in 0..<N { store(t[r][j], c + j * V.scalarCount) }
            }
        }
    }

    @inline(__always) private static var lineElements: Int { 64 / MemoryLayout<Scalar>.stride }

    @inline(__always) private static func start(_ channels: UnsafePointer<Scalar>?) -> Registers {
        var t = Registers(repeating: .init(repeating: .zero))
        if let channels {
            for r in 0..<R { for j in 0..<N { t[r][j] = load(channels + j * V.scalarCount) } }
        }
        return t
    }

    @inline(__always) private static func step(
        _ t: inout Registers, _ row: UnsafePointer<Scalar>, _ places: InlineArray<R, Int>,
        _ b: UnsafePointer<Scalar>
    ) {
        var weights = InlineArray<N, V>(repeating: .zero)
        for j in 0..<N { weights[j] = load(b + j * V.scalarCount) }
        for r in 0..<R {
            let value = V(repeating: row[places[r]])
            for j in 0..<N { t[r][j] = V.muladd(value, weights[j], t[r][j]) }
        }
    }
}

/// Tiles of pixels, as many vectors wide as is asked for.
enum PixelFamily<V: KernelVector> {
    typealias Scalar = V.Scalar

    static var mostPixels: Int {
        #if AVX512
        7
        #else
        4
        #endif
    }
    static var mostVectors: Int {
        #if AVX512 || AVX2 || arch(arm64)
        3
        #else
        2
        #endif
    }

    static func sum(_ o: PixelOperands<Scalar>) {
        #if AVX512 || AVX2 || arch(arm64)
        if o.vectors == 3 { return sum(o, Panel<3>.self) }
        #endif
        if o.vectors == 2 {
            sum(o, Panel<2>.self)
        } else {
            sum(o, Panel<1>.self)
        }
    }

    @inline(__always) private static func sum<let N: Int>(
        _ o: PixelOperands<Scalar>, _ panel: Panel<N>.Type
    ) {
        let lineElements = 64 / MemoryLayout<Scalar>.stride
        var row = 0, line = 0
        for run in o.tiles {
            if let ahead = o.ahead, row < ahead.rows {
                sum(
                    o, run, ahead: ahead.first + row * ahead.rowPitch + line * lineElements, panel,
                    Ahead<1>.self)
                let seen = Int(run.endTap - run.firstTap)
                line += max(1, o.depth / o.taps * seen / 2)
                if line >= ahead.rowLines { (row, line) = (row + 1, 0) }
            } else {
                sum(o, run, ahead: o.b, panel, Ahead<0>.self)
            }
        }
    }

    @inline(__always) private static func sum<let N: Int, let A: Int>(
        _ o: PixelOperands<Scalar>, _ run: PixelRun, ahead: UnsafePointer<Scalar>,
        _: Panel<N>.Type, _ asks: Ahead<A>.Type
    ) {
        #if AVX512
        switch run.count {
        case 7: PixelTile<V, 7, N>.sum(o, run, ahead: ahead, asks)
        case 6: PixelTile<V, 6, N>.sum(o, run, ahead: ahead, asks)
        case 5: PixelTile<V, 5, N>.sum(o, run, ahead: ahead, asks)
        default: PixelTile<V, 4, N>.sum(o, run, ahead: ahead, asks)
        }
        #else
        switch run.count {
        case 4: PixelTile<V, 4, N>.sum(o, run, ahead: ahead, asks)
        case 3: PixelTile<V, 3, N>.sum(o, run, ahead: ahead, asks)
        default: PixelTile<V, 2, N>.sum(o, run, ahead: ahead, asks)
        }
        #endif
    }
}
